internal import GroupCoordinator
internal import Model
internal import NIOCore
internal import RecordBatch

/// The records of one round, as batches in order.
///
/// Records that no transaction wrote share a batch as long as it fits; each producer's have batches of their own.
struct GroupBatches {
    private let bytesMax: Int
    private let allocator = ByteBufferAllocator()
    private var builder = RecordBatchBuilder()
    private var producer: TransactionalProducer?
    private var finished: [ValidatedBatches] = []

    /// - Parameter bytesMax: `max.message.bytes` of the topic.
    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Adds a write's records. False, and nothing added, when one of them can never fit.
    mutating func append(_ write: GroupWrite, now: Timestamp) -> Bool {
        let records = write.records.map { GroupRecordCodec.encode($0, allocator: self.allocator) }
        let empty = RecordBatchBuilder(capacity: 0)
        for record in records {
            let bytes = empty.sizeInBytes(adding: record.key, value: record.value, timestamp: now)
            guard bytes <= self.bytesMax else { return false }
        }
        if write.producer != self.producer {
            self.seal()
            self.producer = write.producer
        }
        for record in records {
            let bytes = self.builder.sizeInBytes(adding: record.key, value: record.value, timestamp: now)
            if bytes > self.bytesMax { self.seal() }
            if self.builder.isEmpty { self.builder.options = self.options }
            self.builder.append(key: record.key, value: record.value, timestamp: now)
        }
        return true
    }

    /// Takes all batches out.
    mutating func finish() -> [ValidatedBatches] {
        self.seal()
        defer { self.finished = [] }
        return self.finished
    }

    mutating func removeAll() { self = GroupBatches(bytesMax: self.bytesMax) }

    private var options: RecordBatchBuilder.Options {
        guard let producer else { return .init() }
        return .init(producerID: producer.id, producerEpoch: producer.epoch, isTransactional: true)
    }

    private mutating func seal() {
        guard !self.builder.isEmpty else { return }
        self.finished.append(self.builder.finishUncompressed())
    }
}
