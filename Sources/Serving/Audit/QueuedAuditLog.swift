package import Model
internal import Synchronization
internal import Text
package import Threads

/// Writes events as lines of JSON on a thread of its own, so that no event loop waits for a disk.
///
/// Events wait in a bounded queue. When it is full, an event is left out and counted; the count is written as a line as
/// soon as there is room. Refusals are limited per client address (`AuditLimiter`).
package final class QueuedAuditLog: AuditLog {
    /// Appends whole lines. Blocking; called on the log's thread.
    package typealias Sink = @Sendable (_ lines: [UInt8]) -> Void

    private struct State {
        var events: [(event: AuditEvent, time: Timestamp)] = []
        var lost = 0
        var limiter = AuditLimiter()
        var isSleeping = false
        var isShutDown = false

        /// What the thread does after it has written.
        enum Next {
            case again
            /// At most so many milliseconds, when refusals were left out.
            case wait(Int64?)
            case end
        }

        struct Batch {
            var events: [(event: AuditEvent, time: Timestamp)]
            var omissions: [AuditLimiter.Omission]
            var lost: Int
            var next: Next
        }

        mutating func take(at now: Int64) -> Batch {
            var batch = Batch(events: [], omissions: [], lost: self.lost, next: .again)
            swap(&batch.events, &self.events)
            self.lost = 0
            batch.omissions = self.isShutDown ? self.limiter.end() : self.limiter.windowEnded(at: now)
            if self.isShutDown {
                batch.next = .end
            } else if batch.events.isEmpty {
                self.isSleeping = true
                let wait = self.limiter.hasOmissions ? max(1, self.limiter.deadline - now) : nil
                batch.next = .wait(wait)
            }
            return batch
        }

        /// - Returns: whether the thread sleeps and must be woken.
        mutating func wake() -> Bool {
            defer { self.isSleeping = false }
            return self.isSleeping
        }
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let wake: any ThreadSemaphore
        init(wake: any ThreadSemaphore) { self.wake = wake }
    }

    /// Events that wait for the thread at most.
    package static let eventsMax = 8_192

    private let shared: Shared
    private let thread: any RunningThread
    private let now: @Sendable () -> Timestamp
    private let monotonicMilliseconds: @Sendable () -> Int64

    /// - Parameters:
    ///   - now: wall clock, milliseconds since the Unix epoch.
    ///   - sink: where the lines go.
    package init(
        now: @escaping @Sendable () -> Timestamp,
        monotonicMilliseconds: @escaping @Sendable () -> Int64,
        on scheduler: any ThreadScheduler = SystemThreads.shared,
        sink: @escaping Sink
    ) {
        let shared = Shared(wake: scheduler.makeSemaphore())
        self.shared = shared
        self.now = now
        self.monotonicMilliseconds = monotonicMilliseconds
        self.thread = scheduler.start(name: "audit") {
            var json = JSONLine()
            while Self.writeNext(shared, &json, now, monotonicMilliseconds, sink) {}
        }
    }

    package var isEnabled: Bool { true }

    package func record(_ event: AuditEvent) {
        let time = self.now()
        let monotonic = self.monotonicMilliseconds()
        let mustWake = self.shared.state.withLock { state -> Bool in
            if event.isLimited, !state.limiter.refused(event.session?.remote.host ?? "", at: monotonic) {
                return state.wake()
            }
            guard state.events.count < Self.eventsMax, !state.isShutDown else {
                state.lost += 1
                return false
            }
            state.events.append((event, time))
            return state.wake()
        }
        if mustWake { self.shared.wake.signal() }
    }

    /// Writes what waits and ends the thread. Call it once.
    package func shutdown() {
        let mustWake = self.shared.state.withLock { state -> Bool in
            state.isShutDown = true
            return state.wake()
        }
        if mustWake { self.shared.wake.signal() }
        self.thread.join()
    }

    /// - Returns: `false` when the log has ended.
    private static func writeNext(
        _ shared: Shared,
        _ json: inout JSONLine,
        _ now: () -> Timestamp,
        _ monotonicMilliseconds: () -> Int64,
        _ sink: Sink
    ) -> Bool {
        let monotonic = monotonicMilliseconds()
        let batch = shared.state.withLock { $0.take(at: monotonic) }
        json.removeAll()
        for (event, time) in batch.events { AuditLine.write(event, time: time, to: &json) }
        if !batch.omissions.isEmpty || batch.lost > 0 {
            let time = now()
            for omission in batch.omissions { AuditLine.write(omission, time: time, to: &json) }
            if batch.lost > 0 { AuditLine.writeLoss(of: batch.lost, time: time, to: &json) }
        }
        if !json.bytes.isEmpty { sink(json.bytes) }
        switch batch.next {
        case .again: return true
        case .end: return false
        case .wait(nil): shared.wake.wait()
        case .wait(let milliseconds?): _ = shared.wake.wait(nanosecondsMax: milliseconds * 1_000_000)
        }
        return true
    }
}
