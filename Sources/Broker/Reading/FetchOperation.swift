package import LogCore
package import Model
package import NIOCore
package import Serving

/// One partition's part of a multi-partition read.
package struct FetchTarget: Sendable {
    package var partition: HostedPartition
    package var offset: Offset
    package var bytesMax: Int

    package init(partition: HostedPartition, offset: Offset, bytesMax: Int) {
        self.partition = partition
        self.offset = offset
        self.bytesMax = bytesMax
    }
}

package typealias FetchOutcome = Result<FetchedRecords, LogError>

/// A read over several partitions that waits, within a bound, until there is enough to answer (a Kafka Fetch).
///
/// Lives on one event loop. Crosses to an I/O thread at most once per attempt, for all partitions whose data is not
/// in memory. Calls back exactly once, on the loop, with one outcome per target in order.
package final class FetchOperation: Sendable {
    package struct Limits: Sendable {
        package var bytesMin: Int
        package var bytesMax: Int
        package var waitMax: TimeAmount
        package var isolation: IsolationLevel

        package init(bytesMin: Int, bytesMax: Int, waitMax: TimeAmount, isolation: IsolationLevel) {
            self.bytesMin = bytesMin
            self.bytesMax = bytesMax
            self.waitMax = waitMax
            self.isolation = isolation
        }
    }

    private struct State {
        var targets: [FetchTarget]
        var outcomes: [FetchOutcome?]
        /// Positions in `targets` in the order in which they are read, while that is another.
        var order: [Int]?
        var completion: (@Sendable ([FetchOutcome]) -> Void)?
        var waiter: ReadWaiter?
        var isTimedOut = false
        /// Answered with nothing for want of news, and still registered for it.
        var isParked = false
        /// Files are to be read once there is memory for it.
        var isAwaitingMemory = false
        /// Counted for what was read from files, until the answer is.
        var reservedBytes = 0
    }

    private let eventLoop: any EventLoop
    private let engine: any LogEngine
    private let memory: ConnectionMemory
    private let limits: Limits
    private let state: NIOLoopBoundBox<State>

    private init(
        targets: [FetchTarget],
        limits: Limits,
        engine: any LogEngine,
        memory: ConnectionMemory,
        eventLoop: any EventLoop,
        completion: @escaping @Sendable ([FetchOutcome]) -> Void
    ) {
        self.eventLoop = eventLoop
        self.engine = engine
        self.memory = memory
        self.limits = limits
        self.state = NIOLoopBoundBox(
            State(
                targets: targets,
                outcomes: [FetchOutcome?](repeating: nil, count: targets.count),
                completion: completion
            ),
            eventLoop: eventLoop
        )
    }

    /// Starts a read. Call it on `eventLoop`.
    @discardableResult
    package static func start(
        _ targets: [FetchTarget],
        limits: Limits,
        engine: any LogEngine,
        memory: ConnectionMemory,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([FetchOutcome]) -> Void
    ) -> FetchOperation {
        eventLoop.preconditionInEventLoop()
        let operation = FetchOperation(
            targets: targets,
            limits: limits,
            engine: engine,
            memory: memory,
            eventLoop: eventLoop,
            completion: completion
        )
        operation.attempt()
        return operation
    }

    /// Whether the completion has been called. Ask on `eventLoop`.
    package var isFinished: Bool { self.state.value.completion == nil }

    /// Gives up waiting: the connection is gone, or its client asks for something else. The completion is not called.
    package func cancel() {
        self.eventLoop.preconditionInEventLoop()
        self.state.value.completion = nil
        self.state.value.isParked = false
        self.stopWaiting()
    }

    /// `limits.waitMax` is over. Whoever started the operation keeps the time. A read that is under way ends the
    /// operation itself.
    package func timedOut() {
        self.eventLoop.preconditionInEventLoop()
        self.state.value.isTimedOut = true
        if self.state.value.waiter != nil || self.state.value.isAwaitingMemory { self.finish() }
    }

    /// `limits.waitMax` is over and nothing has come: takes the completion back, uncalled, and waits on for `resume`.
    ///
    /// The operation stays registered with every partition, so that the same request, which an idle client sends again
    /// and again, costs nothing per partition.
    ///
    /// - Returns: whether it is parked; the answer is then `outcomes`. Otherwise `timedOut` is what ends it.
    package func park() -> Bool {
        self.eventLoop.preconditionInEventLoop()
        guard let waiter = self.state.value.waiter, !waiter.isClaimed, self.state.value.completion != nil else {
            return false
        }
        self.state.value.completion = nil
        self.state.value.isParked = true
        return true
    }

    /// Whether the operation is parked and nothing has come since.
    package var isParked: Bool {
        self.state.value.isParked && self.state.value.waiter.map { !$0.isClaimed } ?? false
    }

    /// Waits on for another request for the same. Only while `isParked`.
    ///
    /// - Parameter order: positions of the targets in the order in which that request would have them read, which
    ///   matters when its limits do not let all of them give records; `nil`: as they are. Outcomes keep their order.
    package func resume(readingIn order: [Int]?, completion: @escaping @Sendable ([FetchOutcome]) -> Void) {
        precondition(self.isParked, "there may be news")
        precondition(order.map { $0.count == self.state.value.targets.count } ?? true, "every target once")
        self.state.value.isParked = false
        self.state.value.order = order
        self.state.value.completion = completion
    }

    private func attempt() {
        var pending: [(index: Int, read: DeferredRead)] = []
        var bytesLeft = max(self.limits.bytesMax, 0)
        var hasBatch = false
        for position in self.state.value.targets.indices {
            let index = self.state.value.order?[position] ?? position
            let target = self.state.value.targets[index]
            let request = ReadRequest(
                offset: target.offset,
                bytesMax: min(target.bytesMax, bytesLeft),
                atLeastOneBatch: !hasBatch,
                isolation: self.limits.isolation
            )
            do {
                switch try target.partition.log.read(request) {
                case .records(let records):
                    self.state.value.outcomes[index] = .success(records)
                    bytesLeft = max(0, bytesLeft - records.bytes)
                    hasBatch = hasBatch || records.bytes > 0
                case .deferred(let read):
                    pending.append((index, read))
                    // What it brings is not known yet; reserve what was allowed so that the sum keeps its bound.
                    bytesLeft = max(0, bytesLeft - request.bytesMax)
                    hasBatch = true
                }
            } catch {
                self.state.value.outcomes[index] = .failure(error)
            }
        }
        guard !pending.isEmpty else {
            self.conclude()
            return
        }
        self.performDeferred(pending)
    }

    /// Reads once the memory for it is granted. Asks again for everything then: time has passed.
    private func performDeferred(_ pending: [(index: Int, read: DeferredRead)]) {
        let bytes = pending.reduce(0) { $0 + $1.read.request.bytesMax }
        self.release()
        guard self.memory.reserve(bytes) else {
            for (index, _) in pending {
                let offsets = self.state.value.targets[index].partition.log.offsets
                self.state.value.outcomes[index] = .success(FetchedRecords(parts: [], bytes: 0, offsets: offsets))
            }
            if self.state.value.isTimedOut || self.limits.waitMax <= .zero {
                self.finish()
                return
            }
            self.state.value.isAwaitingMemory = true
            self.memory.onRelief(on: self.eventLoop) {
                guard self.state.value.completion != nil, self.state.value.isAwaitingMemory else { return }
                self.state.value.isAwaitingMemory = false
                self.attempt()
            }
            return
        }
        self.state.value.reservedBytes = bytes
        let indices = pending.map(\.index)
        self.engine.perform(pending.map(\.read)) { results in
            self.eventLoop.execute {
                for (index, result) in zip(indices, results) {
                    self.state.value.outcomes[index] = result
                }
                self.conclude()
            }
        }
    }

    private func conclude() {
        guard self.state.value.completion != nil else {
            self.release()
            return
        }
        var bytes = 0
        var mustAnswer = self.state.value.isTimedOut || self.limits.waitMax <= .zero || self.state.value.targets.isEmpty
        for outcome in self.state.value.outcomes {
            switch outcome {
            case .success(let records): bytes += records.bytes
            case .failure, nil: mustAnswer = true
            }
        }
        if mustAnswer || bytes >= self.limits.bytesMin {
            self.finish()
        } else {
            self.wait()
        }
    }

    private func wait() {
        let waiter = ReadWaiter(eventLoop: self.eventLoop) {
            guard self.state.value.completion != nil || self.state.value.isParked else { return }
            self.stopWaiting()
            if self.state.value.isParked {
                self.state.value.isParked = false
            } else {
                self.attempt()
            }
        }
        self.state.value.waiter = waiter
        for (target, outcome) in zip(self.state.value.targets, self.state.value.outcomes) {
            guard case .success(let records) = outcome else { continue }
            let limit =
                self.limits.isolation == .readCommitted ? records.offsets.lastStable : records.offsets.highWatermark
            target.partition.log.addReadWaiter(waiter, after: limit, isolation: self.limits.isolation)
            if waiter.isClaimed { return }
        }
    }

    private func stopWaiting() {
        guard let waiter = self.state.value.waiter else { return }
        self.state.value.waiter = nil
        _ = waiter.claim()
        for target in self.state.value.targets {
            target.partition.log.removeReadWaiter(waiter)
        }
    }

    private func finish() {
        guard let completion = self.state.value.completion else { return }
        self.state.value.completion = nil
        self.stopWaiting()
        completion(self.outcomes)
        // From here on the connection counts what it could not send at once.
        self.release()
    }

    /// What was found when the partitions were last read.
    package var outcomes: [FetchOutcome] {
        self.state.value.outcomes.map { $0 ?? .failure(LogError(.storage, "The read did not run.")) }
    }

    private func release() {
        self.memory.change(by: -self.state.value.reservedBytes)
        self.state.value.reservedBytes = 0
    }
}
