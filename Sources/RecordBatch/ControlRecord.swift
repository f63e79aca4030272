package import Model
package import NIOCore

/// The end of a transaction in a partition's log (KIP-98).
///
/// Key: `version int16 = 0, type int16` (0 abort, 1 commit). Value: `version int16 = 0, coordinatorEpoch int32`.
package struct ControlRecord: Sendable, Equatable {
    package enum Kind: Int16, Sendable {
        case abort = 0
        case commit = 1
    }

    package var kind: Kind
    package var coordinatorEpoch: Int32

    package init(kind: Kind, coordinatorEpoch: Int32) {
        self.kind = kind
        self.coordinatorEpoch = coordinatorEpoch
    }

    /// Reads key and value of a control record. `nil` for a type other than a transaction marker, which readers skip.
    ///
    /// Throws `.badRecord` when key or value is missing, short or has a negative version. Later versions are read as
    /// version 0, for fields are only ever added.
    package static func decode(
        key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?
    ) throws(RecordBatchError) -> ControlRecord? {
        guard let key, key.count >= 4, key.bigEndian(Int16.self, at: 0) >= 0 else {
            throw RecordBatchError(.badRecord, "invalid control record key")
        }
        guard let kind = Kind(rawValue: key.bigEndian(Int16.self, at: 2)) else { return nil }
        guard let value, value.count >= 6, value.bigEndian(Int16.self, at: 0) >= 0 else {
            throw RecordBatchError(.badRecord, "invalid transaction marker")
        }
        return ControlRecord(kind: kind, coordinatorEpoch: value.bigEndian(Int32.self, at: 2))
    }

    /// The marker that a control batch holds; `nil` for another control batch (or one that compaction emptied).
    ///
    /// - Parameter batch: a whole batch at the reader index.
    package static func read(from batch: ByteBuffer) throws(RecordBatchError) -> ControlRecord? {
        var cursor = BatchCursor(batch)
        guard let batch = try cursor.next() else { return nil }
        return try Self.read(batch.header, batch.payload)
    }

    /// The same for a batch whose header and payload lie apart.
    package static func read(
        _ header: RecordBatchHeader,
        _ payload: ByteBuffer
    ) throws(RecordBatchError) -> ControlRecord? {
        var found: Result<ControlRecord?, RecordBatchError> = .success(nil)
        try RecordReader.forEachRecord(of: header, payload: payload) { _, record in
            found = Result { () throws(RecordBatchError) in try Self.decode(key: record.key, value: record.value) }
            return false
        }
        return try found.get()
    }

    /// A control batch of one marker, as Kafka's transaction coordinator writes it.
    package func encodeBatch(
        producerID: ProducerID,
        producerEpoch: ProducerEpoch,
        timestamp: Timestamp
    ) -> ValidatedBatches {
        var builder = RecordBatchBuilder(
            options: .init(
                producerID: producerID,
                producerEpoch: producerEpoch,
                isTransactional: true,
                isControl: true
            )
        )
        var key = ByteBuffer()
        key.writeInteger(Int16(0))
        key.writeInteger(self.kind.rawValue)
        var value = ByteBuffer()
        value.writeInteger(Int16(0))
        value.writeInteger(self.coordinatorEpoch)
        builder.append(key: key, value: value, timestamp: timestamp)
        return builder.finishUncompressed()
    }
}
