package import Glibc
package import Model

/// The file system below the log engine, call by call: the system's (`SystemDisk`), or a double that a test or a
/// simulation makes, with faults.
///
/// A call does what the system call of its name does and no more: `EINTR`, short reads and short writes come through,
/// and `File` and `Directory` repeat. Every call blocks; any thread may make it. Every error is a `FileError` with the
/// system's number.
package protocol Disk: AnyObject, Sendable {
    /// `open(2)`; new files get mode 0640, and nothing is inherited by other programs.
    func open(_ path: String, options: File.Options) throws(FileError) -> any DiskFile

    /// `mkdir(2)` with mode 0750. The name is durable after `synchronizeDirectory` of the one above.
    func makeDirectory(_ path: String) throws(FileError)

    /// `rmdir(2)`
    func removeDirectory(_ path: String) throws(FileError)

    /// Everything in a directory, in any order, without `.` and `..`.
    func list(_ path: String) throws(FileError) -> [Directory.Entry]

    /// `stat(2)`
    func status(_ path: String) throws(FileError) -> FileStatus

    /// `rename(2)`
    func rename(_ path: String, to target: String) throws(FileError)

    /// `unlink(2)`
    func remove(_ path: String) throws(FileError)

    /// `fsync(2)` of a directory: names that were created, renamed and removed in it are durable when this returns.
    func synchronizeDirectory(_ path: String) throws(FileError)

    /// Bytes that this process may still write to the file system that holds `path`.
    func freeBytes(_ path: String) throws(FileError) -> Int64

    /// `syncfs(2)`: one commit of the file system's journal instead of one per file, each of which holds up writers.
    ///
    /// Only a preparation. Every file is still forced on its own afterwards, which then finds nothing to do but reports
    /// that file's errors; so it does not matter whether this succeeds.
    func startSync(_ path: String)

    /// Raises the process's limit of open files as far as it may.
    ///
    /// - Returns: the limit in force; 0 when it cannot be told.
    func raiseOpenFilesLimit() -> Int
}

/// An open file of a `Disk`. It is closed with its last reference, or by `close`.
package protocol DiskFile: AnyObject, Sendable {
    /// `pread(2)`. Returns the bytes read: 0 at the end of the file, and perhaps fewer than would be there.
    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int

    /// `pwrite(2)`. Returns the bytes written, perhaps fewer than all.
    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) -> Int

    /// `pwritev(2)`. Returns the bytes written, perhaps fewer than all.
    func write(_ vectors: UnsafeBufferPointer<iovec>, at position: Int64) throws(FileError) -> Int

    /// `ftruncate(2)`
    func truncate(to size: Int64) throws(FileError)

    /// `posix_fallocate(3)`
    func preallocate(from position: Int64, count: Int64) throws(FileError)

    /// Reserves blocks without growing the file, where the file system can. Only a matter of speed.
    func reserveBlocks(from position: Int64, count: Int64)

    /// Has the page cache forget a part of the file. What is not on the disk yet stays, and so do the pages at its ends
    /// that it shares with others.
    func dropFromPageCache(_ range: Range<Int64>)

    /// Has the system begin to read a part of the file into its page cache, and does not wait for it. What lies behind
    /// the file's end is left out. Only a matter of speed.
    func readAhead(_ range: Range<Int64>)

    /// Bytes of a part of the file that the page cache holds, and those of them that are not on the disk yet; `nil`
    /// when the system does not tell.
    func cachedBytes(_ range: Range<Int64>) -> (all: Int64, unwritten: Int64)?

    /// `fdatasync(2)`
    func synchronizeData() throws(FileError)

    func size() throws(FileError) -> Int64

    /// `flock(2)` without waiting, exclusive or shared with others that only read. Returns whether this file has the
    /// lock now; it goes with the file.
    func lock(isShared: Bool) throws(FileError) -> Bool

    /// `close(2)`. Does nothing the second time. No other thread may be using the file.
    func close() throws(FileError)
}

package struct FileStatus: Sendable, Equatable {
    package var sizeBytes: Int64
    /// When it was last written.
    package var modifiedAt: Timestamp
    package var isDirectory: Bool

    package init(sizeBytes: Int64, modifiedAt: Timestamp, isDirectory: Bool) {
        self.sizeBytes = sizeBytes
        self.modifiedAt = modifiedAt
        self.isDirectory = isDirectory
    }
}
