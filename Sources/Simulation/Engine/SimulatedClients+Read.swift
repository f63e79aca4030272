internal import LogCore
internal import LogFiles
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization
internal import Threads

extension SimulatedClients {
    /// Reads somewhere. What was seen may not vanish.
    func read(_ engine: FileLogEngine) {
        guard let (_, partition, log) = self.pick() else { return }
        let offsets = log.offsets
        let span = max(1, Int(offsets.highWatermark - offsets.logStart))
        let offset = offsets.logStart + Offset(self.random.below(span))
        self.state.withLock { $0.reads += 1 }
        self.fetch(engine, log, offset) { result in
            guard case .success(let records) = result else { return }
            self.update(partition) { history, _ in
                var expected = offset
                for (offset, value) in records {
                    if offset != expected { history.fail("a reader at \(expected) got \(offset)") }
                    expected = offset + 1
                    if history.settings.isJournaled {
                        history.commit(value, at: offset)
                    } else if !history.isExpected(value, at: offset) {
                        history.fail("a reader at \(offset) got record \(value)")
                    }
                }
            }
        }
    }

    /// DeleteRecords as the broker does it: acknowledged once the log start offsets are durable. Blocking.
    func deleteRecords(_ engine: FileLogEngine) {
        guard let (_, partition, log) = self.pick() else { return }
        let offsets = log.offsets
        guard offsets.highWatermark > offsets.logStart else { return }
        var target = offsets.logStart + Offset(self.random.below(Int(offsets.highWatermark - offsets.logStart) + 1))
        let withinBatch = self.random.oneIn(3)
        self.update(partition) { history, state in
            // To the beginning of a batch, or into one.
            while !withinBatch, target > offsets.logStart, let value = history.value(at: target), value >= 0,
                target < offsets.highWatermark,
                state.batches[state.batchOfValue[value]].values.lowerBound != value
            {
                target -= 1
            }
            history.startMax = max(history.startMax, target)
        }
        do throws(LogError) {
            let start = try log.deleteRecords(before: target)
            self.scheduler.note("deleted", start)
            // Without an answer the deletion may hold or not.
            if self.random.oneIn(4) { return }
            try engine.persistLogStarts()
            self.update(partition) { history, _ in history.startMin = max(history.startMin, start) }
            self.scheduler.note("acknowledged", start)
        } catch {
            self.scheduler.note("not deleted")
        }
    }

    /// Reads all partitions of a process that has just started.
    ///
    /// - Parameter isExcused: the disk failed, so that a partition may be offline.
    func verify(
        _ engine: FileLogEngine,
        _ loops: [SimulatedEventLoop],
        _ failure: (String) -> SimulationFailure,
        isExcused: () -> Bool
    ) throws(SimulationFailure) {
        let (histories, logs) = self.state.withLock { ($0.histories, $0.logs) }
        for (history, log) in zip(histories, logs) {
            guard let log else { continue }
            if log.hasFailed, self.isDamaged || isExcused() {
                // Reported by an error, and nothing of it is served or taken unless it is opened later.
                self.wentOffline()
                continue
            }
            guard let reading = try self.readWhole(engine, log, history.name, failure, isExcused: isExcused) else {
                return
            }
            let (producers, offsets) = (log.producers, log.offsets)
            // The process ended, or the disk failed, after the last record was read: a log that has failed forgets its
            // producers. What was read counts all the same, and the next start tells of the producers.
            let forgot = log.hasFailed && isExcused()
            self.update(history.partition) { history, state in
                history.restarted(reading, mayLoseTail: state.mayLoseTail)
                state.compared += reading.records.count
                state.damagedOffsets += reading.damaged.count
                if forgot { return }
                history.forgetFlights()
                self.findProducer(&history, reading, producers, state)
                self.findTransaction(&history, reading, producers, offsets, state)
            }
            if reading.damaged.isEmpty, !forgot {
                guard try self.verifyCommitted(engine, log, history.name, reading, failure, isExcused: isExcused) else {
                    return
                }
            }
            if let violation = self.violation { throw failure(violation) }
        }
        self.state.withLock { $0.mayLoseTail = false }
    }

    /// The producer continues after its last record that the log still has.
    private func findProducer(
        _ history: inout PartitionHistory,
        _ reading: PartitionReading,
        _ producers: [ProducerStateSnapshot],
        _ state: State
    ) {
        let known = producers.first { $0.producerID.rawValue == history.producerID }
        if !reading.damaged.isEmpty {
            // Its last batch may be among what is damaged: what the log knows of it counts.
            history.idempotent.lastBatch = nil
            history.idempotent.nextSequence = (known?.lastSequence ?? -1) + 1
            return
        }
        let last = reading.records.last { record in
            guard record.value >= 0 else { return false }
            let batch = state.batches[state.batchOfValue[record.value]]
            return batch.baseSequence >= 0 && !batch.isTransactional
        }
        guard let last else {
            // Its records were deleted. What the log knows of it is all that is left.
            history.idempotent.lastBatch = nil
            history.idempotent.nextSequence = (known?.lastSequence ?? -1) + 1
            return
        }
        let number = state.batchOfValue[last.value]
        let batch = state.batches[number]
        history.idempotent.lastBatch = number
        let next = batch.baseSequence + Int32(batch.values.count)
        history.idempotent.nextSequence = next
        if known?.lastSequence != next - 1 {
            let found = known.map { "\($0.lastSequence)" } ?? "nothing"
            history.fail("the producer is at \(next - 1), but the log knows \(found)")
        }
    }

    func fetchAndWait(
        _ engine: FileLogEngine,
        _ log: FilePartitionLog,
        _ offset: Offset
    ) -> Result<[(offset: Offset, value: Int)], LogError> {
        let done = self.scheduler.makeSemaphore()
        let answer = Mutex<Result<[(offset: Offset, value: Int)], LogError>?>(nil)
        self.fetch(engine, log, offset) { result in
            answer.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        return answer.withLock { $0 } ?? .failure(LogError(.storage, "no answer"))
    }

    private func fetch(
        _ engine: FileLogEngine,
        _ log: FilePartitionLog,
        _ offset: Offset,
        _ completion: @escaping @Sendable (Result<[(offset: Offset, value: Int)], LogError>) -> Void
    ) {
        self.fetchBatches(engine, log, offset, .readUncommitted) { result in
            completion(
                result.flatMap { fetched in
                    Result { () throws(LogError) in try self.records(in: fetched, from: offset) }
                }
            )
        }
    }

    func fetchBatches(
        _ engine: FileLogEngine,
        _ log: FilePartitionLog,
        _ offset: Offset,
        _ isolation: IsolationLevel,
        _ completion: @escaping @Sendable (Result<FetchedRecords, LogError>) -> Void
    ) {
        let request = ReadRequest(
            offset: offset,
            bytesMax: self.random.within(1...16) << 10,
            atLeastOneBatch: true,
            isolation: isolation
        )
        do throws(LogError) {
            switch try log.read(request) {
            case .records(let records): completion(.success(records))
            case .deferred(let read): engine.perform([read]) { results in completion(results[0]) }
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// The records from an offset on, whose bytes must be those that were sent.
    func records(
        in fetched: FetchedRecords,
        from offset: Offset
    ) throws(LogError) -> [(offset: Offset, value: Int)] {
        var whole = ByteBuffer()
        for part in fetched.parts { whole.writeImmutableBuffer(part) }
        var records: [(offset: Offset, value: Int)] = []
        var damage: String?
        do throws(RecordBatchError) {
            if whole.readableBytes > 0 {
                _ = try RecordBatchValidation.validate(whole, limits: .unlimited, context: .replay)
            }
            try RecordReader.forEachRecord(in: whole, from: offset) { (header, record) throws(RecordBatchError) in
                if header.attributes.isControl {
                    guard let marker = try ControlRecord.decode(key: record.key, value: record.value) else {
                        damage = "a control record is not a marker"
                        return false
                    }
                    records.append((header.offset(of: record.offsetDelta), Self.value(ofMarker: marker.kind)))
                    return true
                }
                var bytes = record.value.map { ByteBuffer(bytes: $0) } ?? ByteBuffer()
                guard let value = bytes.readInteger(as: Int.self) else {
                    damage = "a record has no number"
                    return false
                }
                if !self.isWhole(value, bytes) { damage = "record \(value) is not as it was sent" }
                records.append((header.offset(of: record.offsetDelta), value))
                return damage == nil
            }
        } catch {
            damage = "\(error)"
        }
        if let damage {
            self.state.withLock { $0.violation = $0.violation ?? "wrong data at \(offset): \(damage)" }
            throw LogError(.corruptBatch, damage)
        }
        return records
    }

    private func isWhole(_ value: Int, _ filling: ByteBuffer) -> Bool {
        let bytes = self.state.withLock { state -> Int? in
            guard state.batchOfValue.indices.contains(value) else { return nil }
            return state.batches[state.batchOfValue[value]].valueBytes
        }
        guard let bytes, filling.readableBytes == bytes - 8 else { return false }
        let expected = UInt8(truncatingIfNeeded: value &* 31)
        return filling.readableBytesView.allSatisfy { $0 == expected }
    }
}
