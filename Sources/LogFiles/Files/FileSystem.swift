internal import CLinuxShim
internal import Glibc

/// Steps on the file system as a whole.
enum FileSystem {
    /// One `syncfs` for many dirty files: one commit of the file system's journal instead of one per file, each of
    /// which holds up writers.
    ///
    /// Only a preparation. Every file is still forced on its own afterwards, which then finds nothing to do but reports
    /// that file's errors; so it does not matter whether this succeeds.
    static func startSync(of path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = millrace_syncfs(descriptor)
        _ = close(descriptor)
    }

    /// Creates one directory (mode 0750) without forcing its name; an existing one is fine.
    static func makeDirectory(_ path: String) throws(FileError) {
        guard mkdir(path, 0o750) == 0 || errno == EEXIST else {
            throw FileError(operation: "mkdir", path: path, errno: errno)
        }
    }
}
