internal import Synchronization
internal import Threads

/// A thread that derives keys of passwords: PBKDF2 takes milliseconds, by design, and no event loop waits for it.
///
/// The thread starts with the first job. At most `jobsMax` jobs wait; what comes on top is refused, and the connection
/// that asked is closed without a verdict, so that its client tries again.
package final class PasswordHasher: Sendable {
    package typealias Job = @Sendable () -> Void

    private enum State {
        case idle
        case running(IOThread<Job>)
        case ended
    }

    /// Four seconds of work, about, at 4096 iterations.
    package static let jobsMax = 1024

    private let state = Mutex(State.idle)
    private let jobsMax: Int

    package init(jobsMax: Int = PasswordHasher.jobsMax) { self.jobsMax = jobsMax }

    /// - Returns: `false`: the job does not run.
    package func submit(_ job: @escaping Job) -> Bool {
        let thread = self.state.withLock { state -> IOThread<Job>? in
            switch state {
            case .idle:
                let thread = IOThread<Job>(name: "passwords", capacity: self.jobsMax) { jobs in
                    for job in jobs { job() }
                }
                state = .running(thread)
                return thread
            case .running(let thread): return thread
            case .ended: return nil
            }
        }
        return thread?.submit(job) ?? false
    }

    /// Runs a job and waits for its result without a thread.
    ///
    /// - Returns: `nil`: too much is waiting, or the server ends.
    package func run<Value: Sendable>(_ job: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let isAccepted = self.submit { continuation.resume(returning: job()) }
            if !isAccepted { continuation.resume(returning: nil) }
        }
    }

    /// Carries out what waits and ends the thread. Jobs that come later are refused.
    package func shutdown() {
        let thread = self.state.withLock { state -> IOThread<Job>? in
            defer { state = .ended }
            if case .running(let thread) = state { return thread }
            return nil
        }
        thread?.shutdown()
    }
}
