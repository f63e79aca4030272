internal import Glibc
package import LogFiles
internal import Synchronization

/// A disk that passes every call on to another one, and fails or delays those that its rules say: it is full, a write
/// is cut short, an fsync fails.
///
/// The file of a directory's lock is left alone: its few bytes are not what a test of a full disk means.
package final class FaultyDisk: Disk {
    package struct Rules: Sendable {
        /// Bytes that may still be written or preallocated; then `ENOSPC`. `nil` is a disk without an end.
        package var bytesFree: Int?
        /// The most bytes that one system call writes, to provoke short writes.
        package var writeBytesMax: Int?
        /// Fails every write with this error number.
        package var writeError: Int32?
        /// Fails every read with this error number.
        package var readError: Int32?
        /// Only reads of these bytes fail; `nil` fails all.
        package var readErrorBytes: Range<Int64>?
        /// Fails every fsync and fdatasync with this error number.
        package var syncError: Int32?
        /// Fails every opening of a file with this error number.
        package var openError: Int32?
        /// Fails every question about a name with this error number.
        package var statusError: Int32?
        /// Answers `EINVAL` to `O_DIRECT`, as tmpfs before Linux 6.6 and some overlays do.
        package var refusesDirect = false
        /// Only paths that contain this text are touched; `nil` touches all.
        package var pathContains: String?
        /// Called on the writing thread before each write. A test may block in it to hold a write in flight.
        package var beforeWrite: (@Sendable (_ path: String, _ bytes: Int) -> Void)?

        package init() {}
    }

    /// How often each system call was made on paths that the rules touch.
    package struct Counts: Sendable, Equatable {
        package var writes = 0
        package var bytesWritten = 0
        package var syncs = 0
        package var bytesReadAhead: Int64 = 0
    }

    private struct State {
        var rules: Rules
        var counts = Counts()
    }

    private let base: any Disk
    private let state: Mutex<State>

    package init(_ rules: Rules = Rules(), on base: any Disk = SystemDisk.shared) {
        self.base = base
        self.state = Mutex(State(rules: rules))
    }

    /// Changes the rules for every later call.
    package func set(_ change: (inout Rules) -> Void) { self.state.withLock { change(&$0.rules) } }

    package var counts: Counts { self.state.withLock { $0.counts } }

    package func open(_ path: String, options: File.Options) throws(FileError) -> any DiskFile {
        if options.contains(.direct), self.state.withLock({ $0.rules.refusesDirect && $0.rules.touches(path) }) {
            throw FileError(operation: "open", path: path, errno: EINVAL)
        }
        if let error = self.state.withLock({ $0.rules.touches(path) ? $0.rules.openError : nil }) {
            throw FileError(operation: "open", path: path, errno: error)
        }
        let file = try self.base.open(path, options: options)
        return path.hasSuffix("/" + DirectoryLock.name) ? file : FaultyFile(path: path, base: file, disk: self)
    }

    package func makeDirectory(_ path: String) throws(FileError) { try self.base.makeDirectory(path) }

    package func removeDirectory(_ path: String) throws(FileError) { try self.base.removeDirectory(path) }

    package func list(_ path: String) throws(FileError) -> [Directory.Entry] { try self.base.list(path) }

    package func status(_ path: String) throws(FileError) -> FileStatus {
        if let error = self.state.withLock({ $0.rules.touches(path) ? $0.rules.statusError : nil }) {
            throw FileError(operation: "stat", path: path, errno: error)
        }
        return try self.base.status(path)
    }

    package func rename(_ path: String, to target: String) throws(FileError) {
        try self.base.rename(path, to: target)
    }

    package func remove(_ path: String) throws(FileError) { try self.base.remove(path) }

    package func synchronizeDirectory(_ path: String) throws(FileError) {
        try self.willSynchronize(path, "fsync")
        try self.base.synchronizeDirectory(path)
    }

    package func freeBytes(_ path: String) throws(FileError) -> Int64 { try self.base.freeBytes(path) }

    /// Left out: what rules and counts are about are the calls for single files.
    package func startSync(_ path: String) {}

    package func raiseOpenFilesLimit() -> Int { self.base.raiseOpenFilesLimit() }

    fileprivate func willReadAhead(_ path: String, _ range: Range<Int64>) {
        self.state.withLock { state in
            if state.rules.touches(path) { state.counts.bytesReadAhead += Int64(range.count) }
        }
    }

    /// How many of `bytes` a write may write.
    fileprivate func willWrite(_ path: String, bytes: Int) throws(FileError) -> Int {
        let before = self.state.withLock { $0.rules.touches(path) ? $0.rules.beforeWrite : nil }
        before?(path, bytes)
        return try self.state.withLock { (state) throws(FileError) -> Int in
            guard state.rules.touches(path) else { return bytes }
            if let error = state.rules.writeError { throw FileError(operation: "pwrite", path: path, errno: error) }
            var allowed = bytes
            if let free = state.rules.bytesFree {
                if free <= 0 && bytes > 0 { throw FileError(operation: "pwrite", path: path, errno: ENOSPC) }
                allowed = min(allowed, free)
            }
            if let limit = state.rules.writeBytesMax { allowed = min(allowed, limit) }
            if let free = state.rules.bytesFree { state.rules.bytesFree = free - allowed }
            state.counts.writes += 1
            state.counts.bytesWritten += allowed
            return allowed
        }
    }

    fileprivate func willPreallocate(_ path: String, bytes: Int64) throws(FileError) {
        let isFull = self.state.withLock { state in
            state.rules.touches(path) && state.rules.bytesFree.map { Int64($0) < bytes } ?? false
        }
        if isFull { throw FileError(operation: "fallocate", path: path, errno: ENOSPC) }
    }

    fileprivate func willRead(_ path: String, _ bytes: Range<Int64>) throws(FileError) {
        let error = self.state.withLock { state -> Int32? in
            guard state.rules.touches(path), state.rules.readErrorBytes?.overlaps(bytes) ?? true else { return nil }
            return state.rules.readError
        }
        if let error { throw FileError(operation: "pread", path: path, errno: error) }
    }

    fileprivate func willSynchronize(_ path: String, _ operation: String) throws(FileError) {
        let error = self.state.withLock { state -> Int32? in
            guard state.rules.touches(path) else { return nil }
            state.counts.syncs += 1
            return state.rules.syncError
        }
        if let error { throw FileError(operation: operation, path: path, errno: error) }
    }
}

extension FaultyDisk.Rules {
    fileprivate func touches(_ path: String) -> Bool {
        guard let part = self.pathContains else { return true }
        // `contains` of a string needs Foundation; a byte search does here.
        let text = Array(path.utf8)
        let pattern = Array(part.utf8)
        guard !pattern.isEmpty, text.count >= pattern.count else { return pattern.isEmpty }
        return (0...(text.count - pattern.count)).contains { start in
            text[start..<(start + pattern.count)].elementsEqual(pattern)
        }
    }
}

private final class FaultyFile: DiskFile {
    private let path: String
    private let base: any DiskFile
    private let disk: FaultyDisk

    init(path: String, base: any DiskFile, disk: FaultyDisk) {
        self.path = path
        self.base = base
        self.disk = disk
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try self.disk.willRead(self.path, position..<(position + Int64(buffer.count)))
        return try self.base.read(into: buffer, at: position)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        let allowed = try self.disk.willWrite(self.path, bytes: bytes.count)
        return try self.base.write(UnsafeRawBufferPointer(rebasing: bytes[..<allowed]), at: position)
    }

    func write(_ vectors: UnsafeBufferPointer<iovec>, at position: Int64) throws(FileError) -> Int {
        let bytes = vectors.reduce(0) { $0 + $1.iov_len }
        let allowed = try self.disk.willWrite(self.path, bytes: bytes)
        if allowed == bytes { return try self.base.write(vectors, at: position) }
        // A write that is cut short ends within the first buffer.
        let first = UnsafeRawBufferPointer(start: vectors[0].iov_base, count: min(allowed, vectors[0].iov_len))
        return try self.base.write(first, at: position)
    }

    func truncate(to size: Int64) throws(FileError) { try self.base.truncate(to: size) }

    func preallocate(from position: Int64, count: Int64) throws(FileError) {
        try self.disk.willPreallocate(self.path, bytes: count)
        try self.base.preallocate(from: position, count: count)
    }

    func reserveBlocks(from position: Int64, count: Int64) { self.base.reserveBlocks(from: position, count: count) }

    func dropFromPageCache(_ range: Range<Int64>) { self.base.dropFromPageCache(range) }

    func readAhead(_ range: Range<Int64>) {
        self.disk.willReadAhead(self.path, range)
        self.base.readAhead(range)
    }

    func cachedBytes(_ range: Range<Int64>) -> (all: Int64, unwritten: Int64)? { self.base.cachedBytes(range) }

    func synchronizeData() throws(FileError) {
        try self.disk.willSynchronize(self.path, "fdatasync")
        try self.base.synchronizeData()
    }

    func size() throws(FileError) -> Int64 { try self.base.size() }

    func lock(isShared: Bool) throws(FileError) -> Bool { try self.base.lock(isShared: isShared) }

    func close() throws(FileError) { try self.base.close() }
}
