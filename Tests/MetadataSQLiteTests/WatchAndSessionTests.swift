import Foundation
import Metadata
import MetadataTestSupport
import Synchronization
import Testing

@testable import MetadataSQLite

@Suite(.timeLimit(.minutes(20))) struct WatchAndSessionTests {
    let directory: TemporaryDirectory
    let time = ManualTime()
    let store: SQLiteMetadataStore

    init() throws {
        self.directory = try TemporaryDirectory()
        self.store = try SQLiteMetadataStore(
            path: self.directory.file,
            history: .init(eventCountMax: 20),
            now: self.time.now
        )
    }

    private func write(_ operations: MetadataOperation...) async throws -> MetadataOutcome {
        try await self.store.commit(MetadataTransaction(success: operations))
    }

    private func summary(_ batch: MetadataWatchBatch?) -> [String]? {
        batch?.events.map { event in
            switch event {
            case .put(let entry): "\(entry.modRevision) \(entry.key)=\(String(decoding: entry.value, as: UTF8.self))"
            case .deleted(let key, let revision): "\(revision) \(key) deleted"
            }
        }
    }

    @Test func `a watch delivers past and coming changes of its range in order, without a gap`() async throws {
        _ = try await self.write(put("a/1", "x"), put("b/1", "x"))
        _ = try await self.write(put("a/2", "y"))
        var iterator = self.store.watch(prefix: MetadataKey("a/"), from: 2).makeAsyncIterator()
        let past = try await iterator.next()
        #expect(self.summary(past) == ["2 a/1=x", "3 a/2=y"])
        #expect(past?.revision == 3)
        async let coming = iterator.next()
        _ = try await self.write(put("b/2", "not watched"))
        _ = try await self.write(.delete(.prefix(MetadataKey("a/"))), put("c", ""))
        let batch = try await coming
        #expect(self.summary(batch) == ["5 a/1 deleted", "5 a/2 deleted"])
        #expect(batch?.revision == 5)
    }

    @Test func `a watch from a revision leaves out what was before`() async throws {
        for number in 2...6 { _ = try await self.write(put("a", "\(number)")) }
        var iterator = self.store.watch(.all, from: 5).makeAsyncIterator()
        let batch = try await iterator.next()
        #expect(self.summary(batch) == ["5 a=5", "6 a=6"])
    }

    @Test func `a watch from the future skips what comes before it`() async throws {
        var iterator = self.store.watch(.all, from: 4).makeAsyncIterator()
        async let batch = iterator.next()
        for number in 2...4 { _ = try await self.write(put("a", "\(number)")) }
        let events = try await batch
        #expect(self.summary(events) == ["4 a=4"])
    }

    @Test func `a watch behind the kept history must load again`() async throws {
        for number in 0..<30 { _ = try await self.write(put("a", "\(number)")) }
        var old = self.store.watch(.all, from: 2).makeAsyncIterator()
        let error = await #expect(throws: MetadataError.self) { _ = try await old.next() }
        #expect(error?.code == .compacted)
        var recent = self.store.watch(.all, from: 12).makeAsyncIterator()
        let batch = try await recent.next()
        #expect(batch?.events.count == 20)
    }

    @Test func `a quiet watch survives the compaction of changes it does not watch`() async throws {
        var iterator = self.store.watch(prefix: MetadataKey("a/"), from: 2).makeAsyncIterator()
        async let batch = iterator.next()
        // Registered or not by now, the history must not be cut before it is.
        while self.store.waiterCount == 0 { await Task.yield() }
        for number in 0..<50 { _ = try await self.write(put("b", "\(number)")) }
        _ = try await self.write(put("a/1", "x"))
        let events = try await batch
        #expect(self.summary(events) == ["52 a/1=x"])
    }

    @Test func `a cancelled watch ends and leaves nothing behind`() async throws {
        let task = Task { [store] in
            var count = 0
            for try await batch in store.watch(.all, from: 2) { count += batch.events.count }
            return count
        }
        while self.store.waiterCount == 0 { await Task.yield() }
        task.cancel()
        #expect(try await task.value == 0)
        #expect(self.store.waiterCount == 0)
    }

    @Test func `closing the store ends its watches`() async throws {
        let task = Task { [store] in
            var iterator = store.watch(.all, from: 2).makeAsyncIterator()
            return try await iterator.next()
        }
        while self.store.waiterCount == 0 { await Task.yield() }
        try await self.store.close()
        let error = await #expect(throws: MetadataError.self) { try await task.value }
        #expect(error?.code == .closed)
    }

    @Test func `concurrent writers and watchers agree on one order`() async throws {
        let deep = try TemporaryDirectory()
        let store = try SQLiteMetadataStore(path: deep.file)
        let seen = try await withThrowingTaskGroup(of: [MetadataEvent].self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var events: [MetadataEvent] = []
                    for try await batch in store.watch(.all, from: 2) {
                        events += batch.events
                        if events.count >= 200 { break }
                    }
                    return events
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { writers in
                for writer in 0..<4 {
                    writers.addTask {
                        for number in 0..<50 {
                            _ = try await store.commit(MetadataTransaction(success: [put("w\(writer)", "\(number)")]))
                        }
                    }
                }
                try await writers.waitForAll()
            }
            return try await group.reduce(into: [[MetadataEvent]]()) { $0.append($1) }
        }
        #expect(seen.count == 3)
        for events in seen {
            #expect(events.map(\.revision) == Array(2...201))
            #expect(events == seen[0])
        }
        try await store.close()
    }

    @Test func `keys of a session vanish when it is not kept alive`() async throws {
        let session = try await self.store.openSession(timeToLive: .seconds(9))
        #expect(session.timeToLive == .seconds(9))
        _ = try await self.write(put("live/1", "x", session: session.id), put("own/1", "y"))
        _ = try await self.write(put("live/2", "x", session: session.id))
        self.time.advance(by: .seconds(8))
        try await self.store.keepAlive(session.id)
        self.time.advance(by: .seconds(8))
        #expect(try await self.store.get(MetadataKey("live/1")).entry?.session == session.id)
        self.time.advance(by: .seconds(1))
        #expect(try await self.store.get(MetadataKey("live/1")).entry == nil)
        #expect(try await self.store.get(MetadataKey("own/1")).revision == 4)
        var iterator = self.store.watch(.all, from: 4).makeAsyncIterator()
        #expect(try await self.summary(iterator.next()) == ["4 live/1 deleted", "4 live/2 deleted"])
        for attempt in 0..<2 {
            let error = await #expect(throws: MetadataError.self) {
                if attempt == 0 {
                    try await self.store.keepAlive(session.id)
                } else {
                    _ = try await self.write(put("a", "", session: session.id), put("b", ""))
                }
            }
            #expect(error?.code == .sessionNotFound)
        }
        #expect(try await self.store.get(MetadataKey("b")).entry == nil)
    }

    @Test func `expiry is delivered without another call to the store`() async throws {
        let session = try await self.store.openSession(timeToLive: .seconds(1))
        _ = try await self.write(put("live", "x", session: session.id))
        self.time.advance(by: .seconds(2))
        let expiry = Task { [store] in try await store.runSessionExpiry() }
        var iterator = self.store.watch(.all, from: 3).makeAsyncIterator()
        #expect(try await self.summary(iterator.next()) == ["3 live deleted"])
        expiry.cancel()
        try await expiry.value
    }

    @Test func `closing a session deletes what is still bound to it, and only that`() async throws {
        let session = try await self.store.openSession(timeToLive: .seconds(9))
        _ = try await self.write(put("a", "x", session: session.id), put("b", "x", session: session.id))
        _ = try await self.write(put("b", "unbound"))
        try await self.store.closeSession(session.id)
        try await self.store.closeSession(session.id)
        #expect(try await self.store.range(.all).entries.map(\.key.description) == ["b"])
        let other = try await self.store.openSession(timeToLive: .seconds(9))
        #expect(other.id != session.id)
    }

    @Test func `a session outlives a restart by its whole time to live`() async throws {
        let session = try await self.store.openSession(timeToLive: .seconds(9))
        _ = try await self.write(put("a", "x", session: session.id))
        self.time.advance(by: .seconds(8))
        try await self.store.close()
        let again = try SQLiteMetadataStore(path: self.directory.file, now: self.time.now)
        self.time.advance(by: .seconds(8))
        #expect(try await again.get(MetadataKey("a")).entry != nil)
        self.time.advance(by: .seconds(1))
        #expect(try await again.get(MetadataKey("a")).entry == nil)
        try await again.close()
    }
}

extension SQLiteMetadataStore {
    var waiterCount: Int { self.watches.waiterCount }
}
