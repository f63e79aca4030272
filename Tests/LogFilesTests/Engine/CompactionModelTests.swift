import LogCore
import Model
import RecordBatch
import TestSupport
import Testing

@testable import LogFiles

/// Compaction against a model of a few lines: the newest committed record of each key, and all that is not compacted.
@Suite(.timeLimit(.minutes(20)))
struct CompactionModelTests {
    private enum Fate { case open, committed, aborted }

    /// Random work on one compacted partition.
    private struct Work {
        static let producerIDs: [Int64] = [10, 11, 12]

        var random: SeededGenerator
        let test: CompactedLog
        /// Of records that a transaction wrote.
        var fates: [Offset: Fate] = [:]
        var sequences: [Int64: Int32] = [:]
        var open: [Int64: [Offset]] = [:]
        let keepsTombstones: Bool

        init(seed: UInt64) throws {
            self.random = SeededGenerator(seed: seed)
            var settings = CompactedLog.settings(segmentBytes: Int64.random(in: 600...3_000, using: &self.random))
            self.keepsTombstones = Bool.random(using: &self.random)
            if !self.keepsTombstones { settings.deleteRetentionMilliseconds = 0 }
            self.test = try CompactedLog(settings)
        }

        mutating func step() throws {
            switch Int.random(in: 0..<20, using: &self.random) {
            case 0..<9: try self.write(by: nil)
            case 9..<13: try self.write(by: Self.producerIDs.randomElement(using: &self.random))
            case 13..<16: try self.end(commits: Bool.random(using: &self.random))
            case 16: try self.test.roll()
            case 17: try self.test.restart(cleanly: Bool.random(using: &self.random))
            default:
                // Nothing beyond an open transaction is compacted.
                if Bool.random(using: &self.random) { while !self.open.isEmpty { try self.end(commits: true) } }
                try self.test.roll()
                try self.test.clean()
                try self.check(isClean: true)
            }
        }

        private mutating func write(by id: Int64?) throws {
            let count = Int.random(in: 1...6, using: &self.random)
            let records = (0..<count).map { _ -> (key: String?, value: String?) in
                let hasValue = Int.random(in: 0..<100, using: &self.random) < 85
                return (
                    "k\(Int.random(in: 0..<12, using: &self.random))",
                    hasValue ? "v\(UInt16.random(in: 0...(.max), using: &self.random))" : nil
                )
            }
            var producer = Producer()
            if let id { producer = Producer(id: id, sequence: self.sequences[id] ?? 0, isTransactional: true) }
            let before = self.test.written.count
            try self.test.write(
                records,
                producer: producer,
                compression: CompressionCodec.allCases.randomElement(using: &self.random) ?? .none
            )
            guard let id else { return }
            self.sequences[id, default: 0] += Int32(count)
            for record in self.test.written[before...] {
                self.fates[record.offset] = .open
                self.open[id, default: []].append(record.offset)
            }
        }

        private mutating func end(commits: Bool) throws {
            guard let (id, offsets) = self.open.min(by: { $0.key < $1.key }) else { return }
            self.open[id] = nil
            try self.test.end(Producer(id: id, isTransactional: true), commits: commits)
            for offset in offsets { self.fates[offset] = commits ? .committed : .aborted }
        }

        private func fate(_ record: CompactedLog.Found) -> Fate { self.fates[record.offset] ?? .committed }

        /// - Parameter isClean: compaction has just done all that it may.
        func check(isClean: Bool) throws {
            let byOffset = Dictionary(uniqueKeysWithValues: self.test.written.map { ($0.offset, $0) })
            let all = try self.test.read()
            #expect(zip(all, all.dropFirst()).allSatisfy { $0.offset < $1.offset })
            #expect(all.allSatisfy { byOffset[$0.offset] == $0 }, "a record is not what was written at its offset")
            // Readers of committed records end at the first open transaction.
            guard self.open.isEmpty else { return }
            let found = try self.test.read(.readCommitted)
            #expect(found.allSatisfy { self.fate($0) == .committed }, "an aborted record is read")
            let committed = self.test.written.filter { self.fate($0) == .committed }
            let (newest, newestFound) = (Self.newest(of: committed), Self.newest(of: found))
            for (key, record) in newest where newestFound[key] != record {
                #expect(record.value == nil && newestFound[key] == nil, "the newest record of \(key) is gone")
                #expect(!self.keepsTombstones, "a tombstone is gone before its time")
            }
            guard isClean else { return }
            let end = self.test.activeBase
            #expect(found.filter { $0.offset >= end } == committed.filter { $0.offset >= end })
            let below = Self.newest(of: committed.filter { $0.offset < end })
            for record in found where record.offset < end {
                #expect(below[record.key ?? ""] == record, "\(record) is superseded")
            }
        }

        private static func newest(of records: [CompactedLog.Found]) -> [String: CompactedLog.Found] {
            Dictionary(records.map { ($0.key ?? "", $0) }, uniquingKeysWith: { $1 })
        }
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `readers find the newest record of each key through compaction, transactions and restarts`(
        seed: UInt64
    ) throws {
        var work = try Work(seed: seed)
        for _ in 0..<60 { try work.step() }
        try work.check(isClean: false)
        try work.test.engine.close()
    }
}
