internal import NIOCore
internal import ObjectStore
internal import Synchronization

/// Blocks of objects in memory. Objects never change, so a block is right for as long as it is kept.
///
/// A section of an object, a run or an extent, is cut into blocks from its own beginning. A caller that needs blocks
/// that are not there reads them in few requests; others who need them meanwhile wait for that. Bounded in bytes: the
/// blocks that were not used for longest leave first.
final class BlockCache: Sendable {
    struct Section: Hashable, Sendable {
        var object: String
        var position: Int
        var length: Int
    }

    fileprivate struct Key: Hashable {
        var section: Section
        var block: Int
    }

    fileprivate typealias Waiter = CheckedContinuation<Result<ByteBuffer?, ObjectStoreError>, Never>

    fileprivate enum Entry {
        case loading([Waiter])
        case ready(ByteBuffer, use: UInt64)
    }

    fileprivate struct State {
        var entries: [Key: Entry] = [:]
        /// Keys with the use at which they came here; an entry that was used later stands further behind again.
        var order: [(key: Key, use: UInt64)] = []
        var orderStart = 0
        var bytes = 0
        var use: UInt64 = 0
    }

    private let objects: any ObjectStore
    private let blockBytes: Int
    private let blocksPerRead: Int
    private let bytesMax: Int
    private let state = Mutex(State())
    private let requests = Atomic<Int>(0)

    init(_ objects: any ObjectStore, _ settings: ObjectEngineSettings) {
        self.objects = objects
        self.blockBytes = settings.blockBytes
        self.blocksPerRead = settings.blocksPerRead
        self.bytesMax = settings.blockCacheBytesMax
    }

    /// Requests to the store so far.
    var requestCount: Int { self.requests.load(ordering: .relaxed) }
    var bytes: Int { self.state.withLock { $0.bytes } }

    /// The bytes of a section; those of the blocks around them come along into the cache.
    ///
    /// - Parameter range: within the section, not empty.
    func read(_ section: Section, _ range: Range<Int>) async throws(ObjectStoreError) -> ByteBuffer {
        let blocks = range.lowerBound / self.blockBytes...(range.upperBound - 1) / self.blockBytes
        var parts: [ByteBuffer] = []
        var next = blocks.lowerBound
        while next <= blocks.upperBound {
            let loaded = try await self.block(next, of: section, upTo: blocks.upperBound)
            parts.append(loaded)
            next += 1
        }
        let start = range.lowerBound - blocks.lowerBound * self.blockBytes
        if parts.count == 1, let slice = parts[0].getSlice(at: parts[0].readerIndex + start, length: range.count) {
            return slice
        }
        var whole = ByteBufferAllocator().buffer(capacity: range.count)
        var skip = start
        for part in parts {
            let count = min(part.readableBytes - skip, range.count - whole.readableBytes)
            if let slice = part.getSlice(at: part.readerIndex + skip, length: count) {
                whole.writeImmutableBuffer(slice)
            }
            skip = 0
        }
        return whole
    }

    /// Forgets what is kept of a section: it failed a check, and the next read asks the store again.
    func forget(_ section: Section) {
        self.state.withLock { state in
            for block in 0...(section.length - 1) / self.blockBytes {
                let key = Key(section: section, block: block)
                if case .ready(let bytes, _)? = state.entries[key] {
                    state.entries[key] = nil
                    state.bytes -= bytes.readableBytes
                }
            }
        }
    }

    private enum Step {
        case ready(ByteBuffer)
        case wait
        case load(Int)
    }

    /// One block; when it is not there, those behind it that are not there either come in the same request.
    private func block(
        _ number: Int,
        of section: Section,
        upTo last: Int
    ) async throws(ObjectStoreError) -> ByteBuffer {
        while true {
            switch self.step(number, of: section, upTo: last) {
            case .ready(let bytes): return bytes
            case .load(let count): return try await self.load(number..<number + count, of: section)
            case .wait: if let bytes = try await self.wait(for: Key(section: section, block: number)) { return bytes }
            }
        }
    }

    private func step(_ number: Int, of section: Section, upTo last: Int) -> Step {
        self.state.withLock { state in
            let key = Key(section: section, block: number)
            switch state.entries[key] {
            case .ready(let bytes, _):
                state.touch(key, bytes)
                return .ready(bytes)
            case .loading: return .wait
            case nil:
                var count = 0
                while number + count <= last, count < self.blocksPerRead,
                    state.entries[Key(section: section, block: number + count)] == nil
                {
                    state.entries[Key(section: section, block: number + count)] = .loading([])
                    count += 1
                }
                return .load(count)
            }
        }
    }

    /// Waits for a block that somebody else reads.
    ///
    /// - Returns: `nil` when it came and has left again.
    private func wait(for key: Key) async throws(ObjectStoreError) -> ByteBuffer? {
        let result = await withCheckedContinuation { (continuation: Waiter) in
            let present = self.state.withLock { state -> ByteBuffer?? in
                switch state.entries[key] {
                case .loading(let waiters):
                    state.entries[key] = .loading(waiters + [continuation])
                    return nil
                case .ready(let bytes, _): return .some(bytes)
                case nil: return .some(nil)
                }
            }
            if let present { continuation.resume(returning: .success(present)) }
        }
        return try result.get()
    }

    private func load(_ blocks: Range<Int>, of section: Section) async throws(ObjectStoreError) -> ByteBuffer {
        let start = blocks.lowerBound * self.blockBytes
        let end = min(blocks.upperBound * self.blockBytes, section.length)
        self.requests.add(1, ordering: .relaxed)
        let result: Result<ByteBuffer, ObjectStoreError>
        do throws(ObjectStoreError) {
            let bytes = try await self.objects.get(
                section.object,
                range: section.position + start..<section.position + end
            )
            result =
                bytes.readableBytes == end - start
                ? .success(bytes) : .failure(ObjectStoreError(.truncated, "a read of \(section.object) is too short"))
        } catch {
            result = .failure(error)
        }
        let parts = blocks.map { block -> Result<ByteBuffer, ObjectStoreError> in
            result.map { bytes in
                // A block of its own bytes: a slice would keep all of the answer in memory.
                if blocks.count == 1 { return bytes }
                let from = (block - blocks.lowerBound) * self.blockBytes
                let count = min(self.blockBytes, bytes.readableBytes - from)
                var copy = ByteBufferAllocator().buffer(capacity: count)
                if let slice = bytes.getSlice(at: bytes.readerIndex + from, length: count) {
                    copy.writeImmutableBuffer(slice)
                }
                return copy
            }
        }
        let waiting = self.state.withLock { state -> [(Waiter, Result<ByteBuffer, ObjectStoreError>)] in
            var waiting: [(Waiter, Result<ByteBuffer, ObjectStoreError>)] = []
            for (block, part) in zip(blocks, parts) {
                let key = Key(section: section, block: block)
                if case .loading(let waiters)? = state.entries[key] { waiting += waiters.map { ($0, part) } }
                state.entries[key] = nil
                if case .success(let bytes) = part { state.add(key, bytes, bytesMax: self.bytesMax) }
            }
            return waiting
        }
        for (waiter, part) in waiting { waiter.resume(returning: part.map(Optional.some)) }
        return try parts[0].get()
    }
}

extension BlockCache.State {
    fileprivate mutating func touch(_ key: BlockCache.Key, _ bytes: ByteBuffer) {
        self.use += 1
        self.entries[key] = .ready(bytes, use: self.use)
        self.order.append((key, self.use))
        if self.order.count > 1_024, self.order.count > 4 * self.entries.count { self.compact() }
    }

    fileprivate mutating func add(_ key: BlockCache.Key, _ bytes: ByteBuffer, bytesMax: Int) {
        self.bytes += bytes.readableBytes
        self.touch(key, bytes)
        while self.bytes > bytesMax, self.orderStart < self.order.count {
            let (oldest, use) = self.order[self.orderStart]
            self.orderStart += 1
            guard case .ready(let bytes, let last)? = self.entries[oldest], last == use else { continue }
            self.entries[oldest] = nil
            self.bytes -= bytes.readableBytes
        }
    }

    private mutating func compact() {
        self.order = self.order[self.orderStart...].filter { key, use in
            guard case .ready(_, let last)? = self.entries[key] else { return false }
            return last == use
        }
        self.orderStart = 0
    }
}
