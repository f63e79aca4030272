internal import NIOCore
internal import NIOHTTP1

/// A request as it is sent.
struct HTTPRequestMessage: Sendable {
    var method: String
    /// Path and query.
    var target: String
    var headers: [(name: String, value: String)]
    /// Sent as they are, one after the other, as fast as the connection takes them.
    var body: [ByteBuffer] = []
    /// The largest body of an answer that is taken.
    var answerBytesMax: Int
}

/// The answer to a request.
struct HTTPAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: ByteBuffer
}
