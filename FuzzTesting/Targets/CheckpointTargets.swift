import LogCore
import Model
import NIOCore
import RecordBatch

extension FuzzTarget {
    static let checkpoints: [FuzzTarget] = [
        FuzzTarget(name: "checkpoints", seeds: Self.checkpointSeeds, read: Self.readCheckpoint),
        FuzzTarget(name: "producer-snapshots", seeds: Self.snapshotSeeds, read: Self.readSnapshot),
        FuzzTarget(name: "indexes", seeds: Self.indexSeeds, read: Self.readIndex),
    ]

    // MARK: Text files

    private static func checkpointSeeds() -> [ByteBuffer] {
        let offsets = OffsetCheckpoint([.init(topic: "t", partition: 0): 7, .init(topic: "u-1", partition: 3): 0])
        let epochs = LeaderEpochs([
            .init(epoch: LeaderEpoch(0), startOffset: 0), .init(epoch: LeaderEpoch(4), startOffset: 9),
        ])
        let owner = PartitionMetadata(topicID: TopicID(high: 1, low: 2))
        let properties = DirectoryProperties(
            nodeID: BrokerID(1),
            clusterID: "c",
            directoryID: TopicID(high: 1, low: 2)
        )
        let names = ["00000000000000000042.timeindex", "topic-with-dash-12", "t-1.0123.salvage"]
        return [offsets.encoded(), epochs.encoded(), owner.encoded(folder: "t-0"), properties.encoded()]
            .map { ByteBuffer(bytes: $0) } + names.map { ByteBuffer(string: $0) }
    }

    private static func readCheckpoint(_ input: ByteBuffer) {
        let bytes = input.allBytes
        if let cleaned = CleanedSegments(decoding: bytes) {
            Self.require(CleanedSegments(decoding: cleaned.encoded()) == cleaned, "segments change when written")
        }
        if let offsets = OffsetCheckpoint(decoding: bytes) {
            Self.require(OffsetCheckpoint(decoding: offsets.encoded()) == offsets, "offsets change when written")
        }
        if let epochs = LeaderEpochs(decoding: bytes) {
            Self.require(LeaderEpochs(decoding: epochs.encoded()) == epochs, "epochs change when written")
            _ = epochs.endOffset(for: LeaderEpoch(1), logEnd: .max)
        }
        if let owner = PartitionMetadata(decoding: bytes, folder: "t-0") {
            let again = PartitionMetadata(decoding: owner.encoded(folder: "t-0"), folder: "t-0")
            Self.require(again?.topicID == owner.topicID, "an owner changes when written")
        }
        _ = PartitionMetadata.ownership(of: "t-0", bytes, for: TopicID(high: 1, low: 2))
        _ = OffsetCheckpoint.read("c", file: bytes, copy: bytes)
        if let properties = DirectoryProperties(decoding: bytes) {
            let again = DirectoryProperties(decoding: properties.encoded())
            Self.require(again?.nodeID == properties.nodeID, "a directory changes its node when written")
        }
        _ = DirectoryProperties.version(in: bytes)
        let name = String(decoding: bytes.prefix(255), as: UTF8.self)
        if let (kind, base) = FileNames.parse(name) {
            Self.require(FileNames.file(kind, base: base) == name, "\(name) is another file's name")
        }
        if let folder = FileNames.parseFolder(name) {
            let again = FileNames.folder(topic: folder.topic, partition: folder.partition)
            Self.require(again == name, "\(name) is another folder's name")
        }
    }

    // MARK: Producers

    private static func snapshotSeeds() -> [ByteBuffer] {
        var table = ProducerTable()
        for id in 1...3 {
            var entry = ProducerEntry(
                epoch: ProducerEpoch(2),
                coordinatorEpoch: 1,
                lastTimestamp: 9,
                transactionFirstOffset: id == 2 ? 40 : nil
            )
            for number in 0..<Int32(id * 2) {
                entry.append(.init(lastSequence: number, offsetDelta: 0, lastOffset: Offset(number)))
            }
            table[ProducerID(Int64(id))] = entry
        }
        let snapshot = ProducerSnapshot.encode(table)
        let checkpoint = ProducerCheckpoint([
            TopicPartition(topicID: TopicID(high: 1, low: 2), partition: 3): .init(
                offset: 50,
                snapshot: snapshot,
                transactionIndexes: [.init(baseOffset: 0, logSizeBytes: 900, entryCount: 3)]
            )
        ])
        return [snapshot, ByteBuffer(bytes: checkpoint.encoded())]
    }

    /// With the checksum that the bytes should have: both files have it at the same place.
    private static func readSnapshot(_ input: ByteBuffer) {
        var bytes = input
        guard bytes.readableBytes >= 10 else { return }
        let crc = bytes.withUnsafeReadableBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[6...])) }
        bytes.setInteger(crc, at: bytes.readerIndex + 2)
        if let table = ProducerSnapshot.decode(bytes) {
            let encoded = ProducerSnapshot.encode(table)
            let again = ProducerSnapshot.decode(encoded).map { ProducerSnapshot.encode($0) }
            Self.require(again == encoded, "producers change when they are written")
        }
        if let checkpoint = ProducerCheckpoint(decoding: bytes.allBytes) {
            Self.require(
                ProducerCheckpoint(decoding: checkpoint.encoded()) == checkpoint,
                "a checkpoint of producers changes when it is written"
            )
        }
    }

    // MARK: Indexes

    private static func indexSeeds() -> [ByteBuffer] {
        var offsets = ByteBuffer(integer: UInt8(0))
        var times = ByteBuffer(integer: UInt8(1))
        var aborted = ByteBuffer(integer: UInt8(2))
        for number in 1...3 {
            OffsetIndexEntry(relativeOffset: UInt32(number * 5), position: UInt32(number * 400)).encode(into: &offsets)
            TimeIndexEntry(timestamp: Timestamp(number * 9), relativeOffset: UInt32(number * 5)).encode(into: &times)
            AbortedTransactions.Entry(
                producerID: ProducerID(7),
                firstOffset: Offset(number * 10),
                lastOffset: Offset(number * 10 + 5),
                lastStableOffset: Offset(number * 10 + 6)
            ).encode(into: &aborted)
        }
        return [offsets, times, aborted]
    }

    private static func readIndex(_ input: ByteBuffer) {
        guard let (choice, bytes) = input.split() else { return }
        var rest = bytes
        switch choice % 3 {
        case 0:
            var entries: [OffsetIndexEntry] = []
            while let entry = OffsetIndexEntry(from: &rest) { entries.append(entry) }
            let count = IndexSearch.soundPrefix(entries, logBytes: 10_000)
            Self.require(count <= entries.count, "more sound entries than there are")
            _ = IndexSearch.last(count: entries.count, entry: { entries[$0] }, where: { $0.relativeOffset <= 77 })
        case 1:
            var entries: [TimeIndexEntry] = []
            while let entry = TimeIndexEntry(from: &rest) { entries.append(entry) }
            let count = IndexSearch.soundPrefix(entries)
            Self.require(count <= entries.count, "more sound entries than there are")
        default:
            var table = AbortedTransactions(knownFrom: 0)
            var found = AbortedTransactions.Overlap(10..<1_000)
            while let entry = AbortedTransactions.Entry(from: &rest) {
                table.append(entry)
                found.add(entry)
            }
            table.collect(into: &found)
            table.trim(storedEnd: 500)
            table.truncate(to: 900)
            table.removeBefore(20)
            _ = found.transactions
        }
    }
}
