internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Reads a file or standard input line by line, many lines at a time. Reads block, so they run on NIO's threads for
/// files.
final class LineReader: Sendable {
    /// A longer line is refused: no topic would take it.
    static let lineBytesMax = 256 << 20
    private static let chunkBytes = 256 << 10

    private let path: String
    private let descriptor: Int32
    private let rest = Mutex<Rest>(Rest())

    private struct Rest {
        /// The beginning of a line whose end is not read yet.
        var bytes = ByteBuffer()
        var isAtEnd = false
    }

    /// - Parameter path: `-` is standard input.
    init(path: String) throws {
        self.path = path
        guard path != "-" else {
            self.descriptor = STDIN_FILENO
            return
        }
        self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            throw Failure("cannot open \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        if self.descriptor != STDIN_FILENO { _ = close(self.descriptor) }
    }

    /// The next lines without their ends; `nil` at the end or when a signal asked to stop.
    func next() async throws -> [ByteBuffer]? {
        try await NIOThreadPool.singleton.runIfActive { try self.readLines() }
    }

    private func readLines() throws -> [ByteBuffer]? {
        while true {
            if Interruption.isRequested { return nil }
            var (bytes, isAtEnd) = self.rest.withLock { rest in
                defer { rest.bytes = ByteBuffer() }
                return (rest.bytes, rest.isAtEnd)
            }
            guard !isAtEnd else { return nil }
            guard let count = try self.readChunk(into: &bytes) else {
                self.rest.withLock { $0.bytes = bytes }
                continue
            }
            var lines = Self.split(&bytes)
            if count == 0 {
                // The last line may lack its end.
                if bytes.readableBytes > 0 { lines.append(bytes) }
                self.rest.withLock { $0.isAtEnd = true }
                return lines.isEmpty ? nil : lines
            }
            guard bytes.readableBytes <= Self.lineBytesMax else {
                throw Failure("\(self.path) has a line of more than \(Self.lineBytesMax >> 20) MiB")
            }
            self.rest.withLock { $0.bytes = bytes }
            if !lines.isEmpty { return lines }
        }
    }

    /// Appends what is there; the number of bytes, 0 at the end, `nil` when nothing came for a moment.
    private func readChunk(into bytes: inout ByteBuffer) throws -> Int? {
        // Waits for a moment only, so that a signal is noticed while no input comes.
        var entry = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 200) != 0 else { return nil }
        // A fresh buffer each time: lines that are on their way are slices of the earlier ones.
        var fresh = ByteBufferAllocator().buffer(capacity: bytes.readableBytes + Self.chunkBytes)
        fresh.writeBuffer(&bytes)
        var failure: Int32 = 0
        let count = fresh.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.chunkBytes) { target in
            let count = read(self.descriptor, target.baseAddress, Self.chunkBytes)
            if count < 0 { failure = errno }
            return max(0, count)
        }
        bytes = fresh
        if failure == EINTR || failure == EAGAIN { return nil }
        guard failure == 0 else {
            throw Failure("cannot read \(self.path): \(String(cString: strerror(failure)))")
        }
        return count
    }

    /// Takes whole lines off the front.
    private static func split(_ bytes: inout ByteBuffer) -> [ByteBuffer] {
        var lengths: [Int] = []
        bytes.withUnsafeReadableBytes { view in
            var start = 0
            while start < view.count, let base = view.baseAddress,
                let end = memchr(base + start, 0x0A, view.count - start)
            {
                let position = UnsafeRawPointer(end) - base
                lengths.append(position - start)
                start = position + 1
            }
        }
        return lengths.compactMap { length in
            defer { bytes.moveReaderIndex(forwardBy: 1) }
            return bytes.readSlice(length: length)
        }
    }
}
