package import NIOCore

/// Answers that are still to be encrypted. Sans-IO.
///
/// The TLS handler encrypts at once what it is given, into one buffer: an answer of megabytes, whose parts are shared
/// with the log, would become as many bytes of the connection's own. So they are given to it piece by piece, as the
/// client takes what was encrypted before.
package struct PacedWrites: ~Copyable {
    private var parts = CircularBuffer<ByteBuffer>(initialCapacity: 4)
    /// Of all parts.
    package private(set) var bytes = 0

    package init() {}

    package var isEmpty: Bool { self.parts.isEmpty }

    package mutating func append(_ part: ByteBuffer) {
        guard part.readableBytes > 0 else { return }
        self.bytes += part.readableBytes
        self.parts.append(part)
    }

    /// Takes the next bytes, at most so many, of one part.
    package mutating func next(upTo limit: Int) -> ByteBuffer? {
        guard var part = self.parts.first else { return nil }
        guard part.readableBytes > limit, let piece = part.readSlice(length: limit) else {
            self.parts.removeFirst()
            self.bytes -= part.readableBytes
            return part
        }
        self.parts[self.parts.startIndex] = part
        self.bytes -= limit
        return piece
    }

    /// The connection is gone.
    package mutating func removeAll() {
        self.parts.removeAll()
        self.bytes = 0
    }
}
