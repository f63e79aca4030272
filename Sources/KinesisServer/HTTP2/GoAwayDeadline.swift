internal import NIOCore
internal import NIOHTTP2

/// Ends a connection whose client does not answer the PING behind a GOAWAY.
///
/// NIO's management handler ends an idle connection, and one whose client does not answer a keep-alive PING, by
/// GOAWAY and PING. It waits for the answer without limit, as requests may be on their way. A client that is gone never
/// answers, and one that means ill need not. After the answer a second GOAWAY names the last stream; from then on the
/// streams' own idle time is the bound.
///
/// Lies before the management handler, so that it sees what that one writes.
final class GoAwayDeadline: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    /// - Parameter limit: how long a client has to answer.
    init(_ limit: TimeAmount) { self.limit = limit }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .goAway(let lastStreamID, _, _) = self.unwrapOutboundIn(data).payload {
            self.timer?.cancel()
            self.timer = nil
            // The first of the two takes every stream, as the client may just have opened one.
            if lastStreamID == .maxID {
                self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: self.limit) {
                    context.close(promise: nil)
                }
            }
        }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.timer?.cancel()
        self.timer = nil
        context.fireChannelInactive()
    }
}
