internal import Coordination
internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// The records of one round, as batches in order.
///
/// Records that no transaction wrote share a batch as long as it fits; each producer's have batches of their own.
struct CoordinatorBatches<Codec: CoordinatorRecordCodec> {
    /// `max.message.bytes` of the topic.
    var bytesMax: Int
    private let allocator = ByteBufferAllocator()
    private let empty = RecordBatchBuilder(capacity: 0)
    private var builder = RecordBatchBuilder()
    private var producer: TransactionalProducer?
    private var finished: [ValidatedBatches] = []

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Adds the records of a write. Returns their bytes, or `nil`, with nothing added, when one of them can never fit.
    mutating func append(_ records: [Codec.Record], producer: TransactionalProducer?, now: Timestamp) -> Int? {
        var bytes = 0
        let records = records.map { Codec.encode($0, allocator: self.allocator) }
        for record in records {
            let size = self.empty.sizeInBytes(adding: record.key, value: record.value, timestamp: now)
            guard size <= self.bytesMax else { return nil }
            bytes += size
        }
        if producer != self.producer {
            self.seal()
            self.producer = producer
        }
        for record in records {
            let size = self.builder.sizeInBytes(adding: record.key, value: record.value, timestamp: now)
            if size > self.bytesMax { self.seal() }
            if self.builder.isEmpty { self.builder.options = self.options }
            self.builder.append(key: record.key, value: record.value, timestamp: now)
        }
        return bytes
    }

    /// Adds the marker of a transaction, which has a batch of its own. Returns its bytes.
    mutating func append(_ marker: TransactionEnd, now: Timestamp) -> Int {
        self.seal()
        let batch = marker.encodeBatch(timestamp: now)
        self.finished.append(batch)
        return batch.sizeInBytes
    }

    /// Takes all batches out.
    mutating func finish() -> [ValidatedBatches] {
        self.seal()
        defer { self.finished = [] }
        return self.finished
    }

    private var options: RecordBatchBuilder.Options {
        guard let producer else { return .init() }
        return .init(producerID: producer.id, producerEpoch: producer.epoch, isTransactional: true)
    }

    private mutating func seal() {
        guard !self.builder.isEmpty else { return }
        self.finished.append(self.builder.finishUncompressed())
    }
}
