internal import LogCore
internal import LogFiles
internal import Model
internal import RecordBatch
internal import Synchronization
internal import Threads

/// One transactional producer for each partition: what a reader of committed records sees must follow from the records
/// and markers that the log has.
extension SimulatedClients {
    /// What stands for a transaction's marker among the numbers of records.
    static func value(ofMarker kind: ControlRecord.Kind) -> Int { kind == .commit ? -2 : -1 }

    /// Ends a transaction of some partition, as a coordinator does. On an event loop.
    func endTransaction(on loop: SimulatedEventLoop) {
        guard let (_, partition, log) = self.pick() else { return }
        var producer: ProducerID?
        self.update(partition) { history, _ in
            guard history.isTransactionOpen, !history.transactional.isInFlight else { return }
            history.transactional.isInFlight = true
            producer = ProducerID(history.transactionalID)
        }
        guard let producer else { return }
        let commits = self.random.oneIn(2)
        let marker = TransactionEnd(
            producerID: producer,
            producerEpoch: ProducerEpoch(0),
            commits: commits,
            coordinatorEpoch: 0,
            transactionVersion: 1
        )
        let value = Self.value(ofMarker: commits ? .commit : .abort)
        let place = Mutex<Offset?>(nil)
        let waiter = SimulatedWaiter(loop) { error in
            self.scheduler.note("marker answered \(error.map { "\($0.code)" } ?? "")")
            guard error == nil, let offset = place.withLock({ $0 }) else { return }
            self.update(partition) { history, _ in
                history.commit(value, at: offset)
                history.isTransactionOpen = false
                history.transactional.isInFlight = false
            }
        }
        do throws(LogError) {
            let result = try log.append(
                marker.encodeBatch(timestamp: self.scheduler.wallMilliseconds),
                options: self.options(.coordinator),
                waiter: waiter
            )
            self.scheduler.note("marker \(log.partition) \(commits)", result.baseOffset)
            place.withLock { $0 = result.baseOffset }
            self.update(partition) { history, _ in history.assigned(value..<(value + 1), at: result.baseOffset) }
        } catch {
            self.scheduler.note("marker refused \(error.code)")
            self.update(partition) { history, _ in
                history.transactional.isInFlight = false
                if error.code == .sealed { history.fail("a sealed partition refused a marker") }
            }
        }
    }

    /// Closes a partition to clients, or opens it again.
    func toggleSeal() {
        guard let (_, partition, log) = self.pick() else { return }
        if self.isSealed(partition) {
            self.update(partition) { history, _ in history.isSealed = false }
            log.setSealed(false)
        } else {
            log.setSealed(true)
            self.update(partition) { history, _ in history.isSealed = true }
        }
        self.scheduler.note("sealed \(log.partition) \(self.isSealed(partition))")
    }

    // MARK: After a start

    /// The log must know the transaction that the records and markers leave open, and the producer's last sequence.
    func findTransaction(
        _ history: inout PartitionHistory,
        _ reading: PartitionReading,
        _ producers: [ProducerStateSnapshot],
        _ offsets: LogOffsets,
        _ state: State
    ) {
        let known = producers.first { $0.producerID.rawValue == history.transactionalID }
        history.transactional.nextSequence = (known?.lastSequence ?? -1) + 1
        history.transactional.lastBatch = nil
        history.isTransactionOpen = known?.currentTransactionFirstOffset != nil
        guard reading.damaged.isEmpty else { return }
        let expected = CommittedRecords(reading, state)
        let first = known?.currentTransactionFirstOffset
        if let first, first < reading.start { return }
        if first != expected.openSince {
            let found = first.map { "\($0)" } ?? "none"
            history.fail("a transaction is open since \(expected.openSince ?? -1), but the log knows \(found)")
        }
        if let last = expected.lastSequence, known?.lastSequence != last {
            history.fail("the transactional producer is at \(last), but the log knows \(known?.lastSequence ?? -1)")
        }
        let stable = expected.openSince ?? offsets.highWatermark
        if offsets.lastStable != stable {
            history.fail("the last stable offset is \(offsets.lastStable) and not \(stable)")
        }
    }

    /// Reads all committed records, as a consumer does with the aborted transactions that answers name.
    ///
    /// - Returns: `false` when it cannot be read and `isExcused` holds.
    func verifyCommitted(
        _ engine: FileLogEngine,
        _ log: FilePartitionLog,
        _ name: String,
        _ reading: PartitionReading,
        _ failure: (String) -> SimulationFailure,
        isExcused: () -> Bool
    ) throws(SimulationFailure) -> Bool {
        let end = log.offsets.lastStable
        let expected = self.state.withLock { CommittedRecords(reading, $0) }.visible.filter { $0 < end }
        var visible: [Offset] = []
        var next = reading.start
        while next < end {
            let answer = self.fetchCommitted(engine, log, next)
            switch answer {
            case .success(let (records, aborted)):
                guard let last = records.last else { throw failure("\(name): nothing committed is read at \(next)") }
                self.filter(records, aborted, into: &visible)
                next = last.offset + 1
            case .failure(let error):
                if isExcused() || self.isDamaged { return !isExcused() }
                throw failure("\(name): committed records cannot be read at \(next): \(error.message)")
            }
        }
        guard visible == expected else {
            let different = Set(visible).symmetricDifference(expected).min() ?? -1
            throw failure("\(name): a reader of committed records is wrong about offset \(different)")
        }
        return true
    }

    private func filter(
        _ records: [(offset: Offset, value: Int)],
        _ aborted: [AbortedTransaction],
        into visible: inout [Offset]
    ) {
        let state = self.state.withLock { ($0.batches, $0.batchOfValue) }
        var aborted = aborted[...]
        var isAborted = false
        for (offset, value) in records {
            while let first = aborted.first, first.firstOffset <= offset {
                isAborted = true
                aborted.removeFirst()
            }
            if value < 0 {
                if value == Self.value(ofMarker: .abort) { isAborted = false }
            } else if !state.0[state.1[value]].isTransactional || !isAborted {
                visible.append(offset)
            }
        }
    }

    private func fetchCommitted(
        _ engine: FileLogEngine,
        _ log: FilePartitionLog,
        _ offset: Offset
    ) -> Result<([(offset: Offset, value: Int)], [AbortedTransaction]), LogError> {
        let done = self.scheduler.makeSemaphore()
        let answer = Mutex<Result<FetchedRecords, LogError>?>(nil)
        self.fetchBatches(engine, log, offset, .readCommitted) { result in
            answer.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        let result = answer.withLock { $0 } ?? .failure(LogError(.storage, "no answer"))
        return result.flatMap { fetched in
            Result { () throws(LogError) in
                (try self.records(in: fetched, from: offset), fetched.abortedTransactions)
            }
        }
    }
}

/// What follows from a partition's records and markers for a reader of committed records.
private struct CommittedRecords {
    /// In order; those behind an open transaction are among them.
    private(set) var visible: [Offset] = []
    /// Where the transaction began that no marker has ended.
    private(set) var openSince: Offset?
    /// Of the transactional producer.
    private(set) var lastSequence: Int32?

    init(_ reading: PartitionReading, _ state: SimulatedClients.State) {
        var open: [Offset] = []
        for (offset, value) in reading.records {
            if value < 0 {
                if value == SimulatedClients.value(ofMarker: .commit) { self.visible += open }
                open = []
                self.openSince = nil
                continue
            }
            let batch = state.batches[state.batchOfValue[value]]
            guard batch.isTransactional else {
                self.visible.append(offset)
                continue
            }
            open.append(offset)
            self.openSince = self.openSince ?? offset
            self.lastSequence = batch.baseSequence + Int32(value - batch.values.lowerBound)
        }
        self.visible.sort()
    }
}
