import NIOCore
import NIOPosix
import Testing

@testable import ObjectStore

@Suite struct DirectoryObjectStoreTests {
    private static func withStore(_ body: (DirectoryObjectStore) async throws -> Void) async throws {
        var generator = SystemRandomNumberGenerator()
        let path = "/tmp/millrace-objects-\(generator.next())/deep"
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        let store = try DirectoryObjectStore(path, pool: pool) {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        }
        do {
            try await body(store)
        } catch {
            try await pool.shutdownGracefully()
            throw error
        }
        let page = try await store.list(prefix: "", after: "")
        try await store.delete(page.entries.map(\.name))
        try await pool.shutdownGracefully()
    }

    private static func expect(
        _ code: ObjectStoreError.Code,
        _ call: () async throws -> Void
    ) async {
        await #expect {
            try await call()
        } throws: { error in
            (error as? ObjectStoreError)?.code == code
        }
    }

    @Test func `objects are written whole, read in part, listed in order and deleted`() async throws {
        try await Self.withStore { store in
            try await store.put("w/1-a/0.0", [ByteBuffer(string: "hello "), ByteBuffer(string: "world")])
            try await store.put("w/1-a/0.1", [ByteBuffer(string: "x")])
            try await store.put("o/ü%.x", [])
            #expect(try await store.get("w/1-a/0.0", range: nil) == ByteBuffer(string: "hello world"))
            #expect(try await store.get("w/1-a/0.0", range: 6..<11) == ByteBuffer(string: "world"))
            #expect(try await store.size(of: "w/1-a/0.0") == 11)
            #expect(try await store.size(of: "w") == nil)
            let all = try await store.list(prefix: "", after: "")
            #expect(all.entries.map(\.name) == ["o/ü%.x", "w/1-a/0.0", "w/1-a/0.1"])
            #expect(all.entries.map(\.size) == [0, 11, 1])
            #expect(try await store.list(prefix: "w/", after: "w/1-a/0.0").entries.map(\.name) == ["w/1-a/0.1"])
            try await store.delete(["w/1-a/0.0", "gone"])
            await Self.expect(.notFound) { _ = try await store.get("w/1-a/0.0", range: nil) }
            await Self.expect(.rangeNotSatisfiable) { _ = try await store.get("w/1-a/0.1", range: 0..<2) }
        }
    }

    @Test func `a conditional write finds what is there`() async throws {
        try await Self.withStore { store in
            #expect(try await store.probeConditions("probe"))
            try await store.put("a", [ByteBuffer(string: "1")], ifAbsent: true)
            await Self.expect(.preconditionFailed) {
                try await store.put("a", [ByteBuffer(string: "2")], ifAbsent: true)
            }
            #expect(try await store.get("a", range: nil) == ByteBuffer(string: "1"))
            try await store.put("a", [ByteBuffer(string: "2")])
            #expect(try await store.get("a", range: nil) == ByteBuffer(string: "2"))
        }
    }

    @Test func `an object in parts appears when it is completed`() async throws {
        try await Self.withStore { store in
            let upload = try await store.beginUpload("big")
            let second = try await store.putPart(upload, number: 2, [ByteBuffer(string: "two")])
            let first = try await store.putPart(upload, number: 1, [ByteBuffer(string: "one ")])
            #expect(try await store.list(prefix: "", after: "").entries.isEmpty)
            try await store.completeUpload(upload, [first, second])
            #expect(try await store.get("big", range: nil) == ByteBuffer(string: "one two"))
            let aborted = try await store.beginUpload("other")
            _ = try await store.putPart(aborted, number: 1, [ByteBuffer(string: "x")])
            try await store.abortUpload(aborted)
            try await store.abortUpload(aborted)
            #expect(try await store.list(prefix: "", after: "").entries.map(\.name) == ["big"])
        }
    }

    @Test func `names that a file system does not take are refused`() async throws {
        try await Self.withStore { store in
            await Self.expect(.invalid) { try await store.put("", []) }
            await Self.expect(.invalid) { try await store.put(String(repeating: "a", count: 256), []) }
            try await store.put("../escape", [ByteBuffer(string: "x")])
            #expect(try await store.list(prefix: "../", after: "").entries.map(\.name) == ["../escape"])
        }
    }
}
