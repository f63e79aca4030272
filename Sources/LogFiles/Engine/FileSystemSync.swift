internal import Glibc

/// One `syncfs` for many dirty files: one commit of the file system's journal instead of one per file, each of which
/// holds up writers.
///
/// Only a preparation. Every file is still forced on its own afterwards, which then finds nothing to do but reports
/// that file's errors; so it does not matter where this is missing.
struct FileSystemSync {
    private typealias Call = @convention(c) (Int32) -> Int32
    private let call: Call?

    init() {
        // Swift's Glibc module is built without _GNU_SOURCE and does not declare it.
        guard let address = dlsym(nil, "syncfs") else {
            self.call = nil
            return
        }
        self.call = unsafeBitCast(address, to: Call.self)
    }

    /// Starts and awaits the write-back of the file system that holds `path`.
    func run(path: String) {
        guard let call else { return }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = call(descriptor)
        _ = close(descriptor)
    }
}

enum FileSystem {
    /// Creates one directory (mode 0750) without forcing its name; an existing one is fine.
    static func makeDirectory(_ path: String) throws(FileError) {
        guard mkdir(path, 0o750) == 0 || errno == EEXIST else {
            throw FileError(operation: "mkdir", path: path, errno: errno)
        }
    }
}
