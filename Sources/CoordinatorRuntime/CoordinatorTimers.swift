internal import NIOCore

/// The running timers of a coordinator, on its event loop.
///
/// A session timer is moved with every heartbeat and commit. Moving one later only writes down the new deadline; the
/// scheduled task finds out when it fires, and schedules itself for the rest. So a task is made once per session
/// timeout, not once per request.
struct CoordinatorTimers<Timer: Hashable & Sendable> {
    private struct Entry {
        var deadline: NIODeadline
        var taskDeadline: NIODeadline
        var task: Scheduled<Void>
    }

    private let eventLoop: any EventLoop
    private let fire: @Sendable (Timer) -> Void
    private var entries: [Timer: Entry] = [:]

    /// - Parameter fire: called on the loop when a task is due; it asks `expire` whether the timer is.
    init(eventLoop: any EventLoop, fire: @escaping @Sendable (Timer) -> Void) {
        self.eventLoop = eventLoop
        self.fire = fire
    }

    var count: Int { self.entries.count }

    mutating func start(_ timer: Timer, after delay: Duration) {
        let deadline = self.eventLoop.now + TimeAmount(delay)
        if let index = self.entries.index(forKey: timer) {
            if self.entries.values[index].taskDeadline <= deadline {
                self.entries.values[index].deadline = deadline
                return
            }
            self.entries.values[index].task.cancel()
        }
        self.schedule(timer, deadline)
    }

    mutating func cancel(_ timer: Timer) {
        self.entries.removeValue(forKey: timer)?.task.cancel()
    }

    mutating func cancelAll() {
        for entry in self.entries.values { entry.task.cancel() }
        self.entries = [:]
    }

    /// A task fired: whether its timer is over. If not, the rest is scheduled.
    mutating func expire(_ timer: Timer) -> Bool {
        guard let entry = self.entries[timer] else { return false }
        guard entry.deadline <= self.eventLoop.now else {
            self.schedule(timer, entry.deadline)
            return false
        }
        self.entries[timer] = nil
        return true
    }

    private mutating func schedule(_ timer: Timer, _ deadline: NIODeadline) {
        let fire = self.fire
        let task = self.eventLoop.scheduleTask(deadline: deadline) { fire(timer) }
        self.entries[timer] = Entry(deadline: deadline, taskDeadline: deadline, task: task)
    }
}
