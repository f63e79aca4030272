internal import CLinuxShim
internal import Glibc
internal import Model
internal import Synchronization

/// The system's own file system.
package final class SystemDisk: Disk {
    package static let shared = SystemDisk()

    private init() {}

    /// `O_DIRECT`, which Swift's Glibc module hides (it is built without `_GNU_SOURCE`).
    #if arch(arm64) || arch(arm)
        private static let directFlag: Int32 = 0o200000
    #else
        private static let directFlag: Int32 = 0o40000
    #endif

    package func open(_ path: String, options: File.Options) throws(FileError) -> any DiskFile {
        var flags = O_CLOEXEC | (options.contains(.write) ? O_RDWR : O_RDONLY)
        if options.contains(.create) { flags |= O_CREAT }
        if options.contains(.exclusive) { flags |= O_EXCL }
        if options.contains(.truncate) { flags |= O_TRUNC }
        if options.contains(.direct) { flags |= Self.directFlag }
        if options.contains(.dataSync) { flags |= O_DSYNC }
        let descriptor = Glibc.open(path, flags, 0o640)
        guard descriptor >= 0 else { throw FileError("open", path) }
        return SystemFile(path: path, descriptor: descriptor)
    }

    package func makeDirectory(_ path: String) throws(FileError) {
        guard mkdir(path, 0o750) == 0 else { throw FileError("mkdir", path) }
    }

    package func removeDirectory(_ path: String) throws(FileError) {
        guard rmdir(path) == 0 else { throw FileError("rmdir", path) }
    }

    package func list(_ path: String) throws(FileError) -> [Directory.Entry] {
        guard let stream = opendir(path) else { throw FileError("opendir", path) }
        defer { closedir(stream) }
        var entries: [Directory.Entry] = []
        while true {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                if Glibc.errno != 0 { throw FileError("readdir", path) }
                return entries
            }
            // The name is read in place: the system cuts the record after it, so copying the struct would overrun.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name == "." || name == ".." { continue }
            let isDirectory: Bool
            switch Int32(entry.pointee.d_type) {
            case Int32(DT_DIR): isDirectory = true
            case Int32(DT_UNKNOWN): isDirectory = try self.isDirectory(path + "/" + name)
            default: isDirectory = false
            }
            entries.append(Directory.Entry(name: name, isDirectory: isDirectory))
        }
    }

    /// For file systems that do not say it in the listing. A name that is gone by now is not a directory.
    private func isDirectory(_ path: String) throws(FileError) -> Bool {
        do throws(FileError) {
            return try self.status(path).isDirectory
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    package func status(_ path: String) throws(FileError) -> FileStatus {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError("stat", path) }
        return FileStatus(
            sizeBytes: Int64(status.st_size),
            modifiedAt: Timestamp(status.st_mtim.tv_sec) * 1000 + Timestamp(status.st_mtim.tv_nsec) / 1_000_000,
            isDirectory: status.st_mode & S_IFMT == S_IFDIR
        )
    }

    package func rename(_ path: String, to target: String) throws(FileError) {
        guard Glibc.rename(path, target) == 0 else { throw FileError("rename", path) }
    }

    package func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 else { throw FileError("unlink", path) }
    }

    package func synchronizeDirectory(_ path: String) throws(FileError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path) }
        defer { _ = Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("fsync", path) }
    }

    package func freeBytes(_ path: String) throws(FileError) -> Int64 {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw FileError("statvfs", path) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }

    package func startSync(_ path: String) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = millrace_syncfs(descriptor)
        _ = close(descriptor)
    }

    package func raiseOpenFilesLimit() -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}

/// A file descriptor.
private final class SystemFile: DiskFile {
    private let path: String
    private let handle: Atomic<Int32>

    init(path: String, descriptor: Int32) {
        self.path = path
        self.handle = Atomic(descriptor)
    }

    deinit {
        let descriptor = self.handle.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    private var descriptor: Int32 { self.handle.load(ordering: .acquiring) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        let count = pread(self.descriptor, buffer.baseAddress, buffer.count, Int(position))
        guard count >= 0 else { throw FileError("pread", self.path) }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        let count = pwrite(self.descriptor, bytes.baseAddress, bytes.count, Int(position))
        guard count >= 0 else { throw FileError("pwrite", self.path) }
        return count
    }

    func write(_ vectors: UnsafeBufferPointer<iovec>, at position: Int64) throws(FileError) -> Int {
        let count = pwritev(self.descriptor, vectors.baseAddress, Int32(vectors.count), Int(position))
        guard count >= 0 else { throw FileError("pwritev", self.path) }
        return count
    }

    func truncate(to size: Int64) throws(FileError) {
        guard ftruncate(self.descriptor, Int(size)) == 0 else { throw FileError("ftruncate", self.path) }
    }

    func preallocate(from position: Int64, count: Int64) throws(FileError) {
        let error = posix_fallocate(self.descriptor, Int(position), Int(count))
        guard error == 0 else { throw FileError(operation: "fallocate", path: self.path, errno: error) }
    }

    func reserveBlocks(from position: Int64, count: Int64) {
        _ = millrace_reserve_blocks(self.descriptor, position, count)
    }

    func dropFromPageCache(_ range: Range<Int64>) {
        _ = posix_fadvise(self.descriptor, Int(range.lowerBound), Int(range.count), POSIX_FADV_DONTNEED)
    }

    func readAhead(_ range: Range<Int64>) {
        _ = posix_fadvise(self.descriptor, Int(range.lowerBound), Int(range.count), POSIX_FADV_WILLNEED)
    }

    func cachedBytes(_ range: Range<Int64>) -> (all: Int64, unwritten: Int64)? {
        var cached = 0 as Int64
        var unwritten = 0 as Int64
        let count = Int64(range.count)
        guard millrace_cached_pages(self.descriptor, range.lowerBound, count, &cached, &unwritten) == 0 else {
            return nil
        }
        let pageBytes = Int64(getpagesize())
        return (cached * pageBytes, unwritten * pageBytes)
    }

    func synchronizeData() throws(FileError) {
        guard fdatasync(self.descriptor) == 0 else { throw FileError("fdatasync", self.path) }
    }

    func size() throws(FileError) -> Int64 {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw FileError("fstat", self.path) }
        return Int64(status.st_size)
    }

    func lock(isShared: Bool) throws(FileError) -> Bool {
        while flock(self.descriptor, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
            switch Glibc.errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            default: throw FileError("flock", self.path)
            }
        }
        return true
    }

    func close() throws(FileError) {
        let descriptor = self.handle.exchange(-1, ordering: .acquiringAndReleasing)
        guard descriptor >= 0 else { return }
        // Linux releases the descriptor even when close answers EINTR; closing again could hit a stranger's.
        if Glibc.close(descriptor) != 0 && Glibc.errno != EINTR { throw FileError("close", self.path) }
    }
}
