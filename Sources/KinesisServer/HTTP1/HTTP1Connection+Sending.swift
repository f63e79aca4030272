internal import Logging
internal import NIOCore
internal import Serving

/// Answers on their way out: heads of our own, long bodies in chunks while the client takes them (decision 0011).
extension HTTP1Connection: ExchangeTransport {
    /// A longer body is not copied behind its head.
    private static let copiedBodyBytesMax = 8 << 10
    /// After so many chunks of an answer other connections get their turn.
    private static let chunksPerTurn = 4

    func send(_ answer: Answer) {
        guard let context = self.context, context.channel.isActive else { return }
        let byteCount = answer.body.byteCount
        guard let plan = self.machine.answerBegan(hasLength: byteCount != nil) else { return }
        let bodyBytes = byteCount ?? 0
        let copied = bodyBytes <= Self.copiedBodyBytesMax ? bodyBytes : 0
        var start = context.channel.allocator.buffer(capacity: ResponseHead.bytesMax + copied)
        ResponseHead(
            status: answer.status,
            isHTTP10: plan.isHTTP10,
            contentType: answer.contentType,
            framing: plan.framing,
            contentLength: bodyBytes,
            closes: plan.closes
        ).write(to: &start, ids: &self.ids, date: self.httpDate())
        self.client.metrics.bytesSent.add(bodyBytes)
        self.answerLeaves()
        guard plan.hasBody else {
            if case .stream(let body) = answer.body { body.cancel() }
            self.writeLast(start, context)
            return
        }
        switch answer.body {
        case .chunked(let body) where bodyBytes > 0:
            self.sending = .chunks(body)
            self.sendMore(after: start)
        case .stream(let body):
            self.sending = .stream(body, plan.framing)
            context.write(self.wrapOutboundOut(start), promise: nil)
            self.sendMore()
        case .whole(let body) where bodyBytes > copied:
            context.write(self.wrapOutboundOut(start), promise: nil)
            self.writeLast(body, context)
        case .whole(let body):
            start.writeImmutableBuffer(body)
            self.writeLast(start, context)
        case .chunked: self.writeLast(start, context)
        }
    }

    /// Sends as much of a long answer as the socket takes, but not all at once.
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
        for _ in 0..<Self.chunksPerTurn {
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
                self.endSending(with: chunk, context)
                return
            }
            self.exchange.answerAdvanced(heldBytes: body.heldBytes + chunk.readableBytes)
            context.write(self.wrapOutboundOut(chunk), promise: nil)
            // A head by itself goes out with what follows.
            if chunk.readableBytes > ResponseHead.bytesMax { context.flush() }
            // The client may be gone by now.
            guard case .chunks = self.sending else { return }
        }
        context.flush()
        self.watchForStall()
        self.continueSending(context)
    }

    private func send(
        _ body: any StreamedBody,
        _ framing: HTTP1Machine.AnswerPlan.Framing,
        _ context: ChannelHandlerContext
    ) {
        let isFramed = framing == .chunks
        for _ in 0..<Self.chunksPerTurn {
            guard context.channel.isWritable else { break }
            switch body.next(ready: { [weak self] in self?.sendMore() }) {
            case .bytes(let bytes):
                self.client.metrics.bytesSent.add(bytes.readableBytes)
                self.answerLeaves()
                if isFramed { context.write(self.wrapOutboundOut(ResponseHead.chunkStart(bytes)), promise: nil) }
                context.write(self.wrapOutboundOut(bytes), promise: nil)
                if isFramed {
                    context.write(self.wrapOutboundOut(ByteBuffer(staticString: ResponseHead.chunkEnd)), promise: nil)
                }
            case .later:
                context.flush()
                return
            case .end:
                let end = isFramed ? ByteBuffer(staticString: ResponseHead.lastChunk) : ByteBuffer()
                self.endSending(with: end, context)
                return
            }
            // The client may be gone by now.
            guard case .stream = self.sending else { return }
        }
        context.flush()
        self.continueSending(context)
    }

    private func continueSending(_ context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.sendMore() }
    }

    private func endSending(with bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        self.sending = .nothing
        // The next request may be answered, at length, before this returns.
        self.isSending = false
        self.writeLast(bytes, context)
    }

    /// Writes the end of an answer, and takes the next request.
    private func writeLast(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let count = bytes.readableBytes > Self.countedBytesMin ? bytes.readableBytes : 0
        let closes = self.machine.answerEnded() == .close
        self.exchange.finished()
        if count > 0 { self.countUnsent(count) }
        if count > 0 || closes {
            context.writeAndFlush(self.wrapOutboundOut(bytes)).assumeIsolated().whenComplete { _ in
                if count > 0 { self.countUnsent(-count) }
                if closes { context.close(promise: nil) }
            }
        } else {
            context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
        }
        self.takeArrivals()
    }
}
