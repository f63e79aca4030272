internal import Broker
internal import KafkaProtocol
internal import NIOCore

/// One fetch from its request to its answer, and through its repetitions by an idle consumer.
///
/// `FetchMachine` decides; this answers the call of the moment. Lives on the connection's event loop.
final class WaitingFetch: Sendable {
    enum Resumption {
        case resumed
        /// Another request, or something has come since: carry it out from the beginning.
        case other(FetchRequest)
    }

    private struct State {
        /// What is answered next; `nil` while nothing is owed.
        var call: Call<FetchResponse>?
        /// `nil`: the client cannot ask for the same again, or it is not worth keeping.
        var repeated: RepeatedFetch?
        /// `call` is not the first.
        var isRepetition = false
        /// What is answered when there is nothing again, encoded; `nil` with a session, which tells nothing twice.
        var idleFrame: ByteBuffer?
    }

    private let plan: FetchPlan
    private let operation: FetchOperation
    private let state: NIOLoopBoundBox<State>

    private init(_ plan: FetchPlan, _ call: Call<FetchResponse>) {
        self.plan = plan
        let state = NIOLoopBoundBox(State(call: call), eventLoop: call.eventLoop)
        self.state = state
        self.operation = FetchOperation(
            plan.targets,
            limits: plan.limits,
            engine: call.broker.engine,
            memory: call.broker.memory,
            on: call.eventLoop
        ) { outcomes, isKept in
            Self.answer(outcomes, isKept: isKept, plan, state)
        }
    }

    /// Looks up what a request reads; answers it at once when its session refuses it.
    ///
    /// - Returns: `nil` when it is answered.
    static func make(_ request: FetchRequest, _ call: Call<FetchResponse>) -> WaitingFetch? {
        do throws(FetchSessionCache.Refusal) {
            let (session, asked) = try FetchAPI.resolve(request, call)
            return WaitingFetch(FetchPlan(request, session: session, asked: asked, call), call)
        } catch {
            call.answer(FetchResponse(errorCode: FetchAPI.errorCode(error), sessionID: request.sessionID))
            return nil
        }
    }

    /// - Parameter body: the request as it came, without its header. It is kept only when the fetch has to wait.
    func start(_ body: ByteBuffer) {
        self.operation.start()
        guard let call = self.state.value.call else { return }
        self.state.value.repeated = RepeatedFetch(
            self.plan.request,
            body,
            version: call.version,
            sessionID: self.plan.session.id,
            asked: self.plan.asked
        )
        call.onDeadline(after: self.plan.limits.waitMax) { self.timeIsUp() }
    }

    /// Takes the connection's next request, if it is the same.
    ///
    /// - Throws: `WireError` when it cannot be decoded.
    func resume(_ body: ByteBuffer, _ call: Call<FetchResponse>) throws(WireError) -> Resumption {
        // With other rights it is looked at from the beginning.
        guard self.operation.isParked, call.info.rights === self.plan.rights else {
            return try Self.other(body, call)
        }
        var order: [Int]?
        switch try self.state.value.repeated?.compare(with: body, version: call.version) {
        case .same?: break
        case .reordered(let positions)?: order = positions
        case .sameSession(let epoch)?:
            do throws(FetchSessionCache.Refusal) {
                try call.services.fetchSessions.advance(
                    self.plan.session.id,
                    epoch: epoch,
                    usesTopicIDs: call.version >= 13,
                    now: call.broker.environment.monotonicMilliseconds()
                )
            } catch {
                // Carried out, it is refused for the same reason.
                return try Self.other(body, call)
            }
        case .other(let request)?: return .other(request)
        case nil: return try Self.other(body, call)
        }
        self.operation.resume(readingIn: order)
        self.state.value.call = call
        self.state.value.isRepetition = true
        call.onDeadline(at: Self.deadline(after: self.plan.limits.waitMax, .now())) { self.timeIsUp() }
        return .resumed
    }

    private static func other(_ body: ByteBuffer, _ call: Call<FetchResponse>) throws(WireError) -> Resumption {
        var body = body
        return .other(try FetchRequest.decode(from: &body, version: call.version))
    }

    /// Ends it without an answer: the connection is gone, or asks for something else.
    func cancel() {
        self.state.value.call = nil
        self.operation.cancel()
    }

    /// When to answer with nothing again: up to an eighth of the wait late, at a time that many connections have in
    /// common. They are then answered, and ask again, together, which wakes the event loop less often.
    static func deadline(after wait: TimeAmount, _ now: NIODeadline) -> NIODeadline {
        let exact = now + wait
        let grain = UInt64(max(1, wait.nanoseconds / 8))
        // Powers of two, so that waits of different lengths meet too.
        let step = UInt64(1) << (63 - UInt64(grain.leadingZeroBitCount))
        let (ahead, overflows) = exact.uptimeNanoseconds.addingReportingOverflow(step - 1)
        return overflows ? exact : .uptimeNanoseconds(ahead & ~(step - 1))
    }

    private func timeIsUp() {
        self.operation.timeIsUp(canRepeat: self.state.value.repeated != nil)
    }

    /// - Parameter isKept: nothing was found, and the operation waits on for the same request.
    private static func answer(
        _ outcomes: [FetchOutcome],
        isKept: Bool,
        _ plan: FetchPlan,
        _ state: NIOLoopBoundBox<State>
    ) {
        guard let call = state.value.call.take() else { return }
        // An answer may bring the next request in before it returns.
        call.connectionFetch.answered(isKept: isKept)
        let pause = call.pause(forRecordBytes: outcomes.reduce(0) { $0 + $1.recordBytes })
        if pause > 0 {
            call.answer(plan.throttledResponse(pause))
            return
        }
        if isKept, state.value.isRepetition {
            if let frame = state.value.idleFrame {
                call.answer(frame: frame)
                return
            }
            if plan.session.id != 0 {
                call.answer(FetchResponse(sessionID: plan.session.id))
                return
            }
        }
        let frame = call.answer(plan.response(to: outcomes, call))
        if isKept, plan.session.id == 0 { state.value.idleFrame = frame }
    }
}
