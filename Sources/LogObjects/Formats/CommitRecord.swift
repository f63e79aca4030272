package import NIOCore

/// What makes a flush part of the log: the value of the key `c/BROKER/INCARNATION/SEQUENCE` in etcd.
///
/// | bytes | |
/// | --- | --- |
/// | 1 | format, 1 |
/// | n | attempt, object size, position of the runs; then `RunTable` with offsets |
/// | 4 | CRC-32C of all before |
package struct CommitRecord: Sendable, Equatable {
    private static let format: UInt8 = 1
    /// A record is one value of a transaction that may hold several.
    package static let bytesMax = 128 << 10

    /// Of the object's name; writer and sequence are in the key.
    package var attempt: Int
    package var objectSize: Int
    package var runs: [FlushRun]

    package init(attempt: Int, objectSize: Int, runs: [FlushRun]) {
        self.attempt = attempt
        self.objectSize = objectSize
        self.runs = runs
    }

    package func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        buffer.writeNumber(self.attempt)
        buffer.writeNumber(self.objectSize)
        buffer.writeNumber(self.runs.first?.position ?? 0)
        RunTable.write(self.runs, withOffsets: true, to: &buffer)
        StoredValue.seal(&buffer)
        return buffer
    }

    package init(decoding bytes: ByteBuffer) throws(ObjectCodingError) {
        var buffer = try StoredValue.opened(bytes, format: Self.format, "A commit record")
        self.attempt = try buffer.readNumber(as: Int.self)
        self.objectSize = try buffer.readNumber(as: Int.self)
        let start = try buffer.readNumber(as: Int.self)
        self.runs = try RunTable.read(from: &buffer, withOffsets: true, start: start)
        guard buffer.readableBytes == 0, self.attempt < FlushObjectName.attemptsMax,
            self.runs.last.map({ $0.position + $0.length <= self.objectSize }) ?? true
        else { throw .damaged("A commit record contradicts itself.") }
    }
}
