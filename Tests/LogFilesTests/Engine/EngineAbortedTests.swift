import Foundation
import Synchronization
import Testing

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

/// Aborted transactions: memory has the newest, the transaction indexes have all.
@Suite(.timeLimit(.minutes(20)))
struct EngineAbortedTests {
    private static let count = AbortedTransactions.countMax + 60

    /// `count` aborted transactions of one record each: records at even offsets, markers behind them.
    private func writeAborted(_ log: FilePartitionLog) throws {
        for number in 0..<Self.count {
            let producer = Producer(id: 4, sequence: Int32(number), isTransactional: true)
            _ = try log.append(makeBatch(number..<(number + 1), producer: producer), options: options(), waiter: nil)
            try log.write(Self.abort(4), options(origin: .coordinator))
        }
    }

    private static func abort(_ producer: Int64) -> ValidatedBatches {
        ControlRecord(kind: .abort, coordinatorEpoch: 0).encodeBatch(
            producerID: ProducerID(producer),
            producerEpoch: ProducerEpoch(0),
            timestamp: 1_000
        )
    }

    private static let all = (0..<count).map { Offset(2 * $0) }

    private func aborted(_ log: FilePartitionLog, _ offset: Offset, bytesMax: Int = 1 << 20) throws -> [Offset] {
        try log.fetch(offset, bytesMax: bytesMax, isolation: .readCommitted).abortedTransactions.map(\.firstOffset)
    }

    /// All that a reader from `offset` on gets, answer by answer.
    private func walk(_ log: FilePartitionLog, bytesMax: Int) throws -> [Offset] {
        var found: [Offset] = []
        var offset: Offset = 0
        while offset < log.offsets.lastStable {
            let answer = try log.fetch(offset, bytesMax: bytesMax, isolation: .readCommitted)
            found += answer.abortedTransactions.map(\.firstOffset).filter { !found.contains($0) }
            try answer.forEachBatch { (header, _) throws(RecordBatchError) in
                offset = header.lastOffset + 1
                return true
            }
        }
        return found
    }

    @Test func `memory keeps a bounded number, and answers name all`() throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.segmentBytes = 4_000
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        try self.writeAborted(logs[0])
        // Nothing is stored yet, so memory has all.
        #expect(try self.aborted(logs[0], 0) == Self.all)
        engine.settle()
        #expect(logs[0].head.withLock { $0.state.aborted.count } == AbortedTransactions.countMax)
        #expect(logs[0].head.withLock { $0.layout.segments.count } > 3)
        // The records still come from memory, the older transactions from the indexes.
        #expect(try self.aborted(logs[0], 0) == Self.all)
        #expect(try self.aborted(logs[0], 101) == Self.all.filter { $0 >= 100 })
        // And all from the files.
        let end = logs[0].offsets.logEnd
        _ = logs[0].head.withLock { $0.state.evict(before: end) }
        #expect(try self.walk(logs[0], bytesMax: 1_000) == Self.all)
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs(1, settings)
        #expect(reopened[0].head.withLock { $0.state.aborted.count } == 0)
        #expect(try self.walk(reopened[0], bytesMax: 1_000) == Self.all)
        // New ones follow the old ones in the same index.
        try reopened[0].write(makeBatch(0..<1, producer: Producer(id: 9, sequence: 0, isTransactional: true)))
        try reopened[0].write(Self.abort(9), options(origin: .coordinator))
        second.settle()
        #expect(try self.walk(reopened[0], bytesMax: 1_000) == Self.all + [end])
        second.abandon()
        let (third, again) = try fixture.startWithLogs(1, settings)
        #expect(try self.walk(again[0], bytesMax: 1_000) == Self.all + [end])
        try third.close()
    }

    @Test func `an answer names only what overlaps it, by first offset`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        let log = logs[0]
        // 1 begins at 0 and ends at 4; 2 begins at 1 and ends at 3, so its marker comes first.
        try log.write(makeBatch(0..<1, producer: Producer(id: 1, sequence: 0, isTransactional: true)))
        try log.write(makeBatch(1..<2, producer: Producer(id: 2, sequence: 0, isTransactional: true)))
        try log.write(makeBatch(2..<3))
        try log.write(Self.abort(2), options(origin: .coordinator))
        try log.write(Self.abort(1), options(origin: .coordinator))
        try log.write(makeBatch(5..<6, producer: Producer(id: 3, sequence: 0, isTransactional: true)))
        try log.write(Self.abort(3), options(origin: .coordinator))
        let first = try log.fetch(0, bytesMax: 1, isolation: .readCommitted)
        #expect(first.abortedTransactions.map(\.producerID.rawValue) == [1])
        let both = try log.fetch(2, bytesMax: 1, isolation: .readCommitted)
        #expect(both.abortedTransactions.map(\.producerID.rawValue) == [1, 2])
        #expect(try log.fetch(0, isolation: .readCommitted).abortedTransactions.map(\.firstOffset) == [0, 1, 5])
        engine.settle()
        _ = log.head.withLock { $0.state.evict(before: 7) }
        #expect(try self.aborted(log, 0) == [0, 1, 5])
        #expect(try self.aborted(log, 0, bytesMax: 1) == [0])
        #expect(try self.aborted(log, 5) == [5])
        try engine.close()
    }

    /// One bit of the index, at each of its places in an entry, at a start.
    @Test(arguments: [0, 1, 3, 9, 17, 25, 33], [0, 2])
    func `a flipped bit of a closed segment's index is found at a start, and readers get an error`(
        byte: Int,
        entry: Int
    ) throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.segmentBytes = 4_000
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        try self.writeAborted(logs[0])
        engine.settle()
        try engine.close()
        let index = fixture.path + "/orders-0/" + FileNames.file(.transactionIndex, base: 0)
        flipBit(of: index, at: entry * AbortedTransactions.Entry.sizeBytes + byte)
        let (second, reopened) = try fixture.startWithLogs(1, settings)
        #expect(throws: LogError.self) { try self.walk(reopened[0], bytesMax: 1_000) }
        #expect(try reopened[0].fetch(0).bytes > 0, "readers of all records need no index")
        let end = reopened[0].offsets.logEnd
        #expect(try self.aborted(reopened[0], end - 2) == [end - 2], "other segments are whole")
        try second.close()
        let finding = try #require(inspect(fixture, partitions: 1).allFindings.first)
        #expect(finding.kind == .transactionIndex && finding.remedy == .rebuild)
    }

    @Test func `a damaged entry of the segment that grows keeps its place and does not end the index`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try self.writeAborted(logs[0])
        engine.settle()
        try engine.close()
        let index = fixture.path + "/orders-0/" + FileNames.file(.transactionIndex, base: 0)
        flipBit(of: index, at: 3 * AbortedTransactions.Entry.sizeBytes + 9)
        let (second, reopened) = try fixture.startWithLogs()
        #expect(throws: LogError.self) { try self.aborted(reopened[0], 0) }
        #expect(try self.aborted(reopened[0], 20) == Self.all.filter { $0 >= 20 })
        try second.close()
        let (third, again) = try fixture.startWithLogs()
        #expect(throws: LogError.self) { try self.aborted(again[0], 0) }
        third.abandon()
    }

    enum Loss: CaseIterable {
        case lastEntry
        case partOfAnEntry
        case allEntries
        case file
        case lastEntryFlipped
        /// The file of another segment, or of another partition, lies in its place.
        case swapped
    }

    /// Entries that are missing look like transactions that nobody aborted.
    @Test(arguments: Loss.allCases, [(isLast: false, isClean: true), (true, true), (false, false), (true, false)])
    func `an index that lost entries is found at a start, and no aborted record passes for a committed one`(
        loss: Loss,
        segment: (isLast: Bool, isClean: Bool)
    ) throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.segmentBytes = 4_000
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        try self.writeAborted(logs[0])
        engine.settle()
        #expect(engine.checkpoint() == nil)
        let bases = logs[0].head.withLock { $0.layout.infos.map(\.baseOffset) }
        if segment.isClean { try engine.close() } else { engine.abandon() }
        let base = try #require(segment.isLast ? bases.last : bases.first)
        let folder = fixture.path + "/orders-0/"
        let index = folder + FileNames.file(.transactionIndex, base: base)
        let bytes = try Data(contentsOf: URL(filePath: index))
        switch loss {
        case .lastEntry: try bytes.dropLast(34).write(to: URL(filePath: index))
        case .partOfAnEntry: try bytes.dropLast(17).write(to: URL(filePath: index))
        case .allEntries: try Data().write(to: URL(filePath: index))
        case .file: try FileManager.default.removeItem(atPath: index)
        case .lastEntryFlipped: flipBit(of: index, at: bytes.count - 9)
        case .swapped:
            let other = folder + FileNames.file(.transactionIndex, base: bases[1])
            try Data(contentsOf: URL(filePath: other)).write(to: URL(filePath: index))
        }
        let finding = try #require(inspect(fixture, partitions: 1).allFindings.first { $0.severity == .damage })
        #expect(finding.kind == .transactionIndex && finding.remedy == .rebuild)
        for _ in 0..<2 {
            let (second, reopened) = try fixture.startWithLogs(1, settings)
            let end = segment.isLast ? reopened[0].offsets.logEnd : bases[1]
            #expect(throws: LogError.self) { try self.aborted(reopened[0], end - 2, bytesMax: 1) }
            #expect(try reopened[0].fetch(0).bytes > 0, "readers of all records need no index")
            let whole = segment.isLast ? bases[0] : bases[1]
            #expect(try self.aborted(reopened[0], whole, bytesMax: 1).count == 1, "other segments are whole")
            try second.close()
        }
    }

    @Test func `a damaged transaction index is an error, not committed records`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try self.writeAborted(logs[0])
        engine.settle()
        let segment = logs[0].head.withLock { $0.layout.segments[0].files }
        try segment.file(.transactionIndex).truncate(to: 34)
        let end = logs[0].offsets.logEnd
        _ = logs[0].head.withLock { $0.state.evict(before: end) }
        #expect(throws: LogError.self) { try self.aborted(logs[0], 0) }
        #expect(try logs[0].fetch(0).bytes > 0)
        // What memory knows needs no index.
        #expect(try self.aborted(logs[0], end - 2) == [end - 2])
        engine.abandon()
    }
}
