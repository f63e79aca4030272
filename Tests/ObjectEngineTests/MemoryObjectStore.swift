import NIOCore
import ObjectStore
import Synchronization

/// An object store in memory, with the weather that a test wants.
final class MemoryObjectStore: ObjectStore {
    struct State {
        var objects: [String: ByteBuffer] = [:]
        var uploads: [String: [Int: ByteBuffer]] = [:]
        /// What becomes of the next puts: `true` writes the object and loses the answer.
        var putLosses: [Bool] = []
        var getFailures: [ObjectStoreError] = []
        var puts = 0
        var gets = 0
        var getBytes = 0
        /// Puts of these names wait.
        var heldPuts: (@Sendable (String) -> Bool)?
        var waiting: [CheckedContinuation<Void, Never>] = []
        var holdsGets = false
    }

    let state = Mutex(State())

    var names: [String] { self.state.withLock { $0.objects.keys.sorted() } }
    var getCount: Int { self.state.withLock { $0.gets } }

    func hold(_ names: @escaping @Sendable (String) -> Bool) { self.state.withLock { $0.heldPuts = names } }
    func holdGets() { self.state.withLock { $0.holdsGets = true } }

    func release() {
        let waiting = self.state.withLock { state in
            state.heldPuts = nil
            state.holdsGets = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    var waitingCount: Int { self.state.withLock { $0.waiting.count } }

    func corrupt(_ name: String, at position: Int) {
        self.state.withLock { state in
            guard var object = state.objects[name], let byte: UInt8 = object.getInteger(at: position) else { return }
            object.setInteger(byte ^ 0x10, at: position)
            state.objects[name] = object
        }
    }

    func remove(_ name: String) { self.state.withLock { $0.objects[name] = nil } }

    private func wait(_ isHeld: (State) -> Bool) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let waits = self.state.withLock { state -> Bool in
                guard isHeld(state) else { return false }
                state.waiting.append(continuation)
                return true
            }
            if !waits { continuation.resume() }
        }
    }

    func put(_ name: String, _ body: [ByteBuffer], ifAbsent: Bool) async throws(ObjectStoreError) {
        await self.wait { $0.heldPuts?(name) ?? false }
        var whole = ByteBuffer()
        for part in body { whole.writeImmutableBuffer(part) }
        let object = whole
        let error = self.state.withLock { state -> ObjectStoreError? in
            state.puts += 1
            if ifAbsent, state.objects[name] != nil { return ObjectStoreError(.preconditionFailed, "it exists") }
            guard !state.putLosses.isEmpty else {
                state.objects[name] = object
                return nil
            }
            if state.putLosses.removeFirst() { state.objects[name] = object }
            return ObjectStoreError(.unavailable, "the answer was lost")
        }
        if let error { throw error }
    }

    func get(_ name: String, range: Range<Int>?) async throws(ObjectStoreError) -> ByteBuffer {
        await self.wait { $0.holdsGets }
        let result = self.state.withLock { state -> Result<ByteBuffer, ObjectStoreError> in
            state.gets += 1
            if !state.getFailures.isEmpty { return .failure(state.getFailures.removeFirst()) }
            guard let object = state.objects[name] else { return .failure(ObjectStoreError(.notFound, "no \(name)")) }
            guard let range else { return .success(object) }
            guard let slice = object.getSlice(at: range.lowerBound, length: range.count) else {
                return .failure(ObjectStoreError(.rangeNotSatisfiable, "\(range) of \(object.readableBytes)"))
            }
            state.getBytes += range.count
            return .success(slice)
        }
        return try result.get()
    }

    func size(of name: String) async throws(ObjectStoreError) -> Int? {
        self.state.withLock { $0.objects[name]?.readableBytes }
    }

    func delete(_ names: [String]) async throws(ObjectStoreError) {
        self.state.withLock { state in for name in names { state.objects[name] = nil } }
    }

    func list(prefix: String, after: String) async throws(ObjectStoreError) -> ObjectPage {
        let entries = self.state.withLock { state in
            state.objects.filter { $0.key.hasPrefix(prefix) && $0.key > after }.sorted { $0.key < $1.key }
        }
        return ObjectPage(
            entries: entries.map { ObjectPage.Entry(name: $0.key, size: $0.value.readableBytes) },
            hasMore: false
        )
    }

    func beginUpload(_ name: String) async throws(ObjectStoreError) -> ObjectUpload {
        self.state.withLock { $0.uploads[name] = [:] }
        return ObjectUpload(name: name, id: name)
    }

    func putPart(
        _ upload: ObjectUpload,
        number: Int,
        _ body: [ByteBuffer]
    ) async throws(ObjectStoreError) -> ObjectPart {
        var whole = ByteBuffer()
        for part in body { whole.writeImmutableBuffer(part) }
        let object = whole
        self.state.withLock { $0.uploads[upload.id]?[number] = object }
        return ObjectPart(number: number, tag: "\(number)")
    }

    func completeUpload(_ upload: ObjectUpload, _ parts: [ObjectPart]) async throws(ObjectStoreError) {
        self.state.withLock { state in
            var whole = ByteBuffer()
            for part in parts {
                if let bytes = state.uploads[upload.id]?[part.number] { whole.writeImmutableBuffer(bytes) }
            }
            state.uploads[upload.id] = nil
            state.objects[upload.name] = whole
        }
    }

    func abortUpload(_ upload: ObjectUpload) async throws(ObjectStoreError) {
        self.state.withLock { $0.uploads[upload.id] = nil }
    }
}
