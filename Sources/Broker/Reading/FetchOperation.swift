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

/// Carries out a `FetchMachine`: a read over several partitions that waits until there is enough to answer (a Kafka
/// Fetch), for one request and for its repetitions by an idle client.
///
/// Lives on one event loop. Crosses to an I/O thread at most once per attempt, for all partitions whose data is not
/// in memory. The caller keeps the time, since it has one timer for all requests of a connection.
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

    /// - Parameters:
    ///   - outcomes: one per target, in order.
    ///   - isParked: nothing was found, and the operation stays registered with every partition until `resume` or
    ///     `cancel`.
    package typealias Answer = @Sendable (_ outcomes: [FetchOutcome], _ isParked: Bool) -> Void

    private struct State: ~Copyable {
        var machine: FetchMachine
        /// Failures until they are read.
        var outcomes: [FetchOutcome]
        /// Positions in `targets` in the order in which they are read, while that is another.
        var order: [Int]?
        var waiter: ReadWaiter?
        /// Every partition tells of its news: none had too many that wait.
        var isWatched = true
        /// A transaction is open in a partition: its high watermark moves, and wakes no reader of committed records.
        var hasOpenTransactions = false
        /// The place in the queue for memory.
        var claim: MemoryClaim?
        /// Counted for what the engine reads, until the answer is.
        var reservedBytes = 0
    }

    private static let notRead = FetchOutcome.failure(LogError(.storage, "The read did not run."))

    private let eventLoop: any EventLoop
    private let engine: any LogEngine
    private let memory: ConnectionMemory
    private let limits: Limits
    private let targets: [FetchTarget]
    private let answer: Answer
    private let state: NIOLoopBound<Box>

    /// The state is not copyable, and `NIOLoopBoundBox` wants values that are.
    private final class Box {
        var state: State
        init(_ state: consuming State) { self.state = state }
    }

    /// Call it on `eventLoop`, and then `start`.
    ///
    /// - Parameter answer: called on the loop, once for `start` and once for each `resume`, unless the operation is
    ///   cancelled before.
    package init(
        _ targets: [FetchTarget],
        limits: Limits,
        engine: any LogEngine,
        memory: ConnectionMemory,
        on eventLoop: any EventLoop,
        answer: @escaping Answer
    ) {
        self.eventLoop = eventLoop
        self.engine = engine
        self.memory = memory
        self.limits = limits
        self.targets = targets
        self.answer = answer
        let machine = FetchMachine(bytesMin: limits.bytesMin, mayWait: limits.waitMax > .zero && !targets.isEmpty)
        self.state = NIOLoopBound(
            Box(State(machine: machine, outcomes: Array(repeating: Self.notRead, count: targets.count))),
            eventLoop: eventLoop
        )
    }

    /// Whether it was answered with nothing, and waits on for `resume`.
    package var isParked: Bool { self.state.value.state.machine.state == .parked }

    /// Asks the partitions; answers at once if that gives enough.
    package func start() { self.ask() }

    /// The request has waited for `limits.waitMax`.
    ///
    /// - Parameter canRepeat: the caller knows the same request again, and will `resume` or `cancel`.
    ///   Otherwise, or when there is something to answer, the operation ends with the answer.
    package func timeIsUp(canRepeat: Bool) {
        let box = self.state.value
        let hasNews = box.state.waiter?.isClaimed ?? false
        if box.state.hasOpenTransactions { self.refreshOffsets() }
        // An answer with records is not repeated: its client asks for what comes after them.
        let canRepeat =
            canRepeat && box.state.isWatched && !box.state.hasOpenTransactions && self.found().bytes == 0
        switch box.state.machine.timeIsUp(canRepeat: canRepeat, hasNews: hasNews) {
        case .answer:
            self.unregister()
            box.state.claim?.cancel()
            box.state.claim = nil
            self.deliver()
        case .answerAndStay: self.deliver(isParked: true)
        case .nothing: break
        }
    }

    /// The client asks for the same again. Only while `isParked`.
    ///
    /// - Parameter order: positions of the targets in the order in which that request would have them read, which
    ///   matters when its limits do not let all of them give records; `nil`: as they are. Outcomes keep their order.
    package func resume(readingIn order: [Int]?) {
        precondition(order.map { $0.count == self.targets.count } ?? true, "every target once")
        let box = self.state.value
        box.state.machine.repeated()
        box.state.order = order
    }

    /// Gives up: the connection is gone, or its client asks for something else. Nothing is answered any more.
    package func cancel() {
        self.state.value.state.claim?.cancel()
        self.state.value.state.claim = nil
        switch self.state.value.state.machine.cancelled() {
        case .unregister:
            self.unregister()
            self.releaseMemory()
        case .nothing: break
        }
    }

    // MARK: Actions

    private struct Deferred {
        var indices: [Int] = []
        var reads: [DeferredRead] = []
        var bytes = 0

        /// Has the reads bring no more than so much together, the first of them more than the others.
        mutating func limit(to bytesMax: Int) {
            guard self.bytes > bytesMax else { return }
            var left = bytesMax
            for index in self.reads.indices {
                self.reads[index].request.bytesMax = min(self.reads[index].request.bytesMax, left)
                left -= self.reads[index].request.bytesMax
            }
            self.bytes = bytesMax
        }
    }

    /// - Parameter granted: bytes for deferred reads that were waited for and are counted already.
    private func ask(granted: Int = 0) {
        let box = self.state.value
        var pending = Deferred()
        var bytesLeft = max(self.limits.bytesMax, 0)
        var hasBatch = false
        let order = box.state.order
        for position in self.targets.indices {
            let index = order?[position] ?? position
            let target = self.targets[index]
            var request = ReadRequest(
                offset: target.offset,
                bytesMax: min(target.bytesMax, bytesLeft),
                atLeastOneBatch: !hasBatch,
                isolation: self.limits.isolation
            )
            request.isForwarded = true
            do throws(LogError) {
                switch try target.partition.log.read(request) {
                case .records(let records):
                    box.state.outcomes[index] = .success(records)
                    bytesLeft = max(0, bytesLeft - records.bytes)
                    hasBatch = hasBatch || records.bytes > 0
                case .deferred(let read):
                    pending.indices.append(index)
                    pending.reads.append(read)
                    pending.bytes += request.bytesMax
                    box.state.outcomes[index] = .success(.nothing(target.partition.log.offsets))
                    // What it brings is not known yet; reserve what was allowed so that the sum keeps its bound.
                    bytesLeft = max(0, bytesLeft - request.bytesMax)
                    hasBatch = true
                }
            } catch {
                box.state.outcomes[index] = .failure(error)
            }
        }
        // What was read before has been replaced, or is read again.
        if pending.reads.isEmpty { self.releaseMemory() }
        let found = self.found()
        switch box.state.machine.asked(found, isDeferred: !pending.reads.isEmpty) {
        case .answer: self.deliver()
        case .register: self.register()
        case .reserve: self.reserve(for: pending, granted: granted)
        }
    }

    /// - Parameter granted: bytes that were waited for and are counted already.
    private func reserve(for pending: Deferred, granted: Int) {
        let box = self.state.value
        var pending = pending
        let wanted = pending.bytes
        if granted == 0 {
            self.releaseMemory()
            let needed = min(wanted, self.memory.quantum, self.memory.requestBytesMax)
            box.state.reservedBytes = self.memory.grant(upTo: wanted, atLeast: needed) ?? 0
        }
        let bytes = box.state.reservedBytes
        pending.limit(to: bytes)
        let grant: FetchMachine.Grant = bytes >= wanted ? .all : bytes > 0 ? .part : .refused
        switch box.state.machine.reserved(grant) {
        case .read: self.read(pending)
        case .answer: self.deliver()
        case .awaitMemory: self.awaitMemory(wanted)
        }
    }

    private func awaitMemory(_ wanted: Int) {
        self.state.value.state.claim = self.memory.whenGranted(
            upTo: wanted,
            atLeast: min(wanted, self.memory.quantum, self.memory.requestBytesMax),
            on: self.eventLoop
        ) { bytes in
            let box = self.state.value
            box.state.claim = nil
            guard case .ask = box.state.machine.roomAppeared() else {
                self.memory.change(by: -bytes)
                return
            }
            self.releaseMemory()
            box.state.reservedBytes = bytes
            self.ask(granted: bytes)
        }
    }

    private func read(_ pending: Deferred) {
        let indices = pending.indices
        self.engine.perform(pending.reads) { results in
            self.eventLoop.execute { self.readCompleted(indices, results) }
        }
    }

    private func readCompleted(_ indices: [Int], _ results: [FetchOutcome]) {
        let box = self.state.value
        var isBusy = false
        for (index, result) in zip(indices, results) {
            // Nothing is known of a partition that was not read; its client asks again.
            if case .failure(let error) = result, error.code == .readersBusy {
                isBusy = true
            } else {
                box.state.outcomes[index] = result
            }
        }
        let found = self.found()
        switch box.state.machine.readCompleted(found, isBusy: isBusy) {
        case .answer: self.deliver()
        case .register: self.register()
        case .awaitReaders:
            self.releaseMemory()
            self.engine.onReadRelief(on: self.eventLoop) { self.roomAppeared() }
        case .discard: self.releaseMemory()
        }
    }

    private func roomAppeared() {
        if case .ask = self.state.value.state.machine.roomAppeared() { self.ask() }
    }

    /// What was read, too little to answer, stays counted until it is read again or answered.
    private func register() {
        let box = self.state.value
        let waiter = ReadWaiter(eventLoop: self.eventLoop) { self.woken() }
        box.state.waiter = waiter
        box.state.isWatched = true
        box.state.hasOpenTransactions = false
        for (target, outcome) in zip(self.targets, box.state.outcomes) {
            guard case .success(let records) = outcome else { continue }
            // A reader of committed records is woken by the first record of a transaction too, since the high watermark
            // is in its answer; not by those that follow, which would wake it for nothing.
            let isBehind =
                self.limits.isolation == .readCommitted && records.offsets.lastStable < records.offsets.highWatermark
            if isBehind { box.state.hasOpenTransactions = true }
            let isRegistered = target.partition.log.addReadWaiter(
                waiter,
                after: isBehind ? records.offsets.lastStable : records.offsets.highWatermark,
                isolation: isBehind ? .readCommitted : .readUncommitted
            )
            // Too many wait there: what comes is seen at the deadline.
            if !isRegistered { box.state.isWatched = false }
            if waiter.isClaimed { return }
        }
    }

    /// What is answered with nothing says where the partitions end now.
    private func refreshOffsets() {
        let box = self.state.value
        for (index, target) in self.targets.enumerated() {
            guard case .success(let records) = box.state.outcomes[index], records.bytes == 0 else { continue }
            box.state.outcomes[index] = .success(.nothing(target.partition.log.offsets))
        }
    }

    /// The waiter of this moment was claimed: an earlier one that fires late finds another in its place or none.
    private func woken() {
        let box = self.state.value
        guard box.state.waiter?.isClaimed ?? false else { return }
        self.unregister()
        if case .ask = box.state.machine.newsCame() { self.ask() }
    }

    private func unregister() {
        guard let waiter = self.state.value.state.waiter.take() else { return }
        _ = waiter.claim()
        for target in self.targets { target.partition.log.removeReadWaiter(waiter) }
    }

    private func deliver(isParked: Bool = false) {
        self.answer(self.state.value.state.outcomes, isParked)
        // From here on the connection counts what it could not send at once.
        self.releaseMemory()
    }

    private func releaseMemory() {
        let box = self.state.value
        self.memory.change(by: -box.state.reservedBytes)
        box.state.reservedBytes = 0
    }

    private func found() -> FetchMachine.Found {
        var found = FetchMachine.Found(bytes: 0, hasError: false)
        for outcome in self.state.value.state.outcomes {
            switch outcome {
            case .success(let records): found.bytes += records.bytes
            case .failure: found.hasError = true
            }
        }
        return found
    }
}

extension FetchedRecords {
    fileprivate static func nothing(_ offsets: LogOffsets) -> FetchedRecords {
        FetchedRecords(parts: [], bytes: 0, offsets: offsets)
    }
}
