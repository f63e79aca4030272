internal import NIOCore
internal import NIOHTTP1

/// How requests come in and answers go out in one version of HTTP: the part of a transport that differs between them.
///
/// Writes what it is told to and decides nothing. A class, as writing calls back into its handler.
protocol AnswerWire: AnyObject, SendableMetatype {
    /// Whether it carries one stream of several on a connection, and so one request.
    static var isStream: Bool { get }

    /// A part of a request came in.
    func received(_ part: HTTPServerRequestPart)

    /// Invites the client to send the body that it has announced.
    func writeContinue(isHTTP10: Bool, _ context: ChannelHandlerContext)

    /// Begins an answer.
    ///
    /// - Parameter bodyRoom: how much of the body will be appended to what is returned, in bytes.
    /// - Returns: what the first bytes of the body are to be appended to.
    func begin(_ head: ResponseHead, bodyRoom: Int, _ context: ChannelHandlerContext) -> ByteBuffer

    /// Writes part of the body, behind what `begin` returned. Nothing is flushed.
    func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext)

    /// Writes a part of a body whose length nobody knows. Nothing is flushed.
    func writePart(_ bytes: ByteBuffer, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext)

    /// Writes the last of the body and ends the answer. Flushes.
    func end(_ bytes: ByteBuffer, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext)

    /// Closes once the client has taken what was written.
    func closeAfterWrites(_ context: ChannelHandlerContext)

    /// What came is not HTTP: answers so. Flushes.
    func refuseMalformed(_ context: ChannelHandlerContext)

    /// What was written and the client has not taken, in bytes.
    func unsentBytes(_ context: ChannelHandlerContext) -> Int
}
