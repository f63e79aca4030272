internal import Broker
internal import KinesisProtocol
internal import Model
internal import NIOCore
internal import Quotas
internal import Serving

// What requests use of the quotas of their principal (decision 0052): the same ones that Kafka clients have. There is
// no answer of this protocol that tells a client to pause, so a request beyond a quota is refused, as AWS refuses it.

extension KinesisExchange {
    /// Who is charged: the principal, and the access key in place of a client ID.
    static func quotaClient(_ session: Session, _ caller: Caller) -> QuotaClient {
        QuotaClient(user: session.principal.name, clientID: caller.accessKeyID)
    }

    /// A request is about to be carried out.
    ///
    /// - Returns: what it is refused with.
    func quotaRefusal(of request: KinesisRequest, _ client: QuotaClient, _ quotas: ClientQuotas) -> KinesisError? {
        let kind: QuotaKind
        var bytes = 0
        switch request.operation {
        case .putRecord, .putRecords:
            kind = .producerByteRate
            bytes = request.body.readableBytes
        case .getRecords, .subscribeToShard:
            // What it brings is known, and charged, when it is there.
            kind = .consumerByteRate
        default: return nil
        }
        let pause = quotas.admit(Double(bytes), of: kind, to: client)
        return pause > 0 ? .quotaExceeded(kind, of: client, milliseconds: pause) : nil
    }

    /// A GetRecords was answered.
    func charge(_ body: AnswerBody, of request: KinesisRequest, to client: QuotaClient, _ quotas: ClientQuotas) {
        guard request.operation == .getRecords, let bytes = body.byteCount else { return }
        _ = quotas.used(Double(bytes), of: .consumerByteRate, by: client)
    }
}

extension KinesisError {
    /// SDKs try again, later each time.
    static func quotaExceeded(_ kind: QuotaKind, of client: QuotaClient, milliseconds: Int64) -> KinesisError {
        KinesisError(
            .provisionedThroughputExceeded,
            "Rate exceeded for User:\(client.user): its quota \(kind.rawValue) is used up for \(milliseconds) ms."
        )
    }
}
