internal import Glibc
package import NIOCore

/// An open file. Every call blocks and repeats after `EINTR`; call none of them on an event loop.
///
/// Positional reads and writes may come from many threads at once. The file is closed when the last reference to the
/// disk's object goes away, which is the safe way to close a file that others may still read; `close()` is for an owner
/// that knows it is alone and wants to see the error.
package struct File: Sendable {
    package struct Options: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Read and write; without it the file is read-only.
        package static let write = Options(rawValue: 1 << 0)
        /// `O_CREAT`
        package static let create = Options(rawValue: 1 << 1)
        /// `O_EXCL`
        package static let exclusive = Options(rawValue: 1 << 2)
        /// `O_TRUNC`
        package static let truncate = Options(rawValue: 1 << 3)
        /// `O_DIRECT`: memory, position and length must be multiples of the block size (use 4096).
        package static let direct = Options(rawValue: 1 << 4)
        /// `O_DSYNC`: a write returns when its data is durable.
        package static let dataSync = Options(rawValue: 1 << 5)
    }

    package let path: String
    private let isDirect: Bool
    private let file: any DiskFile

    /// Opens a file; new files get mode 0640.
    ///
    /// - Throws: `FileError`; `EINVAL` when the file system has no `O_DIRECT` and `options` asks for it.
    package static func open(
        _ path: String,
        options: Options = [],
        on disk: any Disk = SystemDisk.shared
    ) throws(FileError) -> File {
        let file = try Self.repeating { () throws(FileError) in try disk.open(path, options: options) }
        return File(path: path, isDirect: options.contains(.direct), file: file)
    }

    /// Reads until `buffer` is full or the file ends. Returns the bytes read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at position: Int64
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let start = position + Int64(done)
            let count = try Self.repeating { () throws(FileError) in try self.file.read(into: rest, at: start) }
            if count == 0 { break }
            done += count
            // Only the file's end makes a part of a block, and writes that continue there would not be aligned.
            if self.isDirect && done % AlignedBuffer.alignment != 0 { break }
        }
        return done
    }

    /// Reads up to `count` bytes and appends them to `buffer`. Returns the bytes read, fewer only at the file's end.
    ///
    /// The buffer grows by `count` first, so the caller bounds `count`.
    package func read(
        into buffer: inout ByteBuffer,
        count: Int,
        at position: Int64
    ) throws(FileError) -> Int {
        var failure: FileError?
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            do throws(FileError) {
                return try self.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]),
                    at: position
                )
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }

    /// Writes all of `bytes`, repeating short writes. After an error an unknown part of them is in the file.
    package func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let start = position + Int64(done)
            let count = try Self.repeating { () throws(FileError) in try self.file.write(rest, at: start) }
            if count == 0 { throw FileError(operation: "pwrite", path: self.path, errno: EIO) }
            done += count
        }
    }

    /// Writes the readable bytes of all `buffers` back to back with as few `pwritev` calls as possible, repeating
    /// short writes. After an error an unknown part of them is in the file.
    ///
    /// - Returns: the bytes written.
    @discardableResult
    package func write(_ buffers: [ByteBuffer], at position: Int64) throws(FileError) -> Int {
        // IOV_MAX is 1024 on Linux; a smaller chunk keeps the scratch array on a few cache lines.
        let chunkMax = 256
        var vectors: [iovec] = []
        vectors.reserveCapacity(min(buffers.count, chunkMax))
        var position = position
        var total = 0
        var start = 0
        while start < buffers.count {
            let end = min(start + chunkMax, buffers.count)
            vectors.removeAll(keepingCapacity: true)
            var bytes = 0
            for buffer in buffers[start..<end] where buffer.readableBytes > 0 {
                // The storage stays put and alive as long as `buffers` does, which outlives this call.
                vectors.append(
                    buffer.withUnsafeReadableBytes {
                        iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
                    }
                )
                bytes += buffer.readableBytes
            }
            try withExtendedLifetime(buffers) { () throws(FileError) in
                try self.write(&vectors, bytes: bytes, at: position)
            }
            position += Int64(bytes)
            total += bytes
            start = end
        }
        return total
    }

    private func write(_ vectors: inout [iovec], bytes: Int, at position: Int64) throws(FileError) {
        var first = 0
        var done = 0
        while done < bytes {
            let start = position + Int64(done)
            let count = try vectors.withUnsafeBufferPointer { (all) throws(FileError) in
                let rest = UnsafeBufferPointer(rebasing: all[first...])
                return try Self.repeating { () throws(FileError) in try self.file.write(rest, at: start) }
            }
            if count == 0 { throw FileError(operation: "pwritev", path: self.path, errno: EIO) }
            done += count
            var left = count
            while left > 0 {
                let length = vectors[first].iov_len
                if left >= length {
                    left -= length
                    first += 1
                } else {
                    vectors[first].iov_base = vectors[first].iov_base.map { $0 + left }
                    vectors[first].iov_len = length - left
                    left = 0
                }
            }
        }
    }

    /// A call that a signal interrupted is made again.
    @inline(__always)
    static func repeating<Value>(_ call: () throws(FileError) -> Value) throws(FileError) -> Value {
        while true {
            do throws(FileError) {
                return try call()
            } catch {
                if error.errno != EINTR { throw error }
            }
        }
    }
}

extension File {
    /// Cuts or extends (with a hole) the file.
    package func truncate(to size: Int64) throws(FileError) {
        try Self.repeating { () throws(FileError) in try self.file.truncate(to: size) }
    }

    /// Reserves blocks for `count` bytes from `position`, growing the file, so that later writes there cannot meet a
    /// full disk (`posix_fallocate`, which writes a byte per block where the file system cannot reserve).
    package func preallocate(from position: Int64, count: Int64) throws(FileError) {
        try Self.repeating { () throws(FileError) in try self.file.preallocate(from: position, count: count) }
    }

    /// Reserves blocks without growing the file, where the file system can. Only a matter of speed: not done when
    /// there is no room.
    package func reserveBlocks(from position: Int64, count: Int64) {
        self.file.reserveBlocks(from: position, count: count)
    }

    /// Has the page cache forget a part of the file. What is not on the disk yet stays, and so do the pages at its ends
    /// that it shares with others.
    package func dropFromPageCache(_ range: Range<Int64>) { self.file.dropFromPageCache(range) }

    /// See `DiskFile.readAhead`.
    package func readAhead(_ range: Range<Int64>) { self.file.readAhead(range) }

    /// See `DiskFile.cachedBytes`.
    package func cachedBytes(_ range: Range<Int64>) -> (all: Int64, unwritten: Int64)? {
        self.file.cachedBytes(range)
    }

    /// `fdatasync`: the data, and the size where it grew, is durable when this returns.
    ///
    /// After an error the kernel may have dropped the dirty pages: trying again proves nothing, so the owner must
    /// treat the file as failed.
    package func synchronizeData() throws(FileError) {
        try Self.repeating { () throws(FileError) in try self.file.synchronizeData() }
    }

    package func size() throws(FileError) -> Int64 {
        try Self.repeating { () throws(FileError) in try self.file.size() }
    }

    /// Takes the lock of the file without waiting. Returns whether it has it; the lock goes with the file.
    package func lock(isShared: Bool = false) throws(FileError) -> Bool { try self.file.lock(isShared: isShared) }

    /// Closes the file and reports the error that dropping it would hide. Does nothing when closed.
    /// No other thread may be using the file.
    package func close() throws(FileError) { try self.file.close() }
}
