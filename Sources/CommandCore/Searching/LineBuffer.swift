package import NIOCore

/// Cuts what comes in parts into lines.
package struct LineBuffer: Sendable {
    /// A line is longer than is taken.
    package struct LineTooLong: Error {}

    private let bytesMax: Int
    private var rest = ByteBuffer()
    /// Bytes of `rest` that have no line feed.
    private var searched = 0

    /// - Parameter bytesMax: of one line.
    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// The next part. Take all lines out before the next one.
    package mutating func append(_ part: ByteBuffer) {
        var part = part
        self.rest.discardReadBytes()
        self.rest.writeBuffer(&part)
    }

    /// The next whole line, without its line feed; `nil` when there is none yet.
    package mutating func next() throws(LineTooLong) -> ByteBuffer? {
        let view = self.rest.readableBytesView.dropFirst(self.searched)
        guard let feed = view.firstIndex(of: UInt8(ascii: "\n")) else {
            self.searched = self.rest.readableBytes
            guard self.searched <= self.bytesMax else { throw LineTooLong() }
            return nil
        }
        let length = feed - self.rest.readerIndex
        guard length <= self.bytesMax else { throw LineTooLong() }
        let line = self.rest.readSlice(length: length)
        self.rest.moveReaderIndex(forwardBy: 1)
        self.searched = 0
        return line
    }

    /// What came after the last line feed.
    package var remainder: ByteBuffer? { self.rest.readableBytes > 0 ? self.rest.slice() : nil }
}
