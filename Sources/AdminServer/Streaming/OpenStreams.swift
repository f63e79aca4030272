internal import Synchronization

/// The streams that are open: bounds how many there are, since each keeps a connection and a task, and ends them all
/// when the server goes down.
final class OpenStreams: Sendable {
    private struct State {
        var signals: [ObjectIdentifier: StreamSignal] = [:]
        var isClosed = false
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Streams that are open.
    var count: Int { self.state.withLock { $0.signals.count } }

    /// - Returns: `false` when there are too many, or the server is going down. Else call `left` once.
    func enter(_ signal: StreamSignal) -> Bool {
        self.state.withLock { state in
            guard !state.isClosed, state.signals.count < self.limit else { return false }
            state.signals[ObjectIdentifier(signal)] = signal
            return true
        }
    }

    func left(_ signal: StreamSignal) {
        self.state.withLock { $0.signals[ObjectIdentifier(signal)] = nil }
    }

    /// Ends every stream; no further ones begin.
    func close() {
        let signals = self.state.withLock { state in
            state.isClosed = true
            return Array(state.signals.values)
        }
        for signal in signals { signal.end() }
    }
}
