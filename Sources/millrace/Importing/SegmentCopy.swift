internal import CommandCore
internal import LogFiles
internal import Model
internal import NIOCore
internal import RecordBatch

/// Copies the segments of one partition batch by batch: each is checked and gets leader epoch 0, for the partition
/// begins with that.
struct SegmentCopy {
    /// What is read at once; a larger batch is read whole.
    private static let windowBytes = 4 << 20

    let source: Directory
    /// Where the segments are written; `nil`: they are only read.
    let target: Directory?
    /// What follows damage at the end of the last segment was never acknowledged: a broker was killed.
    let allowsTornEnd: Bool
    /// Called for each batch, in order.
    let visit: (StoredBatch) throws(RecordBatchError) -> Void
    let progress: (Int) -> Void

    /// Of the sound end, where the rest was left out; `nil` when everything is whole.
    private(set) var tornAt: String?

    init(
        from source: Directory,
        to target: Directory?,
        allowsTornEnd: Bool,
        visit: @escaping (StoredBatch) throws(RecordBatchError) -> Void,
        progress: @escaping (Int) -> Void
    ) {
        self.source = source
        self.target = target
        self.allowsTornEnd = allowsTornEnd
        self.visit = visit
        self.progress = progress
    }

    /// The segments' names in order of their offsets.
    static func segments(of directory: Directory) throws(FileError) -> [String] {
        try directory.entries()
            .filter { !$0.isDirectory && $0.name.hasSuffix(".log") && $0.name.utf8.count == 24 }
            .map(\.name)
            .sorted()
    }

    /// - Throws: `Failure` that names the file and the byte.
    mutating func run() throws(Failure) {
        do {
            let segments = try Self.segments(of: self.source)
            for segment in segments { try self.copy(segment, isLast: segment == segments.last) }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure("\(error)")
        }
    }

    private mutating func copy(_ name: String, isLast: Bool) throws {
        let file = try self.source.open(name)
        defer { try? file.close() }
        let size = try file.size()
        let output = try self.target?.open(name, options: [.write, .create, .truncate])
        defer { try? output?.close() }
        var written: Int64 = 0
        var position: Int64 = 0
        var window = ByteBuffer()
        while position < size {
            // What is left of the window, and more behind it.
            if window.readableBytes < RecordBatchHeader.encodedLength {
                try self.fill(&window, file, size, at: position, wanted: Self.windowBytes)
            }
            do throws(RecordBatchError) {
                let header = try RecordBatchHeader(reading: window, at: window.readerIndex)
                guard Int64(header.sizeInBytes) <= size - position else {
                    throw RecordBatchError(.truncated, "the last batch is not whole")
                }
                if header.sizeInBytes > window.readableBytes {
                    do throws(FileError) {
                        try self.fill(&window, file, size, at: position, wanted: header.sizeInBytes)
                    } catch {
                        throw RecordBatchError(.truncated, error.description)
                    }
                }
                guard let bytes = window.readSlice(length: header.sizeInBytes) else {
                    throw RecordBatchError(.truncated, "the file became shorter while it was read")
                }
                var cursor = BatchCursor(bytes, verifiesChecksums: true)
                if let batch = try cursor.next() { try self.visit(batch) }
                if let output { written += try Self.write(bytes, to: output, at: written) }
                position += Int64(header.sizeInBytes)
                self.progress(header.sizeInBytes)
            } catch {
                // Kafka reserves space with zeroes when it is told to.
                let place = "\(name), byte \(position) of \(size)"
                guard self.allowsTornEnd, isLast else { throw Failure("\(place): \(error.message)") }
                self.tornAt = "\(place): \(error.message)"
                break
            }
        }
        try output?.synchronizeData()
    }

    /// Reads from a position of the file, so that `window` begins there.
    private func fill(
        _ window: inout ByteBuffer,
        _ file: File,
        _ size: Int64,
        at position: Int64,
        wanted: Int
    ) throws(FileError) {
        window.clear()
        _ = try file.read(into: &window, count: Int(min(Int64(max(wanted, 1)), size - position)), at: position)
    }

    /// - Returns: the bytes written.
    private static func write(_ batch: ByteBuffer, to file: File, at position: Int64) throws(RecordBatchError) -> Int64
    {
        var batch = batch
        // The leader epoch lies outside of the checksum.
        batch.setInteger(Int32(0), at: batch.readerIndex + 12)
        let outcome: Result<Void, FileError> = batch.withUnsafeReadableBytes { bytes in
            Result { () throws(FileError) in try file.write(bytes, at: position) }
        }
        do throws(FileError) {
            try outcome.get()
        } catch {
            throw RecordBatchError(.truncated, error.description)
        }
        return Int64(batch.readableBytes)
    }
}
