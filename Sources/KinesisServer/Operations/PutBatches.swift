internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch

/// The record batches that one put becomes: the records of each shard in request order, split where a batch would
/// pass what the topic allows.
struct PutBatches {
    struct Batch {
        var records: ValidatedBatches
        /// Records of the request, by index, in the order of the batch.
        var indices: [Int32]
    }

    /// What goes to one shard.
    struct Part {
        var shard: Shard
        var batches: [Batch]
    }

    /// The name of the record header that keeps an explicit hash key.
    static let explicitHashKeyHeader = "kinesis.explicit-hash-key"

    private(set) var parts: [Part]

    private struct Slot {
        var shardIndex: Int
        var bytes: Int = 0
        var recordCount = 0
        var builder = RecordBatchBuilder(capacity: 0)
        var indices: [Int32] = []
        var batches: [Batch] = []
    }

    /// - Parameters:
    ///   - batchBytesMax: `max.message.bytes`. A record that alone is larger gets a batch of its own.
    ///   - keylessHash: chooses the shard of all records without a partition key: one shard, so that they share a
    ///     batch, and another with the next put (Kafka's producers do so with records without a key).
    /// - Throws: `InvalidArgumentException` for an explicit hash key outside of the hash space.
    init(
        _ entries: [PutEntry],
        payload: ByteBuffer,
        router: StreamRouter,
        batchBytesMax: Int,
        keylessHash: UInt32,
        now: Timestamp
    ) throws(KinesisError) {
        // The bytes are lent once for all records.
        let slots: Result<[Slot], KinesisError> = payload.withVeryUnsafeBytes { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<payload.writerIndex])
            return Result { () throws(KinesisError) in
                try Self.fill(
                    entries,
                    payload: PutPayload(bytes: bytes, buffer: payload),
                    router: router,
                    batchBytesMax: batchBytesMax,
                    keylessHash: keylessHash,
                    now: now
                )
            }
        }
        self.parts = try slots.get().map { Part(shard: router.shards[$0.shardIndex], batches: $0.batches) }
    }

    /// The shard of each entry, as an index into the router's.
    ///
    /// - Throws: as `init`.
    static func shardIndexes(
        of entries: [PutEntry],
        payload: ByteBuffer,
        router: StreamRouter,
        keylessHash: UInt32
    ) throws(KinesisError) -> [Int] {
        let indexes: Result<[Int], KinesisError> = payload.withVeryUnsafeBytes { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<payload.writerIndex])
            let payload = PutPayload(bytes: bytes, buffer: payload)
            return Result { () throws(KinesisError) in
                try entries.map { (entry) throws(KinesisError) in
                    try Self.shardIndex(for: entry, in: payload, router: router, keylessHash: keylessHash)
                }
            }
        }
        return try indexes.get()
    }

    /// The same, when the entries were those of a request at these indices.
    func reindexed(_ indices: [Int32]) -> PutBatches {
        var batches = self
        for part in batches.parts.indices {
            for batch in batches.parts[part].batches.indices {
                let original = batches.parts[part].batches[batch].indices.map { indices[Int($0)] }
                batches.parts[part].batches[batch].indices = original
            }
        }
        return batches
    }

    private static func fill(
        _ entries: [PutEntry],
        payload: PutPayload,
        router: StreamRouter,
        batchBytesMax: Int,
        keylessHash: UInt32,
        now: Timestamp
    ) throws(KinesisError) -> [Slot] {
        var slotOfShard = [Int32](repeating: -1, count: router.shards.count)
        var slotOfEntry: [Int32] = []
        slotOfEntry.reserveCapacity(entries.count)
        var slots: [Slot] = []
        for entry in entries {
            let shardIndex = try Self.shardIndex(for: entry, in: payload, router: router, keylessHash: keylessHash)
            if slotOfShard[shardIndex] < 0 {
                slotOfShard[shardIndex] = Int32(slots.count)
                slots.append(Slot(shardIndex: shardIndex))
            }
            let slot = slotOfShard[shardIndex]
            slotOfEntry.append(slot)
            slots[Int(slot)].bytes += Self.estimatedBytes(of: entry)
            slots[Int(slot)].recordCount += 1
        }
        for index in slots.indices {
            let capacity = min(slots[index].bytes, batchBytesMax) + RecordBatchHeader.encodedLength
            slots[index].builder = RecordBatchBuilder(capacity: capacity)
            slots[index].indices.reserveCapacity(slots[index].recordCount)
        }
        for (index, entry) in entries.enumerated() {
            Self.append(
                entry,
                index: Int32(index),
                payload: payload,
                to: &slots[Int(slotOfEntry[index])],
                batchBytesMax: batchBytesMax,
                now: now
            )
        }
        for index in slots.indices { Self.finish(&slots[index]) }
        return slots
    }

    private static func shardIndex(
        for entry: PutEntry,
        in payload: PutPayload,
        router: StreamRouter,
        keylessHash: UInt32
    ) throws(KinesisError) -> Int {
        guard let data = entry.data else { throw KinesisError.internalFailure }
        var explicitHashKey: HashKey?
        if let text = entry.explicitHashKey {
            explicitHashKey = HashKey(decimal: payload[text.bytes])
            guard explicitHashKey != nil else {
                throw KinesisError(
                    .invalidArgument,
                    "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                        + "Specified value was \(payload.buffer.text(text))"
                )
            }
        }
        return router.shardIndex(
            partitionKey: entry.partitionKey.map { payload[$0.bytes] },
            explicitHashKey: explicitHashKey,
            data: payload[data],
            keylessHash: keylessHash
        )
    }

    /// Lengths, and room for the varints of a record.
    private static func estimatedBytes(of entry: PutEntry) -> Int {
        entry.bytes + 24
            + (entry.explicitHashKey.map { Int($0.bytes.count) + Self.explicitHashKeyHeader.utf8.count + 4 } ?? 0)
    }

    private static func append(
        _ entry: PutEntry,
        index: Int32,
        payload: PutPayload,
        to slot: inout Slot,
        batchBytesMax: Int,
        now: Timestamp
    ) {
        guard let data = entry.data else { return }
        let key = entry.partitionKey?.bytes
        if slot.builder.recordCount > 0,
            slot.builder.sizeInBytes + Self.estimatedBytes(of: entry) > batchBytesMax
        {
            Self.finish(&slot)
        }
        if let explicitHashKey = entry.explicitHashKey {
            slot.builder.append(
                key: key.flatMap { payload.slice($0) },
                value: payload.slice(data),
                headers: [(Self.explicitHashKeyHeader, payload.slice(explicitHashKey.bytes))],
                timestamp: now
            )
        } else {
            slot.builder.append(key: key.map { payload[$0] }, value: payload[data], timestamp: now)
        }
        slot.indices.append(index)
    }

    private static func finish(_ slot: inout Slot) {
        guard slot.builder.recordCount > 0 else { return }
        slot.batches.append(Batch(records: slot.builder.finishUncompressed(), indices: slot.indices))
        slot.indices.removeAll(keepingCapacity: true)
    }
}

/// The payload of a put, lent for one pass over its records.
private struct PutPayload {
    /// All of `buffer` up to its writer index.
    let bytes: UnsafeRawBufferPointer
    let buffer: ByteBuffer

    @inline(__always)
    subscript(_ range: ByteRange) -> UnsafeRawBufferPointer {
        let start = Int(range.start)
        let end = start + Int(range.count)
        precondition(start >= 0 && range.count >= 0 && end <= self.bytes.count)
        return UnsafeRawBufferPointer(rebasing: self.bytes[start..<end])
    }

    func slice(_ range: ByteRange) -> ByteBuffer? {
        self.buffer.getSlice(at: Int(range.start), length: Int(range.count))
    }
}
