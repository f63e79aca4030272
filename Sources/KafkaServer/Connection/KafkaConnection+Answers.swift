internal import Broker
internal import KafkaProtocol
internal import NIOCore
internal import ServerTLS
internal import Serving

// Answers to requests, and what happens to a request that gets none in time.

extension KafkaConnection {
    /// - Returns: the frame, if it is one buffer.
    @discardableResult
    func answer(
        _ ticket: RequestTicket,
        with response: some KafkaResponse,
        to info: RequestInfo
    ) -> ByteBuffer? {
        guard !self.core.isClosed else { return nil }
        guard self.quotas.isLimitingRequests else { return self.write(response, ticket, info) }
        let isOutermost = self.loopTime.begin(now: .now())
        defer { if isOutermost { self.loopTime.end() } }
        let pause = self.answerBegins(info, already: response.throttleTimeMs)
        guard pause != response.throttleTimeMs else { return self.write(response, ticket, info) }
        var response = response
        response.throttleTimeMs = pause
        return self.write(response, ticket, info)
    }

    private func write(_ response: some KafkaResponse, _ ticket: RequestTicket, _ info: RequestInfo) -> ByteBuffer? {
        guard let context else { return nil }
        let parts = OutputParts.frame(
            response,
            correlationID: info.header.correlationID,
            version: info.header.apiVersion,
            into: context.channel.allocator.buffer(capacity: 256)
        )
        let buffers = parts.buffers()
        self.count(info)
        self.countErrors(of: response, info)
        self.finish(ticket, with: buffers)
        return buffers.count == 1 ? buffers[0] : nil
    }

    /// Answers with a frame that was encoded for an earlier request of the same version.
    func answer(_ ticket: RequestTicket, withFrame frame: ByteBuffer, to info: RequestInfo) {
        guard !self.core.isClosed else { return }
        self.isAnswerCharged = false
        var frame = frame
        // Copies: the earlier one may still be on its way.
        ResponseHeader.setCorrelationID(info.header.correlationID, ofFrame: &frame)
        self.count(info)
        self.finish(ticket, with: [frame])
    }

    /// - Parameter info: `nil` of what is not a request of an API.
    func answerNothing(_ ticket: RequestTicket, to info: RequestInfo?) {
        guard !self.core.isClosed else { return }
        self.dropTimeUsed()
        if let info { self.count(info) }
        self.finish(ticket, with: nil)
    }

    /// Counts a request that is answered, by its API.
    private func count(_ info: RequestInfo) {
        self.stripe?.answered(Int(info.header.apiKey.rawValue), nanoseconds: (.now() - info.arrived).nanoseconds)
    }

    /// Counts each error code of an answer once, however many parts of the answer have it.
    private func countErrors(of response: some KafkaResponse, _ info: RequestInfo) {
        var seen = ErrorCodeSet()
        response.forEachError { code in
            guard seen.insert(code) else { return }
            self.metrics.requestMetrics.failed(Int(info.header.apiKey.rawValue), code: Int(code.rawValue))
        }
    }

    func finish(_ ticket: RequestTicket, with parts: [ByteBuffer]?) {
        self.core.requestFinished(ticket, answer: parts)
        self.metrics.requests.add()
        self.writeAnswers()
        self.idleTimer.activity()
        // Answers given while requests are being taken are flushed together, when the read completes.
        self.advance()
    }

    /// Writes the answers whose turn it is.
    func writeAnswers() {
        guard let context else { return }
        while let parts = self.core.nextAnswer() {
            for part in parts {
                self.metrics.bytesSent.add(part.readableBytes)
                self.core.wrote(part.readableBytes)
                if self.isEncrypted {
                    self.paced.append(part)
                } else {
                    context.write(self.wrapOutboundOut(part), promise: nil)
                }
            }
            self.hasUnflushed = true
        }
    }

    func flush() {
        guard self.hasUnflushed else { return }
        self.hasUnflushed = false
        if self.isEncrypted { self.writePaced() } else { self.context?.flush() }
    }

    // MARK: Deadlines

    func onClose(of ticket: RequestTicket, _ cancel: @escaping @Sendable () -> Void) {
        self.core.onClose(of: ticket, cancel)
    }

    func onDeadline(_ deadline: NIODeadline, of ticket: RequestTicket, _ expire: @escaping @Sendable () -> Void) {
        if let next = self.core.onDeadline(deadline, of: ticket, expire) { self.setTimer(next) }
    }

    private func setTimer(_ deadline: NIODeadline) {
        self.deadlineTimer?.cancel()
        guard let eventLoop = self.context?.eventLoop, let handler = self.deadlineHandler else { return }
        // Fails on a loop that is shutting down, with which the connection goes too.
        self.deadlineTimer = try? eventLoop.scheduleCallback(at: deadline, handler: handler)
    }

    fileprivate func deadlineCame() {
        let (expired, next) = self.core.deadlineCame(now: .now())
        self.deadlineTimer = nil
        if let next { self.setTimer(next) }
        for expire in expired { expire() }
    }

    /// A callback of the event loop, unlike a task, makes no promise each time.
    final class DeadlineHandler: NIOScheduledCallbackHandler, Sendable {
        private let connection: NIOLoopBound<KafkaConnection>

        init(_ connection: KafkaConnection, on eventLoop: any EventLoop) {
            self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
        }

        func handleScheduledCallback(eventLoop: some EventLoop) { self.connection.value.deadlineCame() }
    }
}

/// The error codes of one answer. Bounded: what is beyond the codes that there are counts as one.
private struct ErrorCodeSet {
    private var words = InlineArray<4, UInt64>(repeating: 0)

    /// - Returns: whether the code is new.
    mutating func insert(_ code: ErrorCode) -> Bool {
        let index = min(max(0, Int(code.rawValue) + 1), 255)
        let bit = UInt64(1) << UInt64(index % 64)
        defer { self.words[index / 64] |= bit }
        return self.words[index / 64] & bit == 0
    }
}
