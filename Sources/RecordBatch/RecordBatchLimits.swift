package import Model

/// What a partition accepts. Defaults are Kafka's for a topic without settings of its own.
package struct RecordBatchLimits: Sendable, Equatable {
    /// The largest batch, header included: `max.message.bytes`.
    package var batchBytesMax: Int
    /// The most bytes that a compressed payload may expand to. Kafka has no such bound.
    package var decompressedBytesMax: Int
    /// Record timestamps that the topic takes (`message.timestamp.before.max.ms` and `….after.max.ms` round the
    /// clock); `nil` when any will do, as for LogAppendTime. Records without a timestamp (`-1`) always pass.
    package var timestamps: ClosedRange<Timestamp>?
    /// Every record must have a key: `cleanup.policy` includes `compact`.
    package var requiresKeys: Bool

    package init(
        batchBytesMax: Int = 1_048_588,
        decompressedBytesMax: Int = 128 << 20,
        timestamps: ClosedRange<Timestamp>? = nil,
        requiresKeys: Bool = false
    ) {
        self.batchBytesMax = batchBytesMax
        self.decompressedBytesMax = decompressedBytesMax
        self.timestamps = timestamps
        self.requiresKeys = requiresKeys
    }

    /// Reads all that is stored, under the bounds that the format itself has.
    package static let unlimited = RecordBatchLimits(
        batchBytesMax: Int(Int32.max) + RecordBatchHeader.overheadLength
    )
}
