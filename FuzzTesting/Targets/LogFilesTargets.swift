import LogCore
import Model
import NIOCore
import RecordBatch

@testable import LogFiles

extension FuzzTarget {
    static let logFiles: [FuzzTarget] = [
        FuzzTarget(name: "segments", seeds: Self.segmentSeeds, read: Self.readSegments),
        FuzzTarget(name: "journal", seeds: Self.journalSeeds, read: Self.readJournal),
    ]

    // MARK: Segments

    private static let folder = "/t-0"
    private static let names = [
        FileNames.file(.log, base: 0), FileNames.file(.offsetIndex, base: 0), FileNames.file(.timeIndex, base: 0),
        FileNames.file(.transactionIndex, base: 0), FileNames.file(.snapshot, base: 9), FileNames.leaderEpochs,
    ]

    /// Nine offsets: three plain records, three of a producer, a transaction of two and its marker.
    private static let log: ByteBuffer = {
        var log = Self.batch(.init())
        log.writeImmutableBuffer(
            Self.batch(
                .init(baseOffset: 3, producerID: ProducerID(7), producerEpoch: ProducerEpoch(1), baseSequence: 4)
            )
        )
        log.writeImmutableBuffer(
            Self.batch(
                .init(
                    compression: .lz4,
                    baseOffset: 6,
                    producerID: ProducerID(7),
                    producerEpoch: ProducerEpoch(1),
                    baseSequence: 7,
                    isTransactional: true
                )
            )
        )
        var marker = ControlRecord(kind: .abort, coordinatorEpoch: 3)
            .encodeBatch(producerID: ProducerID(7), producerEpoch: ProducerEpoch(1), timestamp: 1_000).buffer
        marker.setInteger(Int64(9), at: marker.readerIndex)
        log.writeImmutableBuffer(marker)
        return log
    }()

    private static var soundFiles: [[UInt8]] {
        var offsets = ByteBuffer()
        OffsetIndexEntry(relativeOffset: 5, position: UInt32(Self.batch(.init()).readableBytes)).encode(into: &offsets)
        var times = ByteBuffer()
        TimeIndexEntry(timestamp: 1_700_000_000_001, relativeOffset: 5).encode(into: &times)
        var aborted = ByteBuffer()
        AbortedTransactions.Entry(
            producerID: ProducerID(7),
            firstOffset: 6,
            lastOffset: 9,
            lastStableOffset: 10
        ).encode(into: &aborted)
        let epochs = LeaderEpochs([.init(epoch: LeaderEpoch(0), startOffset: 0)])
        return [
            Self.log.allBytes, offsets.allBytes, times.allBytes, aborted.allBytes,
            ProducerSnapshot.encode(ProducerTable()).allBytes, epochs.encoded(),
        ]
    }

    private static func segmentSeeds() -> [ByteBuffer] {
        Self.soundFiles.enumerated().flatMap { index, bytes in
            [0, 8, 16, 24].map { .choosing(index + $0, ByteBuffer(bytes: bytes)) }
        }
    }

    /// The first byte: which file of a partition the bytes replace, 8 when a checkpoint vouches for all of the log,
    /// 16 when batches get their checksums. Then the partition is recovered and read from every offset.
    private static func readSegments(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        var files = Self.soundFiles
        let index = (choice & 7) % files.count
        files[index] = rest.allBytes
        if choice & 16 != 0 { Self.fixChecksums(&files[0]) }
        let contents = zip(Self.names, files).map { (Self.folder + "/" + $0, $1) }
        let folder = Directory(Self.folder, on: MemoryDisk(Dictionary(uniqueKeysWithValues: contents)))
        let recovery = PartitionRecovery(
            folder: folder,
            openFiles: OpenFiles(countMax: 10),
            settings: LogSettings(),
            vouched: choice & 8 != 0 ? .below(10) : .nothing,
            logStart: 0,
            cleanerOffset: nil,
            producers: nil,
            epoch: nil,
            now: 1_700_000_000_000
        )
        guard let recovered = try? recovery.run(), let segment = recovered.layout.segments.first else { return }
        let end = recovered.stored.endOffset
        for offset in 0..<min(end, 12) { Self.read(segment, from: offset, end: end) }
        var search = try? SegmentSearch(segment, from: 2, end: end, gapsBefore: 0)
        while let header = try? search?.next(), header.baseOffset < 1_000 { _ = try? search?.batch() }
    }

    private static func read(_ segment: SegmentLayout.Segment, from offset: Offset, end: Offset) {
        let target = SegmentReader.Target(
            segment: segment,
            hint: nil,
            limit: end,
            end: end,
            gapsBefore: 0,
            compactionCount: 0,
            isFollowed: false
        )
        let request = ReadRequest(offset: offset, bytesMax: 300, atLeastOneBatch: true, isolation: .readUncommitted)
        guard var reader = try? SegmentReader(target, request), let slice = try? reader.run() else { return }
        guard case .records(let bytes, let firstOffset, let sliceEnd, _) = slice else { return }
        Self.require(
            firstOffset <= offset && offset < sliceEnd,
            "a read of \(offset) gives \(firstOffset)..<\(sliceEnd)"
        )
        var next = firstOffset
        do throws(RecordBatchError) {
            var cursor = BatchCursor(bytes, verifiesChecksums: true)
            while let batch = try cursor.next() {
                Self.require(batch.header.baseOffset == next, "offset \(next) was left out in silence")
                next = batch.header.nextOffset
            }
        } catch {
            Self.require(false, "a read gives bytes that are not sound: \(error)")
        }
        Self.require(next == sliceEnd, "a read ends at \(next) and says \(sliceEnd)")
    }

    // MARK: Journal

    private static let journalFile = "000.journal"
    private static let journalID: UInt64 = 0x1122_3344_5566_7788

    private static func journalSeeds() -> [ByteBuffer] {
        var file = [UInt8](repeating: 0, count: JournalFormat.blockBytes)
        file.withUnsafeMutableBytes {
            JournalFormat.encode(
                JournalFormat.FileHeader(
                    journalID: Self.journalID,
                    sequence: 1,
                    firstRound: 1,
                    floor: 1,
                    isWritten: true
                ),
                into: $0
            )
        }
        for number in 1...2 as ClosedRange<UInt64> { file += Self.round(number) }
        return [ByteBuffer(bytes: file)]
    }

    private final class Owner: Sendable {}
    private static let owner = Owner()

    private static func round(_ number: UInt64) -> [UInt8] {
        let payload = Self.batch(.init(baseOffset: 3 * Offset(number)))
        let entry = JournalEntry(
            partition: TopicPartition(topicID: TopicID(high: 1, low: 2), partition: 0),
            baseOffset: 3 * Offset(number),
            nextOffset: 3 * Offset(number) + 3,
            leaderEpoch: LeaderEpoch(0),
            head: payload,
            body: ByteBuffer(),
            owner: Self.owner
        )
        var body = [UInt8](repeating: 0, count: JournalFormat.entryBytes(payload: payload.readableBytes))
        body.withUnsafeMutableBytes { JournalFormat.encode(entry, payload: payload.readableBytes, into: $0) }
        let header = JournalFormat.RoundHeader(
            journalID: Self.journalID,
            sequence: 1,
            number: number,
            bodyBytes: body.count,
            bodyCRC: body.withUnsafeBytes { CRC32C.checksum($0) },
            entryCount: 1,
            floor: 1
        )
        var round = [UInt8](repeating: 0, count: header.roundBytes)
        round.withUnsafeMutableBytes { JournalFormat.encode(header, into: $0) }
        round.replaceSubrange(JournalFormat.headerBytes..<(JournalFormat.headerBytes + body.count), with: body)
        return round
    }

    /// Gives every round that fits into the file the checksums that it should have.
    private static func fixRounds(_ bytes: inout [UInt8]) {
        func crc(_ range: Range<Int>) -> UInt32 {
            bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
        func store(_ value: UInt32, at position: Int) {
            for index in 0..<4 { bytes[position + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        }
        if bytes.count >= 64 { store(crc(12..<64), at: 8) }
        var start = JournalFormat.blockBytes
        while start + JournalFormat.headerBytes <= bytes.count {
            let body = start + JournalFormat.headerBytes
            let count = (0..<4).reduce(0) { $0 | Int(bytes[start + 32 + $1]) << (8 * $1) }
            if count <= bytes.count - body { store(crc(body..<(body + count)), at: start + 36) }
            store(crc((start + 8)..<body), at: start + 4)
            start += JournalFormat.blockBytes
        }
    }

    private static func readJournal(_ input: ByteBuffer) {
        var bytes = input.allBytes
        // Whole blocks, as the ring makes its files.
        bytes += [UInt8](repeating: 0, count: JournalFormat.padded(bytes.count) - bytes.count)
        Self.fixRounds(&bytes)
        let directory = Directory("/journal", on: MemoryDisk(["/journal/" + Self.journalFile: bytes]))
        var settings = JournalSettings()
        settings.fileBytes = 1 << 16
        guard
            let inventory = try? JournalInventory(directory: directory, settings: settings, newID: Self.journalID)
        else { return }
        let replay = JournalReplay(
            directory: directory,
            journalID: inventory.journalID,
            sources: inventory.sources,
            floor: inventory.floor,
            end: inventory.nextRound
        )
        var last = JournalPosition(round: 0)
        _ = try? replay.run { event in
            guard case .entry(let entry) = event else { return }
            Self.require(entry.position >= last, "entries go back")
            last = entry.position
            _ = try? RecordBatchValidation.validate(entry.payload, limits: .unlimited, context: .replay)
        }
    }
}
