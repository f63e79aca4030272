internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One call on its HTTP/2 stream: its messages as they come, then its status, once.
///
/// Lives on the connection's event loop.
final class GRPCCallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload

    private let onMessage: (ByteBuffer) -> Void
    private let onEnd: (GRPCStatus) -> Void
    private var frames: GRPCFrames
    private var isDone = false

    init(
        messageBytesMax: Int,
        onMessage: @escaping (ByteBuffer) -> Void,
        onEnd: @escaping (GRPCStatus) -> Void
    ) {
        self.frames = GRPCFrames(messageBytesMax: messageBytesMax)
        self.onMessage = onMessage
        self.onEnd = onEnd
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .headers(let headers): self.received(headers.headers, isLast: headers.endStream, context: context)
        case .data(let data):
            guard !self.isDone, case .byteBuffer(let bytes) = data.data else { return }
            self.frames.append(bytes)
            do throws(GRPCFrames.Malformed) {
                while let message = try self.frames.next() { self.onMessage(message) }
            } catch {
                self.finish(.disconnected(error.reason))
                context.close(promise: nil)
                return
            }
            if data.endStream { self.finish(.disconnected("the answer ended without a status")) }
        case .rstStream(let code): self.finish(.disconnected("the server reset the call (\(code))"))
        default: break
        }
    }

    private func received(_ headers: HPACKHeaders, isLast: Bool, context: ChannelHandlerContext) {
        if let code = headers.first(name: ":status"), code != "200" {
            self.finish(.disconnected("the server answered with HTTP status \(code)"))
            context.close(promise: nil)
        } else if isLast {
            let status = GRPCStatus(
                code: headers.first(name: "grpc-status"),
                message: headers.first(name: "grpc-message")
            )
            self.finish(status.code == .ok && self.frames.isInsideMessage ? .disconnected("a message is cut") : status)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.finish(.disconnected("\(error)"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(.disconnected("the connection ended"))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.finish(.disconnected("the connection ended")) }

    /// The stream could not be opened, so that nothing else will be called.
    func failedToOpen(_ error: any Error) { self.finish(.disconnected("\(error)")) }

    private func finish(_ status: GRPCStatus) {
        guard !self.isDone else { return }
        self.isDone = true
        self.onEnd(status)
    }
}
