internal import Glibc

/// A failed system call: what was tried, on what, and why.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The system call or step, such as `"pwrite"`.
    package var operation: String
    package var path: String
    /// The system's error number, positive.
    package var errno: Int32

    package init(operation: String, path: String, errno: Int32) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    /// The calling thread's last error.
    init(_ operation: String, _ path: String) {
        self.init(operation: operation, path: path, errno: Glibc.errno)
    }

    /// No room, no quota or a file-size limit: retriable once someone makes room. What was written before stays valid.
    package var isDiskFull: Bool {
        self.errno == ENOSPC || self.errno == EDQUOT || self.errno == EFBIG
    }

    /// Short of descriptors or kernel memory, or interrupted: the same call may succeed a moment later, and what was
    /// written before stays valid. Never a failed forcing, after which the kernel may have dropped data.
    package var isTransient: Bool {
        switch self.errno {
        case EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR: self.operation != "fsync" && self.operation != "fdatasync"
        default: false
        }
    }

    /// The file is larger than what the caller takes.
    package var isTooLarge: Bool { self.errno == EFBIG }

    /// The disk cannot give these bytes; others of the file may be fine.
    package var isUnreadable: Bool { self.errno == EIO }

    /// A step that has to wait for another one.
    static func notYet(_ path: String) -> FileError { FileError(operation: "write", path: path, errno: EAGAIN) }

    /// Says nothing about the data: the operation is tried again, and nothing is taken out of service.
    package var isRetriable: Bool { self.isDiskFull || self.isTransient }

    /// The file or directory does not exist.
    package var isNotFound: Bool { self.errno == ENOENT }

    /// The file system does not know such a call; of direct I/O, it has none or wants other boundaries.
    package var isInvalid: Bool { self.errno == EINVAL }

    package var description: String {
        var text = [CChar](repeating: 0, count: 128)
        _ = strerror_r(self.errno, &text, text.count)
        let reason = String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        return "\(self.operation) \(self.path): \(reason) (\(self.errno))"
    }
}
