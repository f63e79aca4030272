package import Model
package import NIOCore

/// Asks other brokers of the cluster for something that Kafka's protocol has no request for: bytes there, bytes back,
/// on the listener between brokers.
package protocol PeerCalls: Sendable {
    /// - Parameters:
    ///   - limit: when there is no answer by then the call fails.
    ///   - completion: called once, on `eventLoop`.
    func call(
        _ broker: BrokerID,
        _ request: ByteBuffer,
        within limit: TimeAmount,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<ByteBuffer, PeerCallError>) -> Void
    )
}

/// Why a call has no answer.
package struct PeerCallError: Error, Sendable, Equatable {
    /// The other broker may have carried it out all the same.
    package var mayHaveRun: Bool
    package var message: String

    package init(mayHaveRun: Bool, _ message: String) {
        self.mayHaveRun = mayHaveRun
        self.message = message
    }
}

/// Answers the calls of other brokers about one subject.
package protocol PeerService: Sendable {
    /// - Parameters:
    ///   - request: without the byte that names the subject. Another broker of the cluster made it, perhaps of another
    ///     version.
    ///   - eventLoop: the connection's, on which this is called.
    ///   - respond: called once, on any thread.
    func answer(
        _ request: ByteBuffer,
        on eventLoop: any EventLoop,
        respond: @escaping @Sendable (ByteBuffer) -> Void
    )
}

/// What a call is about: its first byte.
package enum PeerSubject: UInt8, Sendable, CaseIterable {
    /// Requests of the Kinesis port that another broker is to carry out.
    case kinesis = 1
    /// Shards that are closed at the broker which leads their partition.
    case shards = 2
}
