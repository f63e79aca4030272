internal import Logging
internal import NIOCore
internal import Serving

// Answers on their way out: long bodies in chunks while the client takes them (decision 0011).

/// A longer body is not copied behind its head.
private let copiedBodyBytesMax = 8 << 10
/// After so many chunks of an answer other connections get their turn.
private let chunksPerTurn = 4

extension ExchangeHandler: ExchangeTransport {
    func send(_ answer: Answer) {
        self.share.adoptAnswer(answer.countedBytes)
        guard let context = self.context, context.channel.isActive, !self.core.isClosed else { return }
        let byteCount = answer.body.byteCount
        guard let plan = self.messages.answerBegan(hasLength: byteCount != nil, isLast: self.core.isEnding) else {
            return
        }
        // A request that is refused while its body comes has not begun.
        if self.ticket == nil { self.start(bytes: 0) }
        if let ticket { self.core.answerBegan(ticket) }
        let bodyBytes = byteCount ?? 0
        let copied = bodyBytes <= copiedBodyBytesMax ? bodyBytes : 0
        let head = ResponseHead(
            status: answer.status,
            isHTTP10: plan.isHTTP10,
            contentType: answer.contentType,
            framing: plan.framing,
            contentLength: bodyBytes,
            closes: plan.closes,
            crossOrigin: answer.crossOrigin,
            fields: answer.headers
        )
        var start = self.wire.begin(head, bodyRoom: copied, context)
        self.count(written: bodyBytes)
        guard plan.hasBody else {
            if case .stream(let body) = answer.body { body.cancel() }
            self.writeLast(start, .length, context)
            return
        }
        switch answer.body {
        case .chunked(let body) where bodyBytes > 0:
            self.sending = .chunks(body)
            self.sendMore(after: start)
        case .stream(let body):
            self.sending = .stream(body, plan.framing)
            self.wire.write(start, context)
            self.sendMore()
        case .whole(let body) where bodyBytes > copied:
            self.wire.write(start, context)
            self.writeLast(body, .length, context)
        case .whole(let body):
            start.writeImmutableBuffer(body)
            self.writeLast(start, .length, context)
        case .chunked: self.writeLast(start, .length, context)
        }
    }

    private func count(written bytes: Int) {
        self.client.metrics.bytesSent.add(bytes)
        self.idleTimer.activity()
    }

    /// Sends as much of a long answer as the client takes, but not all at once.
    ///
    /// - Parameter start: the head of the answer, before the first chunk.
    func sendMore(after start: ByteBuffer? = nil) {
        // Writing calls back when the socket takes no more, and when it does again.
        guard !self.isSending, let context = self.context else { return }
        self.isSending = true
        defer { self.isSending = false }
        switch self.sending {
        case .nothing: break
        case .chunks(let body): self.send(body, after: start, context)
        case .stream(let body, let framing): self.send(body, framing, context)
        }
    }

    private func send(_ body: any ChunkedBody, after start: ByteBuffer?, _ context: ChannelHandlerContext) {
        var start = start
        for _ in 0..<chunksPerTurn {
            guard start != nil || context.channel.isWritable else { break }
            let chunk: ByteBuffer
            do throws(ChunkedBodyError) {
                chunk = try body.next(after: start.take() ?? ByteBuffer())
            } catch {
                self.client.logger.error("an answer was cut short", metadata: ["error": "\(error)"])
                context.close(promise: nil)
                return
            }
            if body.bytesLeft == 0 {
                self.endSending(with: chunk, .length, context)
                return
            }
            self.core.wrote(chunk.readableBytes)
            self.wire.write(chunk, context)
            // A head by itself goes out with what follows.
            if chunk.readableBytes > ResponseHead.bytesMax { context.flush() }
            // The client may be gone by now.
            guard case .chunks = self.sending else { return }
        }
        context.flush()
        self.countHoldings()
        self.continueSending(context)
    }

    private func send(_ body: any StreamedBody, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext) {
        for _ in 0..<chunksPerTurn {
            guard context.channel.isWritable else { break }
            switch body.next(ready: { [weak self] in self?.sendMore() }) {
            case .bytes(let bytes):
                self.count(written: bytes.readableBytes)
                self.core.wrote(bytes.readableBytes)
                self.wire.writePart(bytes, framing, context)
            case .later:
                context.flush()
                self.countHoldings()
                return
            case .end:
                self.endSending(with: ByteBuffer(), framing, context)
                return
            }
            // The client may be gone by now.
            guard case .stream = self.sending else { return }
        }
        context.flush()
        self.countHoldings()
        self.continueSending(context)
    }

    private func continueSending(_ context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.sendMore() }
    }

    private func endSending(
        with bytes: ByteBuffer,
        _ framing: ResponseHead.Framing,
        _ context: ChannelHandlerContext
    ) {
        self.sending = .nothing
        // The next request may be answered, at length, before this returns.
        self.isSending = false
        self.writeLast(bytes, framing, context)
    }

    /// Writes the end of an answer, and takes the next request.
    private func writeLast(_ bytes: ByteBuffer, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext) {
        self.core.wrote(bytes.readableBytes)
        let isLast = self.messages.answerEnded() == .close
        self.exchange.finished()
        if let ticket = self.ticket.take() {
            self.core.requestFinished(ticket, answer: nil)
            _ = self.core.nextAnswer()
        }
        self.wire.end(bytes, framing, context)
        // The client may be gone by now.
        guard !self.core.isClosed else { return }
        self.carryOut(isLast ? self.core.quiesce() : .stay)
        self.carryOut(self.core.endIfAnswered())
        self.countHoldings()
        self.takeArrivals()
    }
}
