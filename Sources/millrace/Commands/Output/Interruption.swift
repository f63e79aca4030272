internal import Glibc
internal import Synchronization

/// Whether SIGINT or SIGTERM asked the command to end. The second one ends the process at once.
enum Interruption {
    private static let flag = Atomic<Bool>(false)

    static var isRequested: Bool { self.flag.load(ordering: .relaxed) }

    static func watch() {
        // Made here, because a signal handler must not run its lazy initialiser.
        self.flag.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }

    /// Runs `body`, cancelled when a signal comes; whether one came.
    static func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        self.watch()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await body()
                    return false
                } catch is CancellationError where Self.isRequested {
                    return true
                }
            }
            group.addTask {
                // A signal handler can do little more than set a flag.
                while !Self.isRequested { try await Task.sleep(for: .milliseconds(50)) }
                return true
            }
            var wasInterrupted = false
            do {
                wasInterrupted = try await group.next() ?? false
                group.cancelAll()
                while let more = try await group.next() { wasInterrupted = wasInterrupted || more }
            } catch is CancellationError {}
            return wasInterrupted
        }
    }
}
