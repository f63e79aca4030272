internal import Synchronization

/// Runs the control plane's actors on one thread of their own, so that opening partitions and other blocking file
/// work holds up neither an event loop nor Swift's shared pool.
package final class ControlExecutor: SerialExecutor {
    /// Jobs are continuations of awaiting callers. A connection has one control request under way (decision 0019), so
    /// there are never more than `max.connections` allows, a few each; the bound is there to fail loudly where that is
    /// broken, since a continuation cannot be refused.
    private static let jobsMax = 1 << 20

    private let thread: IOThread<Work>

    private enum Work: Sendable {
        case job(UnownedJob, UnownedSerialExecutor)
    }

    package init(name: String) {
        self.thread = IOThread(name: name, capacity: Self.jobsMax) { batch in
            for case .job(let job, let executor) in batch {
                job.runSynchronously(on: executor)
            }
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let accepted = self.thread.submit(.job(UnownedJob(job), self.asUnownedSerialExecutor()))
        precondition(accepted, "the control plane's queue is full or closed")
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }
}
