internal import Synchronization

/// Bounds how many connections are open at a time.
final class ConnectionCount: Sendable {
    private let count = Atomic<Int>(0)

    /// Counts one in, unless `limit` are in already.
    func enter(limit: Int) -> Bool {
        if self.count.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        self.leave()
        return false
    }

    func leave() {
        self.count.wrappingSubtract(1, ordering: .relaxed)
    }
}
