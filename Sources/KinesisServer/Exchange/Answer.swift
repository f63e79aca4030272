internal import NIOCore

/// What an exchange answers, over any transport.
struct Answer {
    var status: Int
    /// Absent for bodies that are not of the API's encodings.
    var contentType: String?
    var body: AnswerBody
    var crossOrigin = ResponseHead.CrossOrigin.none
    /// Further fields of the head and their values: constants and numbers of ours.
    var headers: [(name: StaticString, value: String)] = []
    /// What is counted of the memory of all connections for this answer; the transport takes it over.
    var countedBytes = 0
}

/// The body of an answer. The transport takes it at the pace of its client.
enum AnswerBody {
    case whole(ByteBuffer)
    /// Of a length that is known from the start.
    case chunked(any ChunkedBody)
    /// Of a length that nobody knows: events, for as long as a subscription lasts.
    case stream(any StreamedBody)

    /// In bytes; `nil` when nobody knows it.
    var byteCount: Int? {
        switch self {
        case .whole(let body): body.readableBytes
        case .chunked(let body): body.byteCount
        case .stream: nil
        }
    }
}

/// The body of an answer that is longer than what is in memory of it: made chunk by chunk, while the client takes it.
///
/// Its length is known from the start, and nothing of it can fail any more except by a bug of ours.
protocol ChunkedBody: AnyObject {
    /// Of all chunks together.
    var byteCount: Int { get }
    /// What is still to come.
    var bytesLeft: Int { get }
    /// The memory that is held for what is still to come.
    var heldBytes: Int { get }

    /// The next chunk, behind what `start` holds already; it may be `start` alone. There must be bytes left.
    func next(after start: ByteBuffer) throws(ChunkedBodyError) -> ByteBuffer
}

/// A chunked body is not what it was measured to be. Its connection must be closed: the length has been sent.
struct ChunkedBodyError: Error, CustomStringConvertible {
    var description: String
}

/// The body of an answer that its source makes as things happen. Lives on the event loop of its connection.
protocol StreamedBody: AnyObject {
    /// The next part. Asked for only when the client takes it, which is the source's back-pressure.
    ///
    /// - Parameter ready: kept when the answer is `later`, and called once, on the connection's event loop, when there
    ///   is something or the end.
    func next(ready: @escaping () -> Void) -> StreamPart
    /// The memory that is held for what is still to come of the part under way.
    var heldBytes: Int { get }
    /// The server stops: the body is to end as soon as it can.
    func quiesce()
    /// The client has gone; nothing more is asked for.
    func cancel()
}

/// A part of a streamed body.
enum StreamPart {
    /// Not empty.
    case bytes(ByteBuffer)
    /// Nothing yet.
    case later
    case end
}
