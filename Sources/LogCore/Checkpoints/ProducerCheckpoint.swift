package import Model
package import NIOCore
internal import RecordBatch

/// `producer-state-checkpoint`: the producers of all partitions that have few, and how long transaction indexes are, as
/// of an offset of each log.
///
/// Our own addition to Kafka's layout. A `.snapshot` file per partition and checkpoint, as Kafka's at every roll, would
/// make and remove a file each, which costs more than the data once hundreds of partitions are written to. A program
/// that does not know this file starts from an older `.snapshot` and reads more of the log.
///
/// Big-endian: version (2), CRC-32C of everything after it (4), count (4), then for each partition topic ID (16),
/// partition (4), offset (8), length (4) and so many bytes of a `ProducerSnapshot`, which may be none, and from version
/// 2 on the count of transaction indexes (4) and for each the segment's base offset (8), the size of its log (8) and
/// the entries (4). Keyed by topic ID, so that a topic made again under the same name never sees them.
///
/// A transaction index from which whole entries are missing, or that is gone, looks like a shorter one: this tells.
package struct ProducerCheckpoint: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        /// The log's end when the producers were so.
        package var offset: Offset
        /// What `ProducerSnapshot` makes of them; empty where a file of their own has them.
        package var snapshot: ByteBuffer
        /// Of segments with aborted transactions, in offset order.
        package var transactionIndexes: [IndexLength]

        package init(offset: Offset, snapshot: ByteBuffer, transactionIndexes: [IndexLength] = []) {
            self.offset = offset
            self.snapshot = snapshot
            self.transactionIndexes = transactionIndexes
        }
    }

    /// How long one segment's transaction index was.
    package struct IndexLength: Sendable, Equatable {
        package var baseOffset: Offset
        /// Of the segment's log in bytes.
        package var logSizeBytes: Int64
        package var entryCount: Int32

        package init(baseOffset: Offset, logSizeBytes: Int64, entryCount: Int32) {
            self.baseOffset = baseOffset
            self.logSizeBytes = logSizeBytes
            self.entryCount = entryCount
        }

        fileprivate static let sizeBytes = 20
    }

    /// Segments of one partition whose transaction indexes are in the file, the newest of them.
    package static let transactionIndexesMax = 256

    /// The largest snapshot in bytes that goes here, 22 producers with five batches each: the file is written whole at
    /// every checkpoint.
    package static let snapshotBytesMax = 22 * ProducerSnapshot.producerSizeBytesMax + 16

    private static let version: Int16 = 2
    /// Without transaction indexes.
    private static let versionMin: Int16 = 1
    private static let headerSizeBytes = 10
    private static let checksummedPosition = 6
    private static let entryHeaderSizeBytes = 32

    package var entries: [TopicPartition: Entry]

    package init(_ entries: [TopicPartition: Entry] = [:]) { self.entries = entries }

    package func encoded() -> [UInt8] {
        var buffer = ByteBuffer()
        let contents = self.entries.values.reduce(0) {
            $0 + $1.snapshot.readableBytes + 4 + $1.transactionIndexes.count * IndexLength.sizeBytes
        }
        buffer.reserveCapacity(Self.headerSizeBytes + self.entries.count * Self.entryHeaderSizeBytes + contents)
        buffer.writeInteger(Self.version)
        buffer.writeInteger(UInt32(0))
        buffer.writeInteger(Int32(clamping: self.entries.count))
        for (partition, entry) in self.entries {
            buffer.writeInteger(partition.topicID.high)
            buffer.writeInteger(partition.topicID.low)
            buffer.writeInteger(partition.partition)
            buffer.writeInteger(entry.offset)
            buffer.writeInteger(Int32(clamping: entry.snapshot.readableBytes))
            buffer.writeImmutableBuffer(entry.snapshot)
            buffer.writeInteger(Int32(entry.transactionIndexes.count))
            for index in entry.transactionIndexes {
                buffer.writeMultipleIntegers(index.baseOffset, index.logSizeBytes, index.entryCount)
            }
        }
        buffer.setInteger(Self.checksum(buffer), at: buffer.readerIndex + 2)
        return Array(buffer.readableBytesView)
    }

    /// `nil` when the bytes are damaged or of another version; `.snapshot` files or the logs themselves then serve.
    package init?(decoding bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard buffer.readableBytes >= Self.headerSizeBytes,
            let version = buffer.readInteger(as: Int16.self), (Self.versionMin...Self.version).contains(version),
            buffer.readInteger(as: UInt32.self) == Self.checksum(ByteBuffer(bytes: bytes)),
            let count = buffer.readInteger(as: Int32.self), count >= 0,
            Int(count) <= buffer.readableBytes / Self.entryHeaderSizeBytes
        else { return nil }
        var entries: [TopicPartition: Entry] = [:]
        entries.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard
                let (high, low, partition, offset, length) = buffer.readMultipleIntegers(
                    as: (UInt64, UInt64, Int32, Int64, Int32).self
                ),
                partition >= 0, offset >= 0, length >= 0,
                let snapshot = buffer.readSlice(length: Int(length))
            else { return nil }
            let key = TopicPartition(topicID: TopicID(high: high, low: low), partition: partition)
            var entry = Entry(offset: offset, snapshot: snapshot)
            if version >= 2 {
                guard let indexes = Self.indexLengths(from: &buffer) else { return nil }
                entry.transactionIndexes = indexes
            }
            entries[key] = entry
        }
        guard buffer.readableBytes == 0, entries.count == count else { return nil }
        self.entries = entries
    }

    private static func indexLengths(from buffer: inout ByteBuffer) -> [IndexLength]? {
        guard let count = buffer.readInteger(as: Int32.self), count >= 0,
            Int(count) <= buffer.readableBytes / IndexLength.sizeBytes
        else { return nil }
        var indexes: [IndexLength] = []
        indexes.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let (base, size, entries) = buffer.readMultipleIntegers(as: (Int64, Int64, Int32).self),
                base >= 0, size >= 0, entries > 0, indexes.last.map({ $0.baseOffset < base }) ?? true
            else { return nil }
            indexes.append(IndexLength(baseOffset: base, logSizeBytes: size, entryCount: entries))
        }
        return indexes
    }

    private static func checksum(_ buffer: ByteBuffer) -> UInt32 {
        buffer.withUnsafeReadableBytes { bytes in
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[Self.checksummedPosition...]))
        }
    }
}
