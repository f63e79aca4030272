internal import NIOCore
internal import NIOHTTP1
internal import Serving

// From parts of requests to exchanges.

extension ExchangeHandler {
    /// Takes what came meanwhile, as far as the core lets requests begin, and reads the socket on.
    func takeArrivals() {
        guard self.turn == .outside, let context = self.context else { return }
        self.turn = .takingArrivals
        while self.core.takesInput, let arrival = self.arrivals.popFirst() {
            switch arrival {
            case .part(let part):
                if case .body(let bytes) = part { self.arrivedBytes -= bytes.readableBytes }
                self.take(part, context)
            case .malformed: self.refuseMalformed(context)
            }
        }
        self.turn = .outside
        if self.arrivals.isEmpty, self.core.resumeReading() { context.read() }
    }

    func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            guard self.messages.headReceived(MessageMachine.Request(head)) else { return }
            self.incoming = IncomingBody(head)
            self.exchange.begin(head)
            guard self.messages.isReceiving else { return }
            self.claimMemory(context)
            if self.messages.isReceiving, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                self.wire.writeContinue(isHTTP10: head.version == .http1_0, context)
            }
        case .body(let bytes):
            switch self.messages.bodyReceived(bytes.readableBytes) {
            case .pass:
                self.incoming.received(bytes.readableBytes)
                self.exchange.receive(bytes)
                if self.messages.isReceiving { self.claimMemory(context) }
            case .drop: break
            case .close: context.close(promise: nil)
            }
        case .end:
            switch self.messages.endReceived() {
            case .pass:
                self.start(bytes: self.incoming.claimedBytes)
                self.exchange.end()
            case .drop: break
            case .close: context.close(promise: nil)
            }
        }
    }

    /// A request begins. All of its memory stays counted until it is answered: the records of a put are copied out of
    /// its body.
    ///
    /// - Parameter bytes: of its body.
    func start(bytes: Int) {
        let action = self.core.requestArrived(.control, bytes: bytes, obstacle: nil)
        guard case .start(let ticket) = action else { preconditionFailure("a part was taken while none may be") }
        self.ticket = ticket
    }

    private func refuseMalformed(_ context: ChannelHandlerContext) {
        switch self.messages.malformedReceived() {
        case .answer:
            self.exchange.cancel()
            self.wire.refuseMalformed(context)
            self.carryOut(self.core.quiesce())
        case .close: context.close(promise: nil)
        case .drop: break
        }
    }
}
