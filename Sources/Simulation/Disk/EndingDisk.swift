internal import Glibc
package import LogFiles
internal import Synchronization

/// A disk that does a number of calls that change it and then none any more: every later one fails, as for a process
/// that has died. What was done stays. Reads succeed, so that what fails is told apart from what is missing.
package final class EndingDisk: Disk {
    private let base: any Disk
    private let callsLeft: Mutex<Int>

    package init(callsLeft: Int, on base: any Disk = SystemDisk.shared) {
        self.base = base
        self.callsLeft = Mutex(callsLeft)
    }

    /// Whether a call was refused.
    package var hasEnded: Bool { self.callsLeft.withLock { $0 < 0 } }

    fileprivate func change(_ operation: String, _ path: String) throws(FileError) {
        let isOver = self.callsLeft.withLock { left -> Bool in
            left = max(-1, left - 1)
            return left < 0
        }
        if isOver { throw FileError(operation: operation, path: path, errno: EIO) }
    }

    package func open(_ path: String, options: File.Options) throws(FileError) -> any DiskFile {
        let changes: File.Options = [.create, .truncate]
        if !options.isDisjoint(with: changes) { try self.change("open", path) }
        return EndingFile(path: path, base: try self.base.open(path, options: options), disk: self)
    }

    package func makeDirectory(_ path: String) throws(FileError) {
        try self.change("mkdir", path)
        try self.base.makeDirectory(path)
    }

    package func removeDirectory(_ path: String) throws(FileError) {
        try self.change("rmdir", path)
        try self.base.removeDirectory(path)
    }

    package func list(_ path: String) throws(FileError) -> [Directory.Entry] { try self.base.list(path) }

    package func status(_ path: String) throws(FileError) -> FileStatus { try self.base.status(path) }

    package func rename(_ path: String, to target: String) throws(FileError) {
        try self.change("rename", path)
        try self.base.rename(path, to: target)
    }

    package func remove(_ path: String) throws(FileError) {
        try self.change("unlink", path)
        try self.base.remove(path)
    }

    package func synchronizeDirectory(_ path: String) throws(FileError) {
        try self.change("fsync", path)
        try self.base.synchronizeDirectory(path)
    }

    package func freeBytes(_ path: String) throws(FileError) -> Int64 { try self.base.freeBytes(path) }

    package func startSync(_ path: String) { self.base.startSync(path) }

    package func raiseOpenFilesLimit() -> Int { self.base.raiseOpenFilesLimit() }
}

private final class EndingFile: DiskFile {
    private let path: String
    private let base: any DiskFile
    private let disk: EndingDisk

    init(path: String, base: any DiskFile, disk: EndingDisk) {
        self.path = path
        self.base = base
        self.disk = disk
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try self.base.read(into: buffer, at: position)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try self.disk.change("pwrite", self.path)
        return try self.base.write(bytes, at: position)
    }

    func write(_ vectors: UnsafeBufferPointer<iovec>, at position: Int64) throws(FileError) -> Int {
        try self.disk.change("pwritev", self.path)
        return try self.base.write(vectors, at: position)
    }

    func truncate(to size: Int64) throws(FileError) {
        try self.disk.change("ftruncate", self.path)
        try self.base.truncate(to: size)
    }

    func preallocate(from position: Int64, count: Int64) throws(FileError) {
        try self.disk.change("fallocate", self.path)
        try self.base.preallocate(from: position, count: count)
    }

    func reserveBlocks(from position: Int64, count: Int64) {}

    func dropFromPageCache(_ range: Range<Int64>) {}

    func readAhead(_ range: Range<Int64>) {}

    func cachedBytes(_ range: Range<Int64>) -> (all: Int64, unwritten: Int64)? { nil }

    func synchronizeData() throws(FileError) {
        try self.disk.change("fdatasync", self.path)
        try self.base.synchronizeData()
    }

    func size() throws(FileError) -> Int64 { try self.base.size() }

    func lock(isShared: Bool) throws(FileError) -> Bool { try self.base.lock(isShared: isShared) }

    func close() throws(FileError) { try self.base.close() }
}
