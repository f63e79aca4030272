import Foundation
import GRDB
import Metadata
import MetadataTestSupport
import Synchronization
import Testing

@testable import MetadataSQLite

/// A directory that goes with the test.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("metadata-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    var file: String { self.path + "/metadata.sqlite" }
}

/// A clock that tests move by hand.
final class ManualTime: Sendable {
    private let value = Mutex(Duration.zero)
    func advance(by duration: Duration) { self.value.withLock { $0 += duration } }
    var now: @Sendable () -> Duration { { self.value.withLock { $0 } } }
}

@Suite struct SQLiteMetadataStoreTests {
    let directory: TemporaryDirectory
    let store: SQLiteMetadataStore

    init() throws {
        self.directory = try TemporaryDirectory()
        self.store = try SQLiteMetadataStore(path: self.directory.file)
    }

    private func write(_ operations: MetadataOperation...) async throws -> MetadataOutcome {
        try await self.store.commit(MetadataTransaction(success: operations))
    }

    @Test func `an empty store is at revision 1 and each writing transaction adds one`() async throws {
        #expect(try await self.store.get(MetadataKey("a")).revision == 1)
        #expect(try await self.write(put("a", "1"), put("b", "1")).revision == 2)
        #expect(try await self.write(put("a", "2")).revision == 3)
        let entry = try #require(try await self.store.get(MetadataKey("a")).entry)
        #expect(entry.createRevision == 2)
        #expect(entry.modRevision == 3)
        #expect(entry.version == 2)
        #expect(text(entry) == "2")
    }

    @Test func `a transaction that writes nothing does not move the revision`() async throws {
        _ = try await self.write(put("a", "1"))
        let read = try await self.write(.range(.all))
        #expect(read.revision == 2)
        let nothing = try await self.write(.delete(.prefix(MetadataKey("zz"))))
        #expect(nothing.revision == 2)
        #expect(nothing.responses == [.deleted(count: 0)])
    }

    @Test func `a key made again after its deletion starts at version 1 with a new create revision`() async throws {
        _ = try await self.write(put("a", "1"))
        _ = try await self.write(.delete(.key(MetadataKey("a"))))
        _ = try await self.write(put("a", "2"))
        let entry = try #require(try await self.store.get(MetadataKey("a")).entry)
        #expect(entry.version == 1)
        #expect(entry.createRevision == 4)
    }

    static let compares: [(MetadataCompare, Bool)] = {
        let key = MetadataKey("k")
        let none = MetadataKey("none")
        let value = Array("two".utf8)
        return [
            (.isMissing(none), true), (.isMissing(key), false),
            (.isUnchanged(key, since: 3), true), (.isUnchanged(key, since: 2), false),
            (.isUnchanged(none, since: 0), true),
            (MetadataCompare(key, .equal, .createRevision(2)), true),
            (MetadataCompare(key, .notEqual, .createRevision(2)), false),
            (MetadataCompare(key, .less, .createRevision(3)), true),
            (MetadataCompare(key, .greater, .createRevision(2)), false),
            (MetadataCompare(key, .greater, .modRevision(2)), true),
            (MetadataCompare(key, .less, .modRevision(3)), false),
            (MetadataCompare(key, .notEqual, .modRevision(2)), true),
            (MetadataCompare(key, .equal, .version(2)), true),
            (MetadataCompare(key, .greater, .version(2)), false),
            (MetadataCompare(none, .equal, .version(0)), true),
            (MetadataCompare(none, .less, .version(1)), true),
            (MetadataCompare(key, .equal, .value(value)), true),
            (MetadataCompare(key, .notEqual, .value(value)), false),
            (MetadataCompare(key, .less, .value(Array("zzz".utf8))), true),
            (MetadataCompare(key, .greater, .value(Array("a".utf8))), true),
            (MetadataCompare(none, .equal, .value([])), false),
            (MetadataCompare(none, .notEqual, .value(value)), false),
        ]
    }()

    @Test(arguments: Self.compares)
    func `a compare holds as in etcd`(compare: MetadataCompare, holds: Bool) async throws {
        _ = try await self.write(put("k", "one"))
        _ = try await self.write(put("k", "two"))
        let outcome = try await self.store.commit(
            MetadataTransaction(compares: [compare], success: [put("yes", "")], failure: [put("no", "")])
        )
        #expect(outcome.succeeded == holds)
        #expect(try await (self.store.get(MetadataKey("yes")).entry != nil) == holds)
        #expect(try await (self.store.get(MetadataKey("no")).entry != nil) == !holds)
    }

    @Test func `operations see the effects of those before them`() async throws {
        let outcome = try await self.write(
            put("a", "1"),
            put("b", "2"),
            .range(.all),
            .delete(.prefix(MetadataKey("z"))),
            .range(.all, limit: 1)
        )
        guard case .range(let all) = outcome.responses[2], case .range(let first) = outcome.responses[4] else {
            Issue.record("not ranges")
            return
        }
        #expect(all.entries.map(\.key.description) == ["a", "b"])
        #expect(all.revision == 2)
        #expect(first.entries.count == 1)
        #expect(first.hasMore)
    }

    @Test func `ranges are in byte order, half-open and paged`() async throws {
        let keys = ["t/b", "t/a", "t", "t0", "s", "t/\u{7F}", "t/a0"]
        for key in keys { _ = try await self.write(put(key, key)) }
        _ = try await self.write(.put(key: MetadataKey(bytes: [UInt8(ascii: "t"), 0x2F, 0xFF]), value: []))
        let all = try await self.store.range(.prefix(MetadataKey("t/")))
        #expect(all.entries.map(\.key.description) == ["t/a", "t/a0", "t/b", "t/\\x7f", "t/\\xff"])
        #expect(!all.hasMore)
        let page = try await self.store.range(.prefix(MetadataKey("t/")), limit: 2)
        #expect(page.hasMore)
        var rest = MetadataKeyRange.prefix(MetadataKey("t/"))
        rest.lower = try #require(page.entries.last).key.successor
        #expect(try await self.store.range(rest).entries.count == 3)
        #expect(try await self.store.range(.all).entries.count == 8)
    }

    @Test func `limits of etcd are kept and nothing is written beyond them`() async throws {
        let many = (0...MetadataLimits.operationsMax).map { put("k\($0)", "") }
        let refused: [MetadataTransaction] = [
            MetadataTransaction(success: many),
            MetadataTransaction(success: [], failure: many),
            MetadataTransaction(
                compares: many.indices.map { .isMissing(MetadataKey("k\($0)")) },
                success: []
            ),
            MetadataTransaction(
                success: [.put(key: MetadataKey("a"), value: [UInt8](repeating: 0, count: 1_572_864))]
            ),
            MetadataTransaction(success: [put("a", "1"), put("a", "2")]),
            MetadataTransaction(success: [put("a", "1"), .delete(.all)]),
            MetadataTransaction(success: [put("", "1")]),
        ]
        for transaction in refused {
            let error = await #expect(throws: MetadataError.self) { try await self.store.commit(transaction) }
            #expect(error?.code == .invalidTransaction)
        }
        #expect(try await self.store.range(.all).entries.isEmpty)
        #expect(try await self.write(put("a", String(repeating: "x", count: 1_500_000))).revision == 2)
    }

    @Test func `what was committed is there after closing and opening again`() async throws {
        _ = try await self.write(put("a", "1"))
        _ = try await self.write(put("a", "2"), put("b", "1"))
        try await self.store.close()
        let error = await #expect(throws: MetadataError.self) { try await self.store.get(MetadataKey("a")) }
        #expect(error?.code == .closed)
        let again = try SQLiteMetadataStore(path: self.directory.file)
        let result = try await again.get(MetadataKey("a"))
        #expect(text(result.entry) == "2")
        #expect(result.revision == 3)
        #expect(result.entry?.version == 2)
        #expect(try await again.commit(MetadataTransaction(success: [put("c", "")])).revision == 4)
        try await again.close()
    }

    @Test func `a killed process leaves every committed transaction`() async throws {
        // The files as a kill leaves them: database and log, without a checkpoint, the log with a torn end.
        let copy = try TemporaryDirectory()
        for number in 0..<50 {
            _ = try await self.write(put("k", "\(number)"), put("n\(number)", "x"))
        }
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: self.directory.file + suffix, toPath: copy.file + suffix)
        }
        let log = try #require(FileHandle(forWritingAtPath: copy.file + "-wal"))
        try log.seekToEnd()
        try log.write(contentsOf: Data(repeating: 0xA5, count: 5_000))
        try log.close()
        let again = try SQLiteMetadataStore(path: copy.file)
        let result = try await again.get(MetadataKey("k"))
        #expect(text(result.entry) == "49")
        #expect(result.revision == 51)
        #expect(try await again.range(.prefix(MetadataKey("n"))).entries.count == 50)
        try await again.close()
    }

    @Test func `a full disk refuses the write and keeps the store working`() async throws {
        _ = try await self.write(put("a", "1"))
        try await self.store.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA max_page_count = 20")
        }
        let error = await #expect(throws: MetadataError.self) {
            _ = try await self.write(put("b", ""), put("large", String(repeating: "x", count: 1_000_000)))
        }
        #expect(error?.code == .diskFull)
        #expect(try await self.store.range(.all).entries.map(\.key.description) == ["a"])
        #expect(try await self.write(put("a", "2")).revision == 3)
    }

    @Test func `a file of newer software, of something else, or in use is refused in one line`() async throws {
        func code(_ path: String) -> MetadataError.Code? {
            do {
                _ = try SQLiteMetadataStore(path: path)
                return nil
            } catch {
                #expect(!error.message.contains("\n"))
                return error.code
            }
        }
        #expect(code(self.directory.file) == .locked)
        try await self.store.close()
        #expect(code(self.directory.path + "/missing/metadata.sqlite") == .unavailable)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: self.directory.file))
        // user_version is at byte 60 of the file, application_id at byte 68, both big-endian.
        var newer = bytes
        newer[63] = 3
        let newerPath = self.directory.path + "/newer.sqlite"
        try newer.write(to: URL(fileURLWithPath: newerPath))
        #expect(code(newerPath) == .newerFormat)
        var other = bytes
        other[68] = 0
        let otherPath = self.directory.path + "/other.sqlite"
        try other.write(to: URL(fileURLWithPath: otherPath))
        #expect(code(otherPath) == .corrupt)
        let noisePath = self.directory.path + "/noise.sqlite"
        try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: noisePath))
        #expect(code(noisePath) == .corrupt)
        #expect(code(self.directory.file) == nil)
    }

    @Test func `a thousand topics fit twenty transactions`() async throws {
        for first in stride(from: 0, to: 1_000, by: 50) {
            var transaction = MetadataTransaction(success: [])
            for number in first..<(first + 50) {
                transaction.compares.append(.isMissing(MetadataKey("t/\(number)")))
                transaction.success += [
                    put("t/\(number)", String(repeating: "x", count: 100)), put("tid/\(number)", ""),
                ]
            }
            #expect(try await self.store.commit(transaction).succeeded)
        }
        let loaded = try await self.store.range(.prefix(MetadataKey("t/")))
        #expect(loaded.entries.count == 1_000)
        #expect(loaded.revision == 21)
    }
}
