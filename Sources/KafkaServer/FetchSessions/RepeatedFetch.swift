internal import KafkaProtocol
internal import NIOCore

/// Knows a fetch request again, to answer an idle consumer, which sends the same twice a second, without looking at
/// its partitions.
///
/// Without a session the request must ask for the same of the same partitions, in any order; one that is the same
/// to the byte is not even decoded. With a session it must change nothing: only its epoch counts on. Sans-IO.
struct RepeatedFetch {
    enum Comparison {
        case same
        /// The same partitions in another order: positions in the first request.
        case reordered([Int])
        /// The next request of the session, which changes nothing.
        case sameSession(epoch: Int32)
        /// Another request, or one that cannot be compared.
        case other(FetchRequest)
    }

    /// A request larger than this is not kept.
    static let bodyBytesMax = 256 << 10

    private let version: Int16
    /// The request without its header, in memory of its own.
    private let body: ByteBuffer
    private let request: FetchRequest
    private let usesSession: Bool
    private var partitions: AskedPartitions

    /// - Parameters:
    ///   - body: the request as it came, without its header.
    ///   - sessionID: of the session that it belongs to, or has opened; 0 for none.
    ///   - asked: every partition that it reads.
    /// - Returns: `nil` for a request that cannot be repeated, or is too large to be kept for it.
    init?(_ request: FetchRequest, _ body: ByteBuffer, version: Int16, sessionID: Int32, asked: [FetchAPI.Asked]) {
        guard body.readableBytes > 0, body.readableBytes <= Self.bodyBytesMax else { return nil }
        let changesNothing = request.topics.isEmpty && request.forgottenTopics.isEmpty
        // The request after one that opens or changes a session is another.
        if sessionID != 0, !changesNothing || request.sessionID != sessionID { return nil }
        self.version = version
        self.body = ByteBuffer(bytes: body.readableBytesView)
        self.request = request
        self.usesSession = sessionID != 0
        self.partitions = AskedPartitions(asked)
    }

    /// Compares the next request of the connection with this one.
    ///
    /// - Throws: `WireError` when it cannot be decoded.
    mutating func compare(with body: ByteBuffer, version: Int16) throws(WireError) -> Comparison {
        if !self.usesSession, version == self.version, body == self.body { return .same }
        var rest = body
        let next = try FetchRequest.decode(from: &rest, version: version)
        guard version == self.version else { return .other(next) }
        if self.usesSession {
            return next == self.request.inEpoch(next.sessionEpoch)
                ? .sameSession(epoch: next.sessionEpoch) : .other(next)
        }
        guard next.forgottenTopics.isEmpty, next.withoutTopics == self.request.withoutTopics,
            let order = self.partitions.order(of: next.topics)
        else { return .other(next) }
        return .reordered(order)
    }
}

extension FetchRequest {
    fileprivate func inEpoch(_ epoch: Int32) -> FetchRequest {
        var request = self
        request.sessionEpoch = epoch
        return request
    }

    fileprivate var withoutTopics: FetchRequest {
        var request = self
        request.topics = []
        return request
    }
}
