import Foundation
import GRDB
import Metadata
import MetadataTestSupport
import Synchronization
import TestSupport
import Testing

@testable import MetadataSQLite

/// Files of the metadata that were changed, cut or removed while no process had them open.
@Suite struct DamageTests {
    /// A store after some commits, as the files are when the process is killed.
    private func killedStore(in directory: TemporaryDirectory) async throws {
        let store = try SQLiteMetadataStore(path: directory.file)
        for number in 0..<12 {
            _ = try await store.commit(
                MetadataTransaction(success: [put("t/\(number)", String(repeating: "v", count: 40 + number))])
            )
        }
        _ = try await store.commit(MetadataTransaction(success: [.delete(.key(MetadataKey("t/3")))]))
        // What a kill leaves: the files as they are now, the write-ahead log among them.
        let copy = directory.path + "/killed"
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in ["metadata.sqlite", "metadata.sqlite-wal", "metadata.mirror"] {
            try FileManager.default.copyItem(atPath: directory.path + "/" + name, toPath: copy + "/" + name)
        }
        try await store.close()
    }

    private enum Outcome: Equatable {
        case opened(restored: Bool)
        case refused
    }

    /// Opens a copy of the killed store with one file changed; what is served must be all that was acknowledged.
    private func open(_ directory: TemporaryDirectory, changing file: String, _ change: (inout Data?) -> Void)
        async throws -> Outcome
    {
        let copy = try TemporaryDirectory()
        for name in ["metadata.sqlite", "metadata.sqlite-wal", "metadata.mirror"] {
            let source = URL(fileURLWithPath: directory.path + "/killed/" + name)
            var data: Data? = try Data(contentsOf: source)
            if name == file { change(&data) }
            try data?.write(to: URL(fileURLWithPath: copy.path + "/" + name))
        }
        let store: SQLiteMetadataStore
        do {
            store = try SQLiteMetadataStore(path: copy.file)
        } catch {
            #expect(error.code == .corrupt)
            #expect(!error.message.contains("\n"))
            return .refused
        }
        let entries = try await store.range(.all).entries
        let expected = (0..<12).filter { $0 != 3 }.map { "t/\($0)" }.sorted()
        #expect(entries.map(\.key.description) == expected)
        #expect(entries.allSatisfy { $0.value.allSatisfy { $0 == UInt8(ascii: "v") } })
        let restored = store.openingNotice?.contains("restored") ?? false
        #expect(try await store.commit(MetadataTransaction(success: [put("new", "1")])).revision == 15)
        try await store.close()
        // And the next start finds two whole copies.
        let again = try SQLiteMetadataStore(path: copy.file)
        #expect(again.openingNotice == nil)
        #expect(try await again.get(MetadataKey("new")).entry != nil)
        try await again.close()
        return .opened(restored: restored)
    }

    @Test func `a killed store opens without a word`() async throws {
        let directory = try TemporaryDirectory()
        try await self.killedStore(in: directory)
        #expect(try await self.open(directory, changing: "") { _ in } == .opened(restored: false))
    }

    @Test func `one changed bit anywhere in the write-ahead log loses nothing`() async throws {
        let directory = try TemporaryDirectory()
        try await self.killedStore(in: directory)
        var generator = SeededGenerator(seed: 17)
        var restored = 0
        let size = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/killed/metadata.sqlite-wal")).count
        for _ in 0..<24 {
            let bit = Int.random(in: 0..<(size * 8), using: &generator)
            let outcome = try await self.open(directory, changing: "metadata.sqlite-wal") { data in
                data?[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            #expect(outcome != .refused, "bit \(bit)")
            if outcome == .opened(restored: true) { restored += 1 }
        }
        // SQLite alone would have opened all of them and served less.
        #expect(restored > 4)
    }

    @Test func `one changed bit anywhere in the database loses nothing`() async throws {
        let directory = try TemporaryDirectory()
        try await self.killedStore(in: directory)
        var generator = SeededGenerator(seed: 23)
        let size = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/killed/metadata.sqlite")).count
        for _ in 0..<24 {
            let bit = Int.random(in: 0..<(size * 8), using: &generator)
            let outcome = try await self.open(directory, changing: "metadata.sqlite") { data in
                data?[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            // A changed layout number reads as newer software or as another program's file: refused, and kept.
            if outcome == .refused { #expect((56..<72).contains(bit / 8), "bit \(bit)") }
        }
    }

    @Test func `one changed bit anywhere in the mirror loses nothing`() async throws {
        let directory = try TemporaryDirectory()
        try await self.killedStore(in: directory)
        var generator = SeededGenerator(seed: 29)
        for round in 0..<24 {
            let range = round < 20 ? 0..<(2_000 * 8) : 0..<(250_000 * 8)
            let bit = Int.random(in: range, using: &generator)
            let outcome = try await self.open(directory, changing: "metadata.mirror") { data in
                data?[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            #expect(outcome == .opened(restored: false), "bit \(bit)")
        }
    }

    @Test(arguments: ["metadata.sqlite", "metadata.sqlite-wal", "metadata.mirror"])
    func `a file that is cut, emptied or deleted loses nothing`(file: String) async throws {
        let directory = try TemporaryDirectory()
        try await self.killedStore(in: directory)
        let size = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/killed/" + file)).count
        for count in [0, 1, 100, 4096, size / 2, size - 1] where count < size {
            let outcome = try await self.open(directory, changing: file) { $0 = $0?.prefix(count) }
            #expect(outcome != .refused, "cut to \(count)")
        }
        #expect(try await self.open(directory, changing: file) { $0 = nil } != .refused)
    }

    @Test func `what is found damaged is kept beside the restored database`() async throws {
        let directory = try TemporaryDirectory()
        try await self.killedStore(in: directory)
        let path = directory.path + "/killed/metadata.sqlite"
        try FileManager.default.removeItem(atPath: path + "-wal")
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        let store = try SQLiteMetadataStore(path: path)
        #expect(store.openingNotice?.contains("metadata.sqlite.damaged-1") == true)
        try await store.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path + ".damaged-1")) == Data("nonsense".utf8))
    }

    @Test func `a row that is changed while the store is open is refused`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteMetadataStore(path: directory.file)
        _ = try await store.commit(MetadataTransaction(success: [put("a", "1"), put("b", "1")]))
        try await store.database.writeWithoutTransaction { db in
            try db.execute(sql: "UPDATE entry SET value = x'32' WHERE key = x'61'")
        }
        let error = await #expect(throws: MetadataError.self) { try await store.get(MetadataKey("a")) }
        #expect(error?.code == .corrupt)
        #expect(text(try await store.get(MetadataKey("b")).entry) == "1")
    }

    @Test func `the mirror is written again when changes outgrow it`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteMetadataStore(path: directory.file)
        let value = String(repeating: "x", count: 200_000)
        for _ in 0..<8 { _ = try await store.commit(MetadataTransaction(success: [put("a", value)])) }
        #expect(store.mirror.withLock { $0.isOutgrown } == false)
        let size = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/metadata.mirror")).count
        #expect(size < 1_500_000)
        try await store.close()
        let again = try SQLiteMetadataStore(path: directory.file)
        #expect(again.openingNotice == nil)
        #expect(try await again.get(MetadataKey("a")).entry?.value.count == 200_000)
        try await again.close()
    }

    @Test func `a session ID is not granted again after a restore`() async throws {
        let directory = try TemporaryDirectory()
        let time = ManualTime()
        let store = try SQLiteMetadataStore(path: directory.file, now: time.now)
        let first = try await store.openSession(timeToLive: .seconds(60))
        let second = try await store.openSession(timeToLive: .seconds(60))
        try await store.closeSession(second.id)
        try await store.close()
        try FileManager.default.removeItem(atPath: directory.file)
        let again = try SQLiteMetadataStore(path: directory.file, now: time.now)
        try await again.keepAlive(first.id)
        let third = try await again.openSession(timeToLive: .seconds(60))
        #expect(third.id.rawValue > second.id.rawValue)
        try await again.close()
    }
}
