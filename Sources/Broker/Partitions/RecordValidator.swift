internal import LogCore
package import NIOCore
internal import Synchronization
internal import Threads

/// Threads that read the records of clients' compressed batches, so that no event loop decompresses for long.
///
/// The jobs of one partition run on one thread in the order of `submit`: that keeps a producer's batches in order. The
/// threads start with the first job. Memory: the batches that wait, `bytesMax` and what a request that has begun brings
/// beyond it, and for each thread one codec (zstd's window may have 128 MiB) with a window of 64 to 128 KiB.
package final class RecordValidator: Sendable {
    package typealias Job = @Sendable () -> Void

    private struct Queued: Sendable {
        var bytes: Int
        var job: Job
    }

    private enum State {
        case idle
        case running([IOThread<Queued>])
        case ended
    }

    private static let threadCount = 2
    /// The most jobs that wait on a thread: batches are at least 61 bytes, so the bytes are the bound that counts.
    private static let jobsMax = 1 << 16

    private let state = Mutex(State.idle)
    private let bytesMax: Int
    private let waitingBytes = Atomic<Int>(0)
    private let relief = ReliefQueue()

    /// - Parameter bytesMax: bytes of batches that may wait before `isCongested`.
    package init(bytesMax: Int = 32 << 20) { self.bytesMax = bytesMax }

    /// No further produce request should begin: the threads have enough to do.
    package var isCongested: Bool { self.waitingBytes.load(ordering: .sequentiallyConsistent) > self.bytesMax }

    /// Calls `action` once, on `eventLoop`, when it is not congested; soon, if it is not now.
    package func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.relief.wait(on: eventLoop, action) { !self.isCongested }
    }

    /// Queues a job behind those with the same key.
    ///
    /// - Parameters:
    ///   - key: chooses the thread.
    ///   - bytes: that the job holds.
    /// - Returns: `false` when it is shut down or has more jobs than it can keep: the job does not run.
    func submit(key: Int, bytes: Int, _ job: @escaping Job) -> Bool {
        let thread = self.state.withLock { state -> IOThread<Queued>? in
            if case .idle = state { state = .running(self.makeThreads()) }
            guard case .running(let threads) = state else { return nil }
            return threads[Int(UInt(bitPattern: key) % UInt(threads.count))]
        }
        guard let thread else { return false }
        self.waitingBytes.add(bytes, ordering: .sequentiallyConsistent)
        guard thread.submit(Queued(bytes: bytes, job: job)) else {
            self.release(bytes)
            return false
        }
        return true
    }

    /// Carries out what waits and ends the threads. Jobs that come later are refused.
    package func shutdown() {
        let threads = self.state.withLock { state -> [IOThread<Queued>] in
            defer { state = .ended }
            if case .running(let threads) = state { return threads }
            return []
        }
        for thread in threads { thread.shutdown() }
    }

    private func makeThreads() -> [IOThread<Queued>] {
        (0..<Self.threadCount).map { number in
            IOThread(name: "validate-\(number)", capacity: Self.jobsMax) { [weak self] jobs in
                for queued in jobs {
                    queued.job()
                    self?.release(queued.bytes)
                }
            }
        }
    }

    private func release(_ bytes: Int) {
        self.waitingBytes.subtract(bytes, ordering: .sequentiallyConsistent)
        if !self.isCongested { self.relief.roomAppeared() }
    }
}

extension Broker {
    /// Whether a produce request should wait: the log or the validation of records cannot keep up.
    package var isProduceCongested: Bool { self.engine.isCongested || self.validator.isCongested }

    /// Calls `action` once, on `eventLoop`, when there is room where there was none; ask `isProduceCongested` again.
    package func onProduceRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        if self.validator.isCongested {
            self.validator.onRelief(on: eventLoop, action)
        } else {
            self.engine.onRelief(on: eventLoop, action)
        }
    }
}
