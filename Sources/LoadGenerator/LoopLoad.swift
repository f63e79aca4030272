internal import NIOCore
internal import NIOPosix

/// A load that lives on one event loop. It completes its promise once.
protocol LoopLoad: AnyObject, SendableMetatype {
    associatedtype Outcome: Sendable

    var context: LoadContext<Outcome> { get }

    /// Begins; called on the loop.
    func begin()
    /// Lets go of connections and timers; may be called again.
    func close()
}

/// What every load has; used on its loop.
final class LoadContext<Outcome: Sendable> {
    let loop: any EventLoop
    let processes: ServerProcesses
    let progress: LoadProgress
    let watchdog: Watchdog
    let meter: LoadMeter
    /// `nil` once completed.
    fileprivate(set) var promise: EventLoopPromise<Outcome>?

    fileprivate init(
        loop: any EventLoop,
        processes: ServerProcesses,
        progress: @escaping LoadProgress,
        promise: EventLoopPromise<Outcome>
    ) {
        self.loop = loop
        self.processes = processes
        self.progress = progress
        self.watchdog = Watchdog(loop: loop)
        self.meter = LoadMeter(processes)
        self.promise = promise
    }
}

extension LoopLoad {
    var loop: any EventLoop { self.context.loop }
    var progress: LoadProgress { self.context.progress }
    var watchdog: Watchdog { self.context.watchdog }
    var meter: LoadMeter { self.context.meter }
    var isOver: Bool { self.context.promise == nil }

    /// Ends with what `outcome` gives; called on the loop.
    func conclude(_ outcome: () throws -> Outcome) {
        do {
            self.context.promise?.succeed(try outcome())
            self.context.promise = nil
            self.close()
        } catch {
            self.stop(error)
        }
    }

    /// Ends early with this error; called on the loop.
    func stop(_ error: any Error) {
        self.context.promise?.fail(error)
        self.context.promise = nil
        self.close()
    }
}

/// The one thread that a load uses: its state needs no lock, and it takes at most one core from the server that it
/// measures. On a machine with spare cores, start several processes.
enum LoadLoop {
    /// Runs a load to its end. A cancelled task ends it with `CancellationError`.
    static func run<Load: LoopLoad>(
        processes: ServerProcesses,
        progress: @escaping LoadProgress,
        _ make: @escaping @Sendable (LoadContext<Load.Outcome>) -> Load
    ) async throws -> Load.Outcome {
        try Task.checkCancellation()
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: Load.Outcome.self)
        let box = NIOLoopBoundBox<Load?>.makeEmptyBox(valueType: Load.self, eventLoop: loop)
        return try await withTaskCancellationHandler {
            loop.execute {
                let context = LoadContext(loop: loop, processes: processes, progress: progress, promise: promise)
                let load = make(context)
                box.value = load
                load.begin()
            }
            do {
                let outcome = try await promise.futureResult.get()
                loop.execute { box.value = nil }
                return outcome
            } catch {
                loop.execute { box.value = nil }
                throw error
            }
        } onCancel: {
            loop.execute { box.value?.stop(CancellationError()) }
        }
    }
}

/// Called a few times a second with what has been done so far: records and bytes of values.
package typealias LoadProgress = @Sendable (_ records: Int, _ bytes: Int) -> Void

/// Measures what a load takes from beginning to end: time, the server's CPU and our own.
final class LoadMeter {
    private let processes: ServerProcesses
    private var startUsage = ProcessUsage()
    private var startOwnCPU: Double = 0
    private(set) var start: UInt64 = 0

    init(_ processes: ServerProcesses) { self.processes = processes }

    func begin() throws(LoadFailure) {
        self.startUsage = try self.processes.usage()
        self.startOwnCPU = ServerProcesses.ownCPUSeconds
        self.start = LoadClock.now
    }

    /// - Parameter now: when the load's last answer came.
    func end(at now: UInt64) throws(LoadFailure) -> Spending {
        let usage = try self.processes.usage()
        return Spending(
            seconds: Double(now - self.start) / 1e9,
            serverCPUSeconds: self.processes.isEmpty ? nil : usage.cpuSeconds - self.startUsage.cpuSeconds,
            clientCPUSeconds: ServerProcesses.ownCPUSeconds - self.startOwnCPU,
            usage: self.processes.isEmpty ? nil : usage
        )
    }
}

/// What a load took.
package struct Spending: Sendable, Equatable {
    package var seconds: Double
    /// `nil` when no process was named.
    package var serverCPUSeconds: Double?
    package var clientCPUSeconds: Double
    /// At the end; `nil` when no process was named.
    package var usage: ProcessUsage?
}

/// Fails a load whose server has gone silent.
final class Watchdog {
    static let patience: UInt64 = 60_000_000_000

    private let loop: any EventLoop
    private var last = LoadClock.now
    private var timer: LoopTimer?

    init(loop: any EventLoop) { self.loop = loop }

    func progressed(at now: UInt64) { self.last = now }

    /// Looks five times a second and calls `each`; calls `silent` when nothing has progressed for a minute.
    func watch(_ each: @escaping () -> Void, silent: @escaping () -> Void) {
        self.timer = LoopTimer(loop: self.loop, every: .milliseconds(200)) {
            each()
            if LoadClock.now - self.last > Self.patience { silent() }
        }
    }

    func end() {
        self.timer?.cancel()
        self.timer = nil
    }
}

/// Calls `body` on the loop again and again until it is cancelled.
final class LoopTimer {
    private let loop: any EventLoop
    private let interval: TimeAmount
    private var body: (() -> Void)?
    private var next: Scheduled<Void>?

    init(loop: any EventLoop, every interval: TimeAmount, _ body: @escaping () -> Void) {
        self.loop = loop
        self.interval = interval
        self.body = body
        self.schedule()
    }

    private func schedule() {
        self.next = self.loop.assumeIsolated().scheduleTask(in: self.interval) {
            self.body?()
            if self.body != nil { self.schedule() }
        }
    }

    func cancel() {
        self.body = nil
        self.next?.cancel()
    }
}
