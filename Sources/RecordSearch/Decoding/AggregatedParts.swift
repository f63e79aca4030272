internal import KinesisProtocol
internal import NIOCore

/// The records that the Kinesis Producer Library packed into one.
///
/// | field of the message | content |
/// | --- | --- |
/// | 1, repeated | partition keys |
/// | 2, repeated | explicit hash keys |
/// | 3, repeated | a record: 1 index of its partition key, 2 of its explicit hash key, 3 data, 4 tags |
///
/// Source: "Aggregation format" of the library's documentation (`aggregation-format.md`).
enum AggregatedParts {
    struct Part {
        var key: ByteBuffer?
        var data: ByteBuffer
    }

    /// `nil` for what is not an aggregate, or is not one to its end: then it is one record, as for KCL.
    static func parts(of value: ByteBuffer) -> [Part]? {
        guard value.readableBytes >= 20, value.getInteger(at: value.readerIndex, as: UInt32.self) == 0xF389_9AC2,
            value.withUnsafeReadableBytes({ AggregatedRecord.isValid($0) }),
            var message = value.getSlice(at: value.readerIndex + 4, length: value.readableBytes - 20)
        else { return nil }
        var keys: [ByteBuffer] = []
        var records: [(key: Int?, data: ByteBuffer)] = []
        while message.readableBytes > 0 {
            guard let field = message.readField() else { return nil }
            switch (field.number, field.content) {
            case (1, .bytes(let key)): keys.append(key)
            case (3, .bytes(let record)):
                guard let read = Self.record(record) else { return nil }
                records.append(read)
            default: break
            }
        }
        guard !records.isEmpty else { return nil }
        return records.map { record in
            Part(key: record.key.flatMap { keys.indices.contains($0) ? keys[$0] : nil }, data: record.data)
        }
    }

    private static func record(_ bytes: ByteBuffer) -> (key: Int?, data: ByteBuffer)? {
        var (rest, key, data) = (bytes, Int?.none, ByteBuffer?.none)
        while rest.readableBytes > 0 {
            guard let field = rest.readField() else { return nil }
            switch (field.number, field.content) {
            case (1, .number(let index)): key = Int(exactly: index)
            case (3, .bytes(let bytes)): data = bytes
            default: break
            }
        }
        return data.map { (key, $0) }
    }
}

extension ByteBuffer {
    fileprivate enum FieldContent {
        case number(UInt64)
        case bytes(ByteBuffer)
    }

    fileprivate mutating func readField() -> (number: UInt64, content: FieldContent)? {
        guard let tag = self.readVarint() else { return nil }
        switch tag & 7 {
        case 0: return self.readVarint().map { (tag >> 3, .number($0)) }
        case 1: return self.readInteger(endianness: .little, as: UInt64.self).map { (tag >> 3, .number($0)) }
        case 5: return self.readInteger(endianness: .little, as: UInt32.self).map { (tag >> 3, .number(UInt64($0))) }
        case 2:
            guard let length = self.readVarint(), length <= UInt64(self.readableBytes),
                let slice = self.readSlice(length: Int(length))
            else { return nil }
            return (tag >> 3, .bytes(slice))
        default: return nil
        }
    }

    private mutating func readVarint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = self.readInteger(as: UInt8.self) else { return nil }
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte < 0x80 { return value }
        }
        return nil
    }
}
