internal import KinesisProtocol
internal import NIOCore
internal import NIOHTTP1

/// A request and its answer, apart from the transport that carries them: HTTP/1.1 has one at a time on a connection,
/// HTTP/2 will have one for each stream.
///
/// Lives on the event loop of its connection. The transport calls `begin`, `receive` any number of times, `end`, and
/// `finished` when it has written the whole answer; then the exchange may be used for another request. `cancel` may
/// come at any time and is the last call. The transport counts the memory of the body and, from `send` on, of the
/// answer.
protocol Exchange: AnyObject {
    /// A request has begun; its body follows, unless it is answered during this call.
    func begin(_ head: HTTPRequestHead)
    /// Part of the body.
    func receive(_ bytes: ByteBuffer)
    /// The body is whole.
    func end()
    /// The transport cannot take the body: the request is answered with an error.
    func refuse(_ error: KinesisError)
    /// The transport has taken the answer.
    func finished()
    /// The client has gone. The answer, if there is one, goes nowhere.
    func cancel()
}

/// What carries exchanges: takes their answers to the client.
protocol ExchangeTransport: AnyObject {
    /// Called once for each request: while its body still comes when it is refused, else after its `end`.
    func send(_ answer: Answer)
}
