internal import NIOCore

/// Matches responses to the calls that wait for them, on the connection's event loop.
///
/// A response to no request, a timeout and anything malformed end the connection: what follows could not be
/// trusted. Calls that were given up keep their place, so that their late response is recognised and dropped.
final class CallHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Call {
        case waiting(EventLoopPromise<ByteBuffer>, Scheduled<Void>)
        case abandoned
    }

    private let address: BrokerAddress
    private var calls: [Int32: Call] = [:]
    private var nextCorrelationID: Int32 = 0
    private var context: ChannelHandlerContext?
    /// Why the connection ended.
    private var failure: ClientError?

    init(address: BrokerAddress) {
        self.address = address
    }

    var isOpen: Bool { self.context != nil && self.failure == nil }

    /// Takes the correlation ID of the next request.
    func makeCorrelationID() -> Int32 {
        self.nextCorrelationID = self.nextCorrelationID == .max ? 0 : self.nextCorrelationID + 1
        return self.nextCorrelationID
    }

    /// Sends a request whose response completes `promise` with the frame after the correlation ID.
    func call(
        _ frame: ByteBuffer,
        correlationID: Int32,
        timeout: TimeAmount,
        promise: EventLoopPromise<ByteBuffer>
    ) {
        guard let context, self.failure == nil else {
            promise.fail(self.failure ?? self.lost())
            return
        }
        let timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.timedOut(correlationID) }
        self.calls[correlationID] = .waiting(promise, timer)
        context.writeAndFlush(Self.wrapOutboundOut(frame), promise: nil)
    }

    /// Sends a request that has no response; `promise` completes when its bytes are with the kernel.
    func post(_ frame: ByteBuffer, promise: EventLoopPromise<Void>) {
        guard let context, self.failure == nil else {
            promise.fail(self.failure ?? self.lost())
            return
        }
        context.writeAndFlush(Self.wrapOutboundOut(frame), promise: promise)
    }

    /// The caller does not wait for this response any more.
    func abandon(_ correlationID: Int32) {
        guard case .waiting(let promise, let timer) = self.calls[correlationID] else { return }
        self.calls[correlationID] = .abandoned
        timer.cancel()
        promise.fail(CancellationError())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end(self.lost())
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var frame = Self.unwrapInboundIn(data)
        guard let correlationID = frame.readInteger(as: Int32.self),
            let call = self.calls.removeValue(forKey: correlationID)
        else {
            self.end(self.malformed("it answered a request that was not sent"))
            return
        }
        if case .waiting(let promise, let timer) = call {
            timer.cancel()
            promise.succeed(frame)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let bad = error as? ResponseDecoder.BadLength {
            self.end(
                self.malformed(bad.looksLikeTLS ? "it speaks TLS; see --tls" : "a response claims \(bad.length) bytes")
            )
        } else {
            self.end(ClientError(.connectionLost, "the connection to \(self.address) failed: \(error)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(self.lost())
    }

    private func timedOut(_ correlationID: Int32) {
        guard case .waiting = self.calls[correlationID] else { return }
        self.end(ClientError(.timedOut, "\(self.address) did not answer in time; see whether it is overloaded"))
    }

    /// Fails every call and closes; the first reason stays.
    private func end(_ reason: ClientError) {
        guard self.failure == nil else { return }
        self.failure = reason
        let calls = self.calls
        self.calls = [:]
        for case .waiting(let promise, let timer) in calls.values {
            timer.cancel()
            promise.fail(reason)
        }
        self.context?.close(promise: nil)
    }

    private func lost() -> ClientError {
        ClientError(.connectionLost, "the connection to \(self.address) was closed; see the server's log")
    }

    private func malformed(_ what: String) -> ClientError {
        ClientError(
            .malformedResponse,
            "\(self.address) does not speak Kafka's protocol (\(what)); give the address of a Kafka listener"
        )
    }
}
