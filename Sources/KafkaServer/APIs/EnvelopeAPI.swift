internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Serving

/// Envelope (key 58), version 0: what other brokers of the cluster ask of this one (`PeerServices`). It is listed
/// and answered on the listener for brokers only.
enum EnvelopeAPI: KafkaAPI {
    typealias Request = EnvelopeRequest
    typealias Response = EnvelopeResponse

    /// Calls do not wait for those before them: some wait for a commit.
    static var requestClass: RequestClass { .append }

    static func start(_ request: EnvelopeRequest, _ call: Call<EnvelopeResponse>) {
        // As with WriteTxnMarkers: a listener that is configured has principals with a right of their own.
        let isBroker =
            call.session.principal == .broker
            || (call.broker.authorizer.isEnabled && call.info.rights.allowsOnCluster(.clusterAction))
        guard isBroker else {
            return call.closeConnection(.notServed, because: "Envelope (key 58) is for brokers of the cluster")
        }
        call.broker.peers.answer(request.requestData, on: call.eventLoop) { answer in
            call.eventLoop.execute { call.answer(EnvelopeResponse(responseData: answer)) }
        }
    }

    /// `start` looks at the principal.
    static func authorize(_ request: inout EnvelopeRequest, _ access: Access) -> Authorization<EnvelopeResponse> {
        .granted
    }

    static func acts(_ request: EnvelopeRequest, _ response: EnvelopeResponse) -> [AuditedAct]? { nil }

    static func errorResponse(to request: EnvelopeRequest, _ error: ErrorCode, version: Int16) -> EnvelopeResponse? {
        EnvelopeResponse(errorCode: error)
    }
}
