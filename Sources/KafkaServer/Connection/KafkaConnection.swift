internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Logging
internal import NIOCore
internal import Serving

/// One client connection: frames in, responses out in the order of the requests.
///
/// Lives on the channel's event loop. Requests are started in order (so that produce keeps its order) and may finish
/// in any; at most `requestsMax` are in flight, and none is started while the client does not read its responses.
/// Beyond that the socket is not read, which is the client's back-pressure. A produce request that comes while the log
/// cannot keep up is held, and the socket with it, until the log is relieved; what was started before goes on.
final class KafkaConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Requests of one connection that may be in flight. Kafka has one; clients pipeline five produce requests.
    static let requestsMax = 64

    private let services: Services
    private let metrics: BrokerMetrics.Face
    private let logger: Logger
    private let listener: String

    private var context: ChannelHandlerContext?
    private var frames: FrameDecoder
    private var responses = ResponseQueue()
    private var pending = PendingRequests()
    private var pendingTimer: NIOScheduledCallback?
    private var deadlineHandler: DeadlineHandler?
    private var parkedFetch: ParkedFetch?
    /// A fetch has not been answered.
    private var fetching: ResponseQueue.Ticket?
    private var isFetching: Bool { self.fetching != nil }
    /// The fetch request that is being started.
    private(set) var fetchBody = ByteBuffer()
    private var isReadHeldBack = false
    /// A produce request that waits for the log, or a fetch that waits for memory.
    private var heldFrame: ByteBuffer?
    private var memory: ConnectionMemoryUse
    private let idleTimer: IdleTimer
    private var isAwaitingRelief = false
    private var isProcessing = false
    private var isClosing = false
    /// No more requests are started; the connection closes when the last answer is out.
    private var isQuiescing = false
    private var needsFlush = false
    /// Something was written that the socket may not take at once.
    private var answersAreLarge = false
    private var session: Session?

    init(services: Services, listener: String, frameBytesMax: Int, idleTime: TimeAmount, logger: Logger) {
        self.services = services
        self.listener = listener
        self.idleTimer = IdleTimer(limit: idleTime)
        self.metrics = services.broker.metrics.kafka
        self.logger = logger
        let memory = services.broker.memory
        self.frames = FrameDecoder(frameBytesMax: min(frameBytesMax, memory.requestBytesMax))
        self.memory = ConnectionMemoryUse(of: memory)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.connected(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.connected(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosing = true
        self.context = nil
        self.metrics.connections.add(-1)
        self.heldFrame = nil
        self.memory.close()
        self.unpark()
        self.idleTimer.stop()
        self.pendingTimer?.cancel()
        self.deadlineHandler = nil
        for cancel in self.pending.closed() { cancel() }
        context.fireChannelInactive()
    }

    private func connected(_ context: ChannelHandlerContext) {
        guard self.session == nil else { return }
        self.session = Session(listener: self.listener, of: context.channel)
        self.deadlineHandler = DeadlineHandler(self, on: context.eventLoop)
        self.metrics.connections.add(1)
        self.metrics.connectionsAccepted.add()
        self.idleTimer.start(on: context.eventLoop) { self.seemsIdle() }
    }

    /// Closes an idle connection. One with a request in flight, which is a long poll or a rebalance, is none, and one
    /// whose answer goes out slowly is none either.
    private func seemsIdle() {
        guard let context, self.responses.count == 0, self.heldFrame == nil else { return }
        if !self.idleTimer.isTaking(context.channel) { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isClosing else { return }
        self.idleTimer.activity()
        let before = self.frames.arrivedBytes
        self.frames.append(self.unwrapInboundIn(data))
        self.metrics.bytesReceived.add(self.frames.arrivedBytes - before)
        self.process()
        self.admitRequest()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.flushIfNeeded()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.mayStartRequest, self.heldFrame == nil, !self.memory.isWaiting {
            context.read()
        } else {
            self.isReadHeldBack = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.countMemory()
        if context.channel.isWritable { self.process() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            self.isQuiescing = true
            self.closeIfQuiet()
        case let event as ChannelEvent where event == .inputClosed:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.logger.debug(
            "connection failed",
            metadata: ["client": "\(self.session?.remote.host ?? "")", "error": "\(error)"]
        )
        context.close(promise: nil)
    }

    // MARK: Reading the socket

    var isBetweenFrames: Bool { self.frames.isBetweenFrames }

    /// See `FrameDecoder.receiveBuffer`. NIO hands the buffer to `channelRead` once it has read something.
    func receiveBuffer(available: Int, length: Int32?) -> ByteBuffer {
        if let length, !self.memory.admits(Int(length)) {
            // A few bytes, so that the decoder learns of the frame; the rest stays in the socket.
            return self.frames.receiveBuffer(available: 0, length: nil)
        }
        return self.frames.receiveBuffer(available: available, length: length)
    }

    /// Reads a large request on only when there is memory for all of it, so that requests which have begun can end.
    private func admitRequest() {
        guard let eventLoop = self.context?.eventLoop, !self.isClosing else { return }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        self.memory.requestClaims(self.frames.claimedBytes, on: eventLoop) { bound.value.memoryRelieved() }
        self.watchForStall()
    }

    private func memoryRelieved() {
        guard !self.isClosing, self.memory.isWaiting else { return }
        self.memory.stopWaiting()
        self.admitRequest()
        self.process()
        self.flushIfNeeded()
    }

    /// Counts what the connection holds for its client; and has it closed if that stays so while others wait for it.
    private func countMemory() {
        guard let context, self.answersAreLarge || self.responses.readyBytes > 0 || self.memory.answerBytes > 0
        else { return }
        self.answersAreLarge = false
        self.memory.count(answers: self.responses.readyBytes + context.channel.unsentBytes)
        self.watchForStall()
    }

    private func watchForStall() {
        guard self.memory.bytes >= ConnectionMemoryUse.stallBytesMin, !self.memory.isWatched else { return }
        self.memory.isWatched = true
        self.lookForStall(after: self.memoryProgress)
    }

    /// Changes whenever the client sends or takes something.
    private var memoryProgress: Int { self.frames.arrivedBytes &- self.memory.bytes }

    private func lookForStall(after progress: Int) {
        guard let eventLoop = self.context?.eventLoop else { return }
        eventLoop.assumeIsolated().scheduleTask(in: ConnectionMemoryUse.stallTime) {
            guard !self.isClosing else { return }
            self.countMemory()
            guard self.memory.bytes >= ConnectionMemoryUse.stallBytesMin else {
                self.memory.isWatched = false
                return
            }
            if self.memory.isAwaited, self.memoryProgress == progress {
                self.close(
                    .stalled,
                    because: "it holds \(self.memory.bytes) bytes, does not move and others wait (--memory-limit)"
                )
                return
            }
            self.lookForStall(after: self.memoryProgress)
        }
    }

    // MARK: Requests

    private var mayStartRequest: Bool {
        !self.isClosing && !self.isQuiescing && self.responses.count < Self.requestsMax
            && (self.context?.channel.isWritable ?? false)
    }

    private func process() {
        // An answer given at once calls back into here; the loop below goes on anyway.
        guard !self.isProcessing else { return }
        self.isProcessing = true
        defer { self.isProcessing = false }
        while self.mayStartRequest {
            do throws(FrameDecoder.Violation) {
                // `??` would lose the type of the error.
                var next = self.heldFrame.take()
                if next == nil { next = try self.frames.next() }
                guard let frame = next else { break }
                if self.mustHold(frame) {
                    self.hold(frame)
                    break
                }
                self.start(frame)
            } catch {
                self.close(for: error)
            }
        }
        if self.mayStartRequest, self.heldFrame == nil, !self.memory.isWaiting, self.isReadHeldBack {
            self.isReadHeldBack = false
            self.context?.read()
        }
    }

    private func mustHold(_ frame: ByteBuffer) -> Bool {
        switch frame.getInteger(at: frame.readerIndex, as: Int16.self) {
        case APIKey.produce.rawValue: self.services.broker.engine.isCongested
        // One at a time, as Kafka does with all requests: several at once would hold several answers.
        case APIKey.fetch.rawValue: self.isFetching || self.memory.isExhausted
        default: false
        }
    }

    /// Keeps a request until the log can take it: refusing it would make the client send it again, and a producer
    /// without idempotence might then change the order of its records.
    private func hold(_ frame: ByteBuffer) {
        self.heldFrame = frame
        guard let eventLoop = self.context?.eventLoop, !self.isAwaitingRelief else { return }
        let isProduce = frame.getInteger(at: frame.readerIndex, as: Int16.self) == APIKey.produce.rawValue
        // The end of the fetch under way looks at a second one again.
        if !isProduce, self.isFetching { return }
        self.isAwaitingRelief = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        if isProduce {
            self.services.broker.engine.onRelief(on: eventLoop) { bound.value.relieved() }
        } else {
            self.services.broker.memory.onRelief(on: eventLoop) { bound.value.relieved() }
        }
    }

    private func relieved() {
        self.isAwaitingRelief = false
        self.process()
        self.flushIfNeeded()
    }

    private func close(for violation: FrameDecoder.Violation) {
        guard case .length(let length, let limit) = violation else {
            self.close(.lostRead, because: "a read of the socket was lost")
            return
        }
        // The first four bytes of another protocol, read as a length.
        let bytes = withUnsafeBytes(of: length.bigEndian) { Array($0) }
        if let advice = ProtocolHint(firstBytes: bytes)?.adviceOnKafkaPort {
            self.close(.wrongProtocol, because: advice)
        } else {
            self.close(.frameLength, because: "a frame of \(length) bytes; socket.request.max.bytes is \(limit)")
        }
    }

    private func start(_ frame: ByteBuffer) {
        guard let context, let session else { return }
        var body = frame
        do {
            let header = try RequestHeader.decode(from: &body)
            let info = RequestInfo(header: header, session: session)
            guard let api = ServedAPI.api(header.apiKey) else {
                self.close(.notServed, because: "API \(header.apiKey) (key \(header.apiKey.rawValue)) is not served")
                return
            }
            guard api.versions.contains(header.apiVersion) else {
                if header.apiKey == .apiVersions {
                    self.answerUnsupportedAPIVersions(info, on: context)
                } else {
                    self.close(
                        .notServed,
                        because: "version \(header.apiVersion) of \(header.apiKey) is not served "
                            + "(\(api.versions.lowerBound) to \(api.versions.upperBound) are)"
                    )
                }
                return
            }
            let refusal = self.refusal(of: api, info, bytes: frame.readableBytes)
            let ticket = self.responses.requestArrived()
            if header.apiKey == .fetch {
                self.fetching = ticket
                if refusal == nil, self.resumeFetch(body, info, ticket) { return }
            }
            try api.start(&body, info, self, ticket, context.eventLoop, self.services, refusal)
            self.fetchBody = ByteBuffer()
        } catch {
            self.close(.malformed, because: "malformed request: \(error)")
        }
    }

    private func refusal(of api: ServedAPI, _ info: RequestInfo, bytes: Int) -> ErrorCode? {
        let request = GateRequest(
            session: info.session,
            operation: api.name,
            clientID: info.clientID,
            bytes: bytes
        )
        switch self.services.gate.decide(request) {
        case .permit, .throttle: return nil
        case .refuse(let reason): return ErrorCode(reason, of: api.key)
        }
    }

    /// Goes on with the fetch that last found nothing, if this asks for the same; it ends that one otherwise.
    private func resumeFetch(_ body: ByteBuffer, _ info: RequestInfo, _ ticket: ResponseQueue.Ticket) -> Bool {
        guard let eventLoop = self.context?.eventLoop else { return false }
        if let parked = self.parkedFetch.take() {
            let call = Call<FetchResponse>(
                info: info,
                services: self.services,
                eventLoop: eventLoop,
                connection: self,
                ticket: ticket
            )
            if parked.goOn(body, call) {
                self.parkedFetch = parked
                return true
            }
            parked.operation.cancel()
        }
        self.fetchBody = body
        return false
    }

    private func unpark() {
        self.parkedFetch?.operation.cancel()
        self.parkedFetch = nil
    }

    /// Keeps a fetch that found nothing for the next request, which is likely to be the same.
    func park(_ fetch: ParkedFetch) {
        if self.parkedFetch?.operation !== fetch.operation { self.unpark() }
        if self.isClosing {
            fetch.operation.cancel()
        } else {
            self.parkedFetch = fetch
        }
    }

    /// A client that is newer than this server learns in version 0 what is served (KIP-511).
    private func answerUnsupportedAPIVersions(_ info: RequestInfo, on context: ChannelHandlerContext) {
        var header = info.header
        header.apiVersion = 0
        let ticket = self.responses.requestArrived()
        self.answer(ticket, with: ApiVersionsAPI.unsupportedVersion(), to: header)
    }

    // MARK: Responses

    /// - Returns: the frame, if it is one buffer.
    @discardableResult
    func answer(
        _ ticket: ResponseQueue.Ticket,
        with response: some KafkaResponse,
        to header: RequestHeader
    ) -> ByteBuffer? {
        guard let context, !self.isClosing else { return nil }
        let parts = OutputParts.frame(
            response,
            correlationID: header.correlationID,
            version: header.apiVersion,
            into: context.channel.allocator.buffer(capacity: 256)
        )
        let buffers = parts.buffers()
        self.finish(ticket, with: buffers)
        return buffers.count == 1 ? buffers[0] : nil
    }

    /// Answers with a frame that was encoded for an earlier request of the same version.
    func answer(_ ticket: ResponseQueue.Ticket, withFrame frame: ByteBuffer, to header: RequestHeader) {
        guard self.context != nil, !self.isClosing else { return }
        var frame = frame
        // Copies: the earlier one may still be on its way.
        frame.setInteger(header.correlationID, at: frame.readerIndex + 4)
        self.finish(ticket, with: [frame])
    }

    func answerNothing(_ ticket: ResponseQueue.Ticket) {
        guard self.context != nil, !self.isClosing else { return }
        self.finish(ticket, with: nil)
    }

    func onClose(of ticket: ResponseQueue.Ticket, _ cancel: @escaping @Sendable () -> Void) {
        self.pending.onClose(of: ticket, cancel)
    }

    func onDeadline(_ deadline: NIODeadline, of ticket: ResponseQueue.Ticket, _ expire: @escaping @Sendable () -> Void)
    {
        guard !self.isClosing else { return }
        if let next = self.pending.onDeadline(deadline, of: ticket, expire) { self.setTimer(next) }
    }

    private func setTimer(_ deadline: NIODeadline) {
        self.pendingTimer?.cancel()
        guard let eventLoop = self.context?.eventLoop, let handler = self.deadlineHandler else { return }
        // Fails on a loop that is shutting down, with which the connection goes too.
        self.pendingTimer = try? eventLoop.scheduleCallback(at: deadline, handler: handler)
    }

    private func deadlineCame() {
        let (expired, next) = self.pending.timerFired(now: self.pending.timerDeadline ?? .now())
        self.pendingTimer = nil
        if let next { self.setTimer(next) }
        for expire in expired { expire() }
    }

    /// A callback of the event loop, unlike a task, makes no promise each time.
    private final class DeadlineHandler: NIOScheduledCallbackHandler, Sendable {
        private let connection: NIOLoopBound<KafkaConnection>

        init(_ connection: KafkaConnection, on eventLoop: any EventLoop) {
            self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
        }

        func handleScheduledCallback(eventLoop: some EventLoop) { self.connection.value.deadlineCame() }
    }

    private func finish(_ ticket: ResponseQueue.Ticket, with parts: [ByteBuffer]?) {
        guard let context else { return }
        self.pending.answered(ticket)
        if self.fetching == ticket { self.fetching = nil }
        self.responses.finished(ticket, with: parts)
        self.metrics.requests.add()
        if self.responses.readyBytes > ConnectionMemory.countedFrom { self.answersAreLarge = true }
        while let ready = self.responses.next() {
            for part in ready {
                self.metrics.bytesSent.add(part.readableBytes)
                if part.readableBytes > ConnectionMemory.countedFrom { self.answersAreLarge = true }
                context.write(self.wrapOutboundOut(part), promise: nil)
            }
            self.needsFlush = true
        }
        self.idleTimer.activity()
        // Answers given while requests are being read are flushed together when the read completes.
        if !self.isProcessing {
            self.flushIfNeeded()
            self.process()
            self.flushIfNeeded()
            self.countMemory()
            self.closeIfQuiet()
        }
    }

    private func closeIfQuiet() {
        guard self.isQuiescing, self.responses.count == 0 else { return }
        self.context?.close(promise: nil)
    }

    private func flushIfNeeded() {
        guard self.needsFlush else { return }
        self.needsFlush = false
        self.context?.flush()
        self.countMemory()
    }

    func close(_ kind: ConnectionLog.Kind, because reason: @autoclosure () -> String) {
        guard let context, !self.isClosing else { return }
        self.isClosing = true
        self.metrics.requestsFailed.add()
        self.services.log.warn(kind, reason(), client: self.session?.remote.host ?? "", on: context.eventLoop)
        context.close(promise: nil)
    }
}
