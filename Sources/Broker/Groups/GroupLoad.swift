internal import GroupCoordinator
internal import KafkaProtocol
internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch

/// Reads a partition from its start to the end that it had at the beginning, and replays it.
///
/// Linear in the partition's size, one chunk in memory at a time, and one chunk per turn of the event loop.
// SAFETY: `machine`, `position` and `damagedCount` are used on the shard's event loop alone.
final class GroupLoad: @unchecked Sendable {
    private let shard: GroupShard
    private let life: UInt64
    private var machine: CoordinatorShard
    private var position: Offset = 0
    private var damagedCount = 0

    /// `offsets.load.buffer.size` is 5 MiB in Kafka; less keeps the turns short.
    private static let chunkBytesMax = 1 << 20

    init(shard: GroupShard, life: UInt64, settings: GroupSettings) {
        self.shard = shard
        self.life = life
        self.machine = CoordinatorShard(settings: settings)
    }

    func start() {
        self.shard.topic.open(self.shard.partition) { result in
            self.shard.eventLoop.execute {
                guard self.isCurrent else { return }
                switch result {
                case .failure(let error):
                    self.shard.loadFailed(error)
                case .success(let partition):
                    let offsets = partition.log.offsets
                    self.position = offsets.logStart
                    self.read(partition, to: offsets.logEnd)
                }
            }
        }
    }

    private var isCurrent: Bool { self.life == self.shard.life }

    private func read(_ partition: OffsetsPartition, to end: Offset) {
        guard self.isCurrent else { return }
        guard self.position < end else { return self.finish(partition) }
        let request = ReadRequest(
            offset: self.position,
            bytesMax: Self.chunkBytesMax,
            atLeastOneBatch: true,
            isolation: .readUncommitted
        )
        do throws(LogError) {
            switch try partition.log.read(request) {
            case .records(let records):
                self.take(records, partition, to: end)
            case .deferred(let read):
                self.shard.engine.perform([read]) { results in
                    self.shard.eventLoop.execute { self.performed(results.first, partition, to: end) }
                }
            }
        } catch {
            self.shard.loadFailed(error)
        }
    }

    private func performed(
        _ result: Result<FetchedRecords, LogError>?,
        _ partition: OffsetsPartition,
        to end: Offset
    ) {
        guard self.isCurrent else { return }
        switch result {
        case .success(let records)?:
            self.take(records, partition, to: end)
        case .failure(let error)? where error.code == .overloaded:
            // Other readers fill the queue: our turn comes.
            self.shard.eventLoop.scheduleTask(in: .milliseconds(20)) { self.read(partition, to: end) }
        case .failure(let error)?:
            self.shard.loadFailed(error)
        case nil:
            self.shard.loadFailed(LogError(.storage, "the engine answered nothing"))
        }
    }

    private func take(_ records: FetchedRecords, _ partition: OffsetsPartition, to end: Offset) {
        let before = self.position
        do {
            try self.replay(records.joined())
        } catch {
            return self.shard.loadFailed(LogError(.corruptBatch, "offset \(self.position): \(error)"))
        }
        guard self.position > before else {
            // Records that are assigned and not durable yet, after a failure: readers see them later, or never.
            let waiter = ReadWaiter(eventLoop: self.shard.eventLoop) { self.read(partition, to: end) }
            return partition.log.addReadWaiter(waiter, after: before, isolation: .readUncommitted)
        }
        self.shard.eventLoop.execute { self.read(partition, to: end) }
    }

    private func replay(_ batches: ByteBuffer) throws(RecordBatchError) {
        var rest = batches
        while rest.readableBytes > 0 {
            let header = try RecordBatchHeader(reading: rest, at: rest.readerIndex)
            guard let batch = rest.readSlice(length: header.sizeInBytes) else {
                throw RecordBatchError(.truncated, "the batch is not whole")
            }
            let next = header.baseOffset + Offset(header.lastOffsetDelta) + 1
            guard next > self.position else { continue }
            try self.replayBatch(batch, header)
            self.position = next
        }
    }

    private func replayBatch(_ batch: ByteBuffer, _ header: RecordBatchHeader) throws(RecordBatchError) {
        if header.attributes.isControl {
            guard let marker = try ControlRecord.read(from: batch) else { return }
            self.machine.replayEndOfTransaction(header.producerID, committed: marker.kind == .commit)
            return
        }
        let producer: ProducerID? = header.attributes.isTransactional ? header.producerID : nil
        var reader = try RecordReader(batch)
        while let record = try reader.next() {
            guard record.offset >= self.position else { continue }
            do throws(WireError) {
                if case .record(let decoded) = try GroupRecordCodec.decode(key: record.key, value: record.value) {
                    self.machine.replay(decoded, producer: producer)
                }
            } catch {
                // One record that cannot be read must not take away all the groups of its partition.
                self.damagedCount += 1
            }
        }
    }

    private func finish(_ partition: OffsetsPartition) {
        if self.damagedCount > 0 {
            self.shard.environment.logger.warning(
                "skipped damaged records of groups",
                metadata: ["partition": "\(self.shard.partition)", "count": "\(self.damagedCount)"]
            )
        }
        self.shard.loaded(self.machine, from: partition)
    }
}
