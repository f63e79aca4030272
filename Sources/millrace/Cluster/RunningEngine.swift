internal import LogCore
internal import LogFiles
internal import Synchronization

/// What the process asks of its engine, beside what the broker does.
struct RunningEngine: Sendable {
    /// Appended and not where it is to be in the end.
    var unwrittenBytes: @Sendable () -> Int
    /// Why nothing can be acknowledged any more; `nil` while it can.
    var failure: @Sendable () -> String?
    /// Calls the observer once, when nothing can be acknowledged any more.
    var onFailure: @Sendable (@escaping @Sendable (String) -> Void) -> Void
    var close: @Sendable () throws(LogError) -> Void
}

extension RunningEngine {
    init(_ engine: FileLogEngine) {
        self.init(
            unwrittenBytes: { Int(engine.unwrittenBytes) },
            failure: { engine.failure },
            onFailure: { engine.onFailure($0) },
            close: { () throws(LogError) in try engine.close() }
        )
    }
}

/// Why the engine of a broker in a cluster stopped, and who is to hear of it.
final class EngineFailure: Sendable {
    private struct State {
        var reason: String?
        var observers: [@Sendable (String) -> Void] = []
    }

    private let state = Mutex(State())

    var reason: String? { self.state.withLock { $0.reason } }

    func failed(_ reason: String) {
        let observers = self.state.withLock { state -> [@Sendable (String) -> Void] in
            if state.reason != nil { return [] }
            state.reason = reason
            defer { state.observers = [] }
            return state.observers
        }
        for observer in observers { observer(reason) }
    }

    /// Calls the observer once: at once, if it has failed already.
    func observe(_ observer: @escaping @Sendable (String) -> Void) {
        let reason = self.state.withLock { state in
            if state.reason == nil { state.observers.append(observer) }
            return state.reason
        }
        if let reason { observer(reason) }
    }
}
