internal import Glibc

/// Standard output for results of any size: unlike `StandardOutput` it reports when its reader has gone, and what
/// `write` has returned from is with the reader.
enum ResultOutput {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// - Throws: `OutputClosed` when the reader has gone, `Failure` when the disk is full and the like.
    static func write(_ bytes: [UInt8]) throws {
        // A closed pipe is an error of the call, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Self.writeSome($0) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EPIPE {
                throw OutputClosed()
            } else if errno != EINTR {
                throw Failure("cannot write to standard output: \(String(cString: strerror(errno)))")
            }
        }
    }

    static func write(_ text: String) throws {
        try self.write(Array(text.utf8))
    }

    private static func writeSome(_ bytes: UnsafeRawBufferPointer) -> Int {
        Glibc.write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
    }
}
