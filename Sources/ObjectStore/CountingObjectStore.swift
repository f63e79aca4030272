package import NIOCore
internal import Synchronization

/// Kinds of requests that stores price differently.
package enum ObjectRequestKind: String, Sendable, CaseIterable {
    /// Whole writes, and beginnings, parts and ends of those in parts.
    case put
    case get
    case head
    /// Free with most.
    case delete
    case list
}

/// What was asked of a store.
package struct ObjectRequestCounts: Sendable, Equatable {
    package var requests: UInt64 = 0
    /// Of them those that failed, so that they were repeated or given up.
    package var failures: UInt64 = 0
    /// Of the bodies that were written or read.
    package var bytes: UInt64 = 0

    package init() {}
}

/// Counts the requests to a store, each attempt for itself, as the store's owner bills them.
package final class ObjectRequestCounter: Sendable {
    private let state = Mutex<[ObjectRequestKind: ObjectRequestCounts]>([:])

    package init() {}

    /// By kind, in the order of the kinds.
    package var counts: [(kind: ObjectRequestKind, counts: ObjectRequestCounts)] {
        let counts = self.state.withLock { $0 }
        return ObjectRequestKind.allCases.map { ($0, counts[$0] ?? ObjectRequestCounts()) }
    }

    fileprivate func count(_ kind: ObjectRequestKind, failed: Bool, bytes: Int) {
        self.state.withLock { state in
            var counts = state[kind] ?? ObjectRequestCounts()
            counts.requests += 1
            counts.failures += failed ? 1 : 0
            counts.bytes += UInt64(max(0, bytes))
            state[kind] = counts
        }
    }
}

/// A store whose requests are counted. It belongs below the one that repeats them.
package struct CountingObjectStore<Base: ObjectStore>: ObjectStore {
    private let base: Base
    private let counter: ObjectRequestCounter

    package init(_ base: Base, _ counter: ObjectRequestCounter) {
        self.base = base
        self.counter = counter
    }

    private func counted<Value: Sendable>(
        _ kind: ObjectRequestKind,
        bytes: (Value) -> Int = { _ in 0 },
        _ call: () async throws(ObjectStoreError) -> Value
    ) async throws(ObjectStoreError) -> Value {
        do throws(ObjectStoreError) {
            let value = try await call()
            self.counter.count(kind, failed: false, bytes: bytes(value))
            return value
        } catch {
            self.counter.count(kind, failed: true, bytes: 0)
            throw error
        }
    }

    private static func bytes(_ body: [ByteBuffer]) -> Int { body.reduce(0) { $0 + $1.readableBytes } }

    package func put(_ name: String, _ body: [ByteBuffer], ifAbsent: Bool) async throws(ObjectStoreError) {
        try await self.counted(.put, bytes: { _ in Self.bytes(body) }) { () async throws(ObjectStoreError) in
            try await self.base.put(name, body, ifAbsent: ifAbsent)
        }
    }

    package func get(_ name: String, range: Range<Int>?) async throws(ObjectStoreError) -> ByteBuffer {
        try await self.counted(.get, bytes: { $0.readableBytes }) { () async throws(ObjectStoreError) in
            try await self.base.get(name, range: range)
        }
    }

    package func size(of name: String) async throws(ObjectStoreError) -> Int? {
        try await self.counted(.head) { () async throws(ObjectStoreError) in try await self.base.size(of: name) }
    }

    package func delete(_ names: [String]) async throws(ObjectStoreError) {
        try await self.counted(.delete) { () async throws(ObjectStoreError) in try await self.base.delete(names) }
    }

    package func list(prefix: String, after: String) async throws(ObjectStoreError) -> ObjectPage {
        try await self.counted(.list) { () async throws(ObjectStoreError) in
            try await self.base.list(prefix: prefix, after: after)
        }
    }

    package func beginUpload(_ name: String) async throws(ObjectStoreError) -> ObjectUpload {
        try await self.counted(.put) { () async throws(ObjectStoreError) in try await self.base.beginUpload(name) }
    }

    package func putPart(
        _ upload: ObjectUpload,
        number: Int,
        _ body: [ByteBuffer]
    ) async throws(ObjectStoreError) -> ObjectPart {
        try await self.counted(.put, bytes: { _ in Self.bytes(body) }) { () async throws(ObjectStoreError) in
            try await self.base.putPart(upload, number: number, body)
        }
    }

    package func completeUpload(_ upload: ObjectUpload, _ parts: [ObjectPart]) async throws(ObjectStoreError) {
        try await self.counted(.put) { () async throws(ObjectStoreError) in
            try await self.base.completeUpload(upload, parts)
        }
    }

    package func abortUpload(_ upload: ObjectUpload) async throws(ObjectStoreError) {
        try await self.counted(.delete) { () async throws(ObjectStoreError) in try await self.base.abortUpload(upload) }
    }
}
