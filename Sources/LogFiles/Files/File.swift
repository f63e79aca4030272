internal import CLinuxShim
internal import Glibc
package import NIOCore
internal import Synchronization

/// An open file. Every call blocks and repeats after `EINTR`; call none of them on an event loop.
///
/// Positional reads and writes may come from many threads at once. The descriptor is closed when the last
/// reference goes away, which is the safe way to close a file that others may still read; `close()` is for an
/// owner that knows it is alone and wants to see the error.
package final class File: Sendable {
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
    private let handle: Atomic<Int32>
    private let isDirect: Bool
    private let faults: FileFaults?

    /// `O_DIRECT`, which Swift's Glibc module hides (it is built without `_GNU_SOURCE`).
    #if arch(arm64) || arch(arm)
        private static let directFlag: Int32 = 0o200000
    #else
        private static let directFlag: Int32 = 0o40000
    #endif

    private init(path: String, descriptor: Int32, isDirect: Bool, faults: FileFaults?) {
        self.path = path
        self.isDirect = isDirect
        self.handle = Atomic(descriptor)
        self.faults = faults
    }

    deinit {
        let descriptor = self.handle.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    /// Opens a file with `O_CLOEXEC`; new files get mode 0640.
    ///
    /// - Throws: `FileError`; `EINVAL` when the file system has no `O_DIRECT` and `options` asks for it.
    package static func open(
        _ path: String,
        options: Options = [],
        faults: FileFaults? = nil
    ) throws(FileError) -> File {
        var flags = O_CLOEXEC | (options.contains(.write) ? O_RDWR : O_RDONLY)
        if options.contains(.create) { flags |= O_CREAT }
        if options.contains(.exclusive) { flags |= O_EXCL }
        if options.contains(.truncate) { flags |= O_TRUNC }
        if options.contains(.direct) { flags |= Self.directFlag }
        if options.contains(.dataSync) { flags |= O_DSYNC }
        if let error = faults?.openError(path: path, isDirect: options.contains(.direct)) {
            throw FileError(operation: "open", path: path, errno: error)
        }
        while true {
            let descriptor = Glibc.open(path, flags, 0o640)
            if descriptor >= 0 {
                return File(
                    path: path,
                    descriptor: descriptor,
                    isDirect: options.contains(.direct),
                    faults: faults
                )
            }
            if Glibc.errno != EINTR { throw FileError("open", path) }
        }
    }

    /// For `sendfile` and the like; `-1` once closed. Keep the file referenced while you use it.
    package var descriptor: Int32 { self.handle.load(ordering: .acquiring) }

    /// Reads until `buffer` is full or the file ends. Returns the bytes read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at position: Int64
    ) throws(FileError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        if let error = self.faults?.readError(path: self.path) {
            throw FileError(operation: "pread", path: self.path, errno: error)
        }
        var done = 0
        while done < buffer.count {
            let count = pread(self.descriptor, base + done, buffer.count - done, Int(position) + done)
            if count > 0 {
                done += count
                // Only the file's end makes a part of a block, and going on from there would not be aligned.
                if self.isDirect && done % AlignedBuffer.alignment != 0 { break }
            } else if count == 0 {
                break
            } else if Glibc.errno != EINTR {
                throw FileError("pread", self.path)
            }
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
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let allowed = try self.allowedBytes(bytes.count - done)
            let count = pwrite(self.descriptor, base + done, allowed, Int(position) + done)
            if count > 0 {
                done += count
            } else if count == 0 {
                throw FileError(operation: "pwrite", path: self.path, errno: EIO)
            } else if Glibc.errno != EINTR {
                throw FileError("pwrite", self.path)
            }
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
            let allowed = try self.allowedBytes(bytes - done)
            let limited = allowed < bytes - done
            let count = vectors.withUnsafeMutableBufferPointer { pointer in
                // A fault that shortens the write cuts within the first vector.
                let saved = pointer[first].iov_len
                if limited { pointer[first].iov_len = min(saved, allowed) }
                defer { pointer[first].iov_len = saved }
                return pwritev(
                    self.descriptor,
                    pointer.baseAddress.map { $0 + first },
                    limited ? 1 : Int32(pointer.count - first),
                    Int(position) + done
                )
            }
            if count == 0 { throw FileError(operation: "pwritev", path: self.path, errno: EIO) }
            if count < 0 {
                if Glibc.errno == EINTR { continue }
                throw FileError("pwritev", self.path)
            }
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

    @inline(__always)
    private func allowedBytes(_ bytes: Int) throws(FileError) -> Int {
        guard let faults = self.faults else { return bytes }
        switch faults.willWrite(path: self.path, bytes: bytes) {
        case .proceed(let allowed): return allowed
        case .fail(let error): throw FileError(operation: "pwrite", path: self.path, errno: error)
        }
    }
}

extension File {
    /// Cuts or extends (with a hole) the file.
    package func truncate(to size: Int64) throws(FileError) {
        while ftruncate(self.descriptor, Int(size)) != 0 {
            if Glibc.errno != EINTR { throw FileError("ftruncate", self.path) }
        }
    }

    /// Reserves blocks for `count` bytes from `position`, growing the file, so that later writes there cannot meet a
    /// full disk (`posix_fallocate`, which writes a byte per block where the file system cannot reserve).
    package func preallocate(from position: Int64, count: Int64) throws(FileError) {
        if let error = self.faults?.preallocateError(path: self.path, bytes: count) {
            throw FileError(operation: "fallocate", path: self.path, errno: error)
        }
        while true {
            let error = posix_fallocate(self.descriptor, Int(position), Int(count))
            if error == 0 { return }
            if error != EINTR { throw FileError(operation: "fallocate", path: self.path, errno: error) }
        }
    }

    /// Reserves blocks without growing the file, where the file system can. Only a matter of speed: not done when
    /// there is no room.
    package func reserveBlocks(from position: Int64, count: Int64) {
        _ = millrace_reserve_blocks(self.descriptor, position, count)
    }

    /// Has the page cache forget a part of the file. What is not on the disk yet stays, and so do the pages at its ends
    /// that it shares with others.
    package func dropFromPageCache(_ range: Range<Int64>) {
        _ = posix_fadvise(self.descriptor, Int(range.lowerBound), Int(range.count), POSIX_FADV_DONTNEED)
    }

    /// `fdatasync`: the data, and the size where it grew, is durable when this returns.
    ///
    /// After an error the kernel may have dropped the dirty pages: trying again proves nothing, so the owner must
    /// treat the file as failed.
    package func synchronizeData() throws(FileError) {
        if let error = self.faults?.syncError(path: self.path) {
            throw FileError(operation: "fdatasync", path: self.path, errno: error)
        }
        while fdatasync(self.descriptor) != 0 {
            if Glibc.errno != EINTR { throw FileError("fdatasync", self.path) }
        }
    }

    package func size() throws(FileError) -> Int64 {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw FileError("fstat", self.path) }
        return Int64(status.st_size)
    }

    /// Closes the descriptor and reports the error that dropping the file would hide. Does nothing when closed.
    /// No other thread may be using the file.
    package func close() throws(FileError) {
        let descriptor = self.handle.exchange(-1, ordering: .acquiringAndReleasing)
        guard descriptor >= 0 else { return }
        // Linux releases the descriptor even when close answers EINTR; closing again could hit a stranger's.
        if Glibc.close(descriptor) != 0 && Glibc.errno != EINTR { throw FileError("close", self.path) }
    }
}
