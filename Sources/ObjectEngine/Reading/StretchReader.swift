internal import LogCore
internal import Model
internal import NIOCore
internal import ObjectStore
internal import RecordBatch

/// Reads whole batches of one stretch, with their offsets and leader epochs, and finds out whether they are what was
/// committed: every batch has its checksum, offsets continue from the beginning of the stretch to its end, and what is
/// missing or does not fit is damage, never an empty answer.
struct StretchReader {
    struct Wanted {
        var offset: Offset
        /// Nothing at or behind it is returned.
        var limit: Offset
        var bytesMax: Int
        var atLeastOneBatch: Bool
        /// Where the batch begins that starts at `offset`, if that is known.
        var position: Int?
    }

    struct Slice {
        /// The header of a batch, then its payload, and so on.
        var parts: [ByteBuffer] = []
        var bytes = 0
        /// Behind the last batch that was returned.
        var end: Offset
        /// Where the batch begins that starts at `end`.
        var endPosition: Int
        /// The stretch has nothing more, so that the next one is to be read.
        var reachedEnd = false
    }

    enum Failure: Error {
        /// What is stored is not what was committed.
        case damaged(String)
        /// The object is gone.
        case missing(String)
        /// The store does not answer.
        case unavailable(ObjectStoreError)
    }

    let cache: BlockCache
    let stretch: StoredStretch
    let blockBytes: Int

    private var section: BlockCache.Section {
        BlockCache.Section(
            object: self.stretch.objectName,
            position: self.stretch.position,
            length: self.stretch.length
        )
    }

    func read(_ wanted: Wanted) async throws(Failure) -> Slice {
        var position = wanted.position ?? 0
        var next = wanted.position == nil ? self.stretch.baseOffset : wanted.offset
        var slice = Slice(end: wanted.offset, endPosition: position)
        var window = self.blockBytes
        while position < self.stretch.length {
            let end = min(self.stretch.length, position + window)
            let bytes = try await self.bytes(position..<end)
            var cursor = BatchCursor(bytes, verifiesChecksums: true)
            var consumed = 0
            while let batch = try self.nextBatch(&cursor) {
                let header = try self.assigned(batch.header, next)
                let size = batch.header.sizeInBytes
                if header.lastOffset >= wanted.offset {
                    let isFirst = slice.parts.isEmpty && wanted.atLeastOneBatch
                    guard header.lastOffset < wanted.limit, isFirst || slice.bytes + size <= wanted.bytesMax else {
                        return slice
                    }
                    slice.parts.append(Self.encoded(header))
                    slice.parts.append(batch.payload)
                    slice.bytes += size
                    slice.end = header.lastOffset + 1
                    slice.endPosition = position + consumed + size
                }
                consumed += size
                next = header.lastOffset + 1
            }
            if consumed == 0 {
                // A batch that is larger than the window.
                if end == self.stretch.length { throw .damaged("a batch ends behind the end of its stretch") }
                window *= 2
                continue
            }
            position += consumed
        }
        try self.checkEnd(next)
        slice.reachedEnd = true
        return slice
    }

    /// Offsets of a run follow from where it begins; a compacted object has them.
    private func assigned(_ header: RecordBatchHeader, _ next: Offset) throws(Failure) -> RecordBatchHeader {
        let assigned: RecordBatchHeader
        switch self.stretch.source {
        case .run(_, let epoch):
            assigned = RecordBatchPatch.assigned(header, baseOffset: next, leaderEpoch: epoch)
        case .extent(_, let mayMissOffsets):
            guard header.baseOffset == next || (mayMissOffsets && header.baseOffset > next) else {
                throw .damaged("a batch has offset \(header.baseOffset) in the place of \(next)")
            }
            assigned = header
        }
        guard assigned.lastOffset >= next, assigned.lastOffset < self.stretch.endOffset else {
            throw .damaged("a batch at offset \(next) ends behind its stretch")
        }
        return assigned
    }

    private func checkEnd(_ next: Offset) throws(Failure) {
        if case .extent(_, mayMissOffsets: true) = self.stretch.source { return }
        guard next == self.stretch.endOffset else {
            throw .damaged("the records from offset \(next) to \(self.stretch.endOffset - 1) are missing")
        }
    }

    private func nextBatch(_ cursor: inout BatchCursor) throws(Failure) -> StoredBatch? {
        do throws(RecordBatchError) {
            return try cursor.nextWhole()
        } catch {
            throw .damaged("\(error)")
        }
    }

    private static func encoded(_ header: RecordBatchHeader) -> ByteBuffer {
        var head = ByteBufferAllocator().buffer(capacity: RecordBatchHeader.encodedLength)
        header.write(to: &head)
        return head
    }

    private func bytes(_ range: Range<Int>) async throws(Failure) -> ByteBuffer {
        do throws(ObjectStoreError) {
            return try await self.cache.read(self.section, range)
        } catch {
            switch error.code {
            case .notFound: throw .missing("\(self.stretch.objectName) is gone")
            case .rangeNotSatisfiable: throw .damaged("\(self.stretch.objectName) is too short")
            default: throw .unavailable(error)
            }
        }
    }

    /// Forgets what the cache has of the stretch.
    func forget() { self.cache.forget(self.section) }
}
