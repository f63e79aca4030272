internal import NIOCore
internal import NIOHTTP1

/// NIO's HTTP/1.1 parser, which also parses what follows a request that asks for an upgrade.
///
/// `curl --http2` and Java's `HttpClient` send `Upgrade: h2c` with their first request. A server may ignore that
/// (RFC 9110, 7.8), and this one does. NIO's parser however takes everything behind such a request for another
/// protocol and stops, for good. So it is replaced after such a request.
final class HTTP1RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    private enum State {
        case parsing
        /// In a request after which the parser stops.
        case inUpgrade
        /// The parser has stopped.
        case stopped
    }

    private var parser = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
    private var state = State.parsing

    /// The receiver has got a part. The parser gives it during `decode`, and past this decoder.
    func parsed(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head) where Self.stopsParser(head): self.state = .inUpgrade
        case .end where self.state == .inUpgrade: self.state = .stopped
        case .head, .body, .end: break
        }
    }

    /// As llhttp decides it: `Upgrade` and the token `upgrade` in `Connection`, or the method CONNECT.
    static func stopsParser(_ head: HTTPRequestHead) -> Bool {
        if head.method == .CONNECT { return true }
        guard head.headers.contains(name: "upgrade") else { return false }
        return head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        let outcome = try self.parser.decode(context: context, buffer: &buffer)
        guard self.state == .stopped else { return outcome }
        self.state = .parsing
        self.parser.decoderRemoved(context: context)
        self.parser = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
        self.parser.decoderAdded(context: context)
        return buffer.readableBytes > 0 ? .continue : .needMoreData
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try self.parser.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }

    func decoderAdded(context: ChannelHandlerContext) { self.parser.decoderAdded(context: context) }
    func decoderRemoved(context: ChannelHandlerContext) { self.parser.decoderRemoved(context: context) }
}
