internal import LogObjects
internal import Model
internal import NIOCore
internal import ObjectStore
internal import RecordBatch

/// Walks the batches of one extent, from first to last, past the caches: maintenance reads each of them once.
///
/// Every batch is checked by its own checksum, and the offsets by what the extent covers.
struct ExtentScanner {
    /// Read at a time; a larger batch is read whole.
    static let windowBytes = 4 << 20

    private let objects: any ObjectStore
    private let extent: Extent
    /// Within the extent: where the next window begins.
    private var position = 0
    private var window = ByteBuffer()
    private var cursor = BatchCursor(ByteBuffer())
    private var nextOffset: Offset
    private var windowBytes = Self.windowBytes

    init(_ extent: Extent, in objects: any ObjectStore) {
        self.objects = objects
        self.extent = extent
        self.nextOffset = extent.baseOffset
    }

    /// Bytes that were read from the store so far.
    private(set) var bytesRead = 0

    /// - Returns: a batch with all its bytes; `nil` behind the last.
    mutating func next() async throws(ObjectLogEngine.MaintenanceFailure) -> (RecordBatchHeader, ByteBuffer)? {
        while true {
            let start = self.window.readableBytes - self.cursor.unreadBytes
            if let batch = try self.nextInWindow() {
                guard
                    let whole = self.window.getSlice(
                        at: self.window.readerIndex + start,
                        length: batch.header.sizeInBytes
                    )
                else { throw self.damaged("a batch ends behind the bytes that were read") }
                try self.check(batch.header)
                return (batch.header, whole)
            }
            guard try await self.readWindow(consumed: start) else { return nil }
        }
    }

    private mutating func nextInWindow() throws(ObjectLogEngine.MaintenanceFailure) -> StoredBatch? {
        do throws(RecordBatchError) {
            return try self.cursor.nextWhole()
        } catch {
            throw self.damaged("\(error)")
        }
    }

    private mutating func check(_ header: RecordBatchHeader) throws(ObjectLogEngine.MaintenanceFailure) {
        let isNext = header.baseOffset == self.nextOffset
        guard isNext || self.extent.isCompacted && header.baseOffset > self.nextOffset,
            header.lastOffset >= header.baseOffset, header.lastOffset < self.extent.endOffset
        else {
            throw self.damaged("a batch has offset \(header.baseOffset) in the place of \(self.nextOffset)")
        }
        self.nextOffset = header.lastOffset + 1
    }

    /// - Returns: `false` at the end of the extent.
    private mutating func readWindow(
        consumed: Int
    ) async throws(ObjectLogEngine.MaintenanceFailure) -> Bool {
        if consumed == 0, !self.window.isEmpty { self.windowBytes *= 2 }
        self.position += consumed
        let section = self.extent.section
        guard self.position < section.length else {
            guard self.extent.isCompacted || self.nextOffset == self.extent.endOffset else {
                throw self.damaged("the records from offset \(self.nextOffset) are missing")
            }
            return false
        }
        if consumed == 0, self.position + self.window.readableBytes == section.length {
            throw self.damaged("a batch ends behind the end of its extent")
        }
        let end = min(section.length, self.position + self.windowBytes)
        do throws(ObjectStoreError) {
            self.window = try await self.objects.get(
                section.object.description,
                range: section.position + self.position..<section.position + end
            )
        } catch {
            if error.code == .notFound { throw self.damaged("it is gone") }
            throw .store(error)
        }
        self.bytesRead += self.window.readableBytes
        self.cursor = BatchCursor(self.window, verifiesChecksums: true)
        return true
    }

    private func damaged(_ reason: String) -> ObjectLogEngine.MaintenanceFailure {
        .damaged("\(self.extent.section.object), from offset \(self.extent.baseOffset) on: \(reason)")
    }
}

extension ByteBuffer {
    fileprivate var isEmpty: Bool { self.readableBytes == 0 }
}
