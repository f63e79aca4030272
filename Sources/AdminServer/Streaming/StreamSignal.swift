internal import NIOCore
internal import Synchronization

/// Wakes one stream: when there is something to send, when its time is over, when its connection ends.
///
/// ```
///  idle ── wake ──► woken ── wait ──► idle (at once)
///  idle ── wait ──► waiting ── wake, time ──► idle
///  any  ── end ───► ended (for good)
/// ```
final class StreamSignal: Sendable {
    private enum State {
        case idle
        case woken
        case waiting(CheckedContinuation<Bool, Never>, number: UInt64)
        case ended
    }

    private let eventLoop: any EventLoop
    private let state = Mutex((state: State.idle, waits: UInt64(0)))

    /// - Parameter eventLoop: its clock is the stream's.
    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    var isEnded: Bool {
        self.state.withLock { state in
            if case .ended = state.state { true } else { false }
        }
    }

    func wake() {
        let waiting = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
            switch state.state {
            case .idle: state.state = .woken
            case .woken, .ended: break
            case .waiting(let continuation, _):
                state.state = .idle
                return continuation
            }
            return nil
        }
        waiting?.resume(returning: true)
    }

    func end() {
        let waiting = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
            defer { state.state = .ended }
            guard case .waiting(let continuation, _) = state.state else { return nil }
            return continuation
        }
        waiting?.resume(returning: false)
    }

    /// One at a time: two that wait are a mistake of ours.
    ///
    /// - Returns: whether it was woken.
    func wait(_ time: TimeAmount) async -> Bool {
        var timer: Scheduled<Void>?
        let isWoken = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            enum Next {
                case resume(Bool)
                case wait(UInt64)
            }
            let next = self.state.withLock { state -> Next in
                switch state.state {
                case .idle:
                    state.waits += 1
                    state.state = .waiting(continuation, number: state.waits)
                    return .wait(state.waits)
                case .woken:
                    state.state = .idle
                    return .resume(true)
                case .ended: return .resume(false)
                case .waiting: preconditionFailure("two wait for one stream")
                }
            }
            switch next {
            case .resume(let isWoken): continuation.resume(returning: isWoken)
            case .wait(let number): timer = self.eventLoop.scheduleTask(in: time) { self.timeIsOver(number) }
            }
        }
        timer?.cancel()
        return isWoken
    }

    private func timeIsOver(_ number: UInt64) {
        let waiting = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard case .waiting(let continuation, number) = state.state else { return nil }
            state.state = .idle
            return continuation
        }
        waiting?.resume(returning: false)
    }
}
