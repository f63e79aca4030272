internal import Model
internal import NIOCore
internal import Serving
internal import Synchronization
internal import Threads

/// How busy the event loops are: the CPU time of their threads, and how late a task runs that asks for a certain time.
/// Looks at each loop once a second.
final class EventLoopProbe: Sendable {
    private static let interval = TimeAmount.seconds(1)

    private final class Watched: Sendable {
        let number: Int
        let eventLoop: any EventLoop
        /// Of its thread, as it was last looked at.
        let cpuNanoseconds = Atomic<UInt64>(0)
        let isLast = Atomic<Bool>(false)

        init(number: Int, eventLoop: any EventLoop) {
            self.number = number
            self.eventLoop = eventLoop
        }
    }

    private let watched: [Watched]
    private let delays = DurationHistogram()

    init(_ group: any EventLoopGroup) {
        self.watched = group.makeIterator().enumerated().map { Watched(number: $0.offset, eventLoop: $0.element) }
    }

    /// Looks until `stop`, or until the loops shut down.
    func start() {
        for loop in self.watched { self.look(at: loop, after: loop.eventLoop.now + Self.interval) }
    }

    func stop() {
        for loop in self.watched { loop.isLast.store(true, ordering: .relaxed) }
    }

    private func look(at loop: Watched, after deadline: NIODeadline) {
        guard !loop.isLast.load(ordering: .relaxed) else { return }
        loop.eventLoop.scheduleTask(deadline: deadline) {
            let now = NIODeadline.now()
            self.delays.record(nanoseconds: (now - deadline).nanoseconds)
            loop.cpuNanoseconds.store(SystemTime.threadNanoseconds, ordering: .relaxed)
            self.look(at: loop, after: now + Self.interval)
        }
    }

    func write(into metrics: inout MetricsText) {
        metrics.family(
            "millrace_eventloop_busy_seconds_total",
            "CPU time of each event loop's thread; its rate is the part of the time in which the loop works.",
            .counter
        )
        for loop in self.watched {
            metrics.value("loop=\"\(loop.number)\"", Double(loop.cpuNanoseconds.load(ordering: .relaxed)) / 1e9)
        }
        metrics.family(
            "millrace_eventloop_delay_seconds",
            "How much later than asked for a task of an event loop runs, looked at once a second on each.",
            .histogram
        )
        metrics.histogram("", self.delays.counts)
    }
}
