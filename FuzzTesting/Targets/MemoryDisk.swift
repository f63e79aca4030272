import Glibc
import Model
import NIOCore
import Synchronization

@testable import LogFiles

/// Files in memory, for targets that read what a disk holds. Folders are there when something is in them.
final class MemoryDisk: Disk {
    private let files = Mutex<[String: MemoryFile]>([:])

    init(_ contents: [String: [UInt8]]) {
        self.files.withLock { files in
            for (path, bytes) in contents { files[path] = MemoryFile(bytes) }
        }
    }

    func open(_ path: String, options: File.Options) throws(FileError) -> any DiskFile {
        // The page cache has everything.
        if options.contains(.direct) { throw FileError(operation: "open", path: path, errno: EINVAL) }
        let file = self.files.withLock { files -> MemoryFile? in
            if let file = files[path] { return file }
            guard options.contains(.create) else { return nil }
            let file = MemoryFile([])
            files[path] = file
            return file
        }
        guard let file else { throw FileError(operation: "open", path: path, errno: ENOENT) }
        return file
    }

    func makeDirectory(_ path: String) {}
    func removeDirectory(_ path: String) {}

    func list(_ path: String) -> [Directory.Entry] {
        self.files.withLock { files in
            files.keys.filter { $0.hasPrefix(path + "/") }.map {
                Directory.Entry(name: String($0.dropFirst(path.utf8.count + 1)), isDirectory: false)
            }
        }
    }

    func status(_ path: String) throws(FileError) -> FileStatus {
        if let file = self.files.withLock({ $0[path] }) {
            return FileStatus(sizeBytes: file.size(), modifiedAt: 1, isDirectory: false)
        }
        guard self.files.withLock({ files in files.keys.contains { $0.hasPrefix(path + "/") } }) else {
            throw FileError(operation: "stat", path: path, errno: ENOENT)
        }
        return FileStatus(sizeBytes: 4096, modifiedAt: 1, isDirectory: true)
    }

    func rename(_ path: String, to target: String) throws(FileError) {
        guard
            self.files.withLock({ files in
                files[target] = files.removeValue(forKey: path)
                return files[target] != nil
            })
        else { throw FileError(operation: "rename", path: path, errno: ENOENT) }
    }

    func remove(_ path: String) throws(FileError) {
        guard self.files.withLock({ $0.removeValue(forKey: path) }) != nil else {
            throw FileError(operation: "unlink", path: path, errno: ENOENT)
        }
    }

    func synchronizeDirectory(_ path: String) {}
    func freeBytes(_ path: String) -> Int64 { 1 << 40 }
    func startSync(_ path: String) {}
    func raiseOpenFilesLimit() -> Int { 1_000 }
}

private final class MemoryFile: DiskFile {
    /// More than any input needs: what a damaged file claims must not make the target large.
    private static let bytesMax = 16 << 20

    private let contents: Mutex<[UInt8]>

    init(_ bytes: [UInt8]) { self.contents = Mutex(bytes) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) -> Int {
        self.contents.withLock { contents in
            guard position >= 0, position < Int64(contents.count) else { return 0 }
            let count = min(buffer.count, contents.count - Int(position))
            buffer.copyBytes(from: contents[Int(position)..<(Int(position) + count)])
            return count
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        guard position >= 0, position <= Int64(Self.bytesMax - bytes.count) else {
            throw FileError(operation: "write", path: "", errno: EFBIG)
        }
        self.contents.withLock { contents in
            let end = Int(position) + bytes.count
            if end > contents.count { contents += [UInt8](repeating: 0, count: end - contents.count) }
            contents.replaceSubrange(Int(position)..<end, with: bytes)
        }
        return bytes.count
    }

    func write(_ vectors: UnsafeBufferPointer<iovec>, at position: Int64) throws(FileError) -> Int {
        var all: [UInt8] = []
        for vector in vectors {
            all += UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len)
        }
        var written: Result<Int, FileError> = .success(0)
        all.withUnsafeBytes { bytes in
            written = Result { () throws(FileError) in try self.write(bytes, at: position) }
        }
        return try written.get()
    }

    func truncate(to size: Int64) throws(FileError) {
        guard size >= 0, size <= Int64(Self.bytesMax) else {
            throw FileError(operation: "ftruncate", path: "", errno: EINVAL)
        }
        self.contents.withLock { contents in
            let size = Int(size)
            if size < contents.count { contents.removeLast(contents.count - size) }
            contents += [UInt8](repeating: 0, count: size - contents.count)
        }
    }

    func preallocate(from position: Int64, count: Int64) {}
    func reserveBlocks(from position: Int64, count: Int64) {}
    func dropFromPageCache(_ range: Range<Int64>) {}
    func readAhead(_ range: Range<Int64>) {}
    func cachedBytes(_ range: Range<Int64>) -> (all: Int64, unwritten: Int64)? { nil }
    func synchronizeData() {}
    func size() -> Int64 { self.contents.withLock { Int64($0.count) } }
    func lock(isShared: Bool) -> Bool { true }
    func close() {}
}
