package import Model
package import NIOCore

/// Writes CBOR straight into a buffer, as AWS's CBOR 1.1 has it: data as byte strings, timestamps as tag 1 with
/// milliseconds since the epoch.
///
/// Structures and lists are of indefinite length, as Jackson writes them: nobody knows the number of members that are
/// present, or of records, before they are written. Everything else has the shortest form.
package struct CBORWriter: ShapeWriter {
    package var buffer: ByteBuffer
    /// By the lowest bits of the shard's ordinal: the records of a put go to several shards in turn.
    private var printers = SequenceNumberPrinters()

    private static var timestampTag: UInt64 { 1 }
    private static var endOfItem: UInt8 { 0xFF }

    package init(into buffer: ByteBuffer) {
        self.buffer = buffer
    }

    package mutating func beginStructure() { self.buffer.writeInteger(0xBF as UInt8) }
    package mutating func endStructure() { self.buffer.writeInteger(Self.endOfItem) }
    package mutating func beginList() { self.buffer.writeInteger(0x9F as UInt8) }
    package mutating func endList() { self.buffer.writeInteger(Self.endOfItem) }

    package mutating func member(_ name: StaticString) {
        self.piece(room: name.utf8CodeUnitCount) { $0.text(name) }
    }

    package mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { self.string(utf8: UnsafeRawBufferPointer($0)) }
    }

    package mutating func string(utf8 bytes: UnsafeRawBufferPointer) {
        self.piece(room: bytes.count) { $0.string(.text, bytes) }
    }

    package mutating func plainString(_ write: (inout ByteBuffer) -> Void) {
        var text = ByteBuffer()
        write(&text)
        text.withUnsafeReadableBytes { self.string(utf8: $0) }
    }

    package mutating func integer(_ value: Int64) { self.piece(room: 0) { $0.integer(value) } }
    package mutating func boolean(_ value: Bool) { self.buffer.writeInteger((value ? 0xF5 : 0xF4) as UInt8) }

    package mutating func timestamp(_ value: Timestamp) {
        self.piece(room: 1) { text in
            text.head(.tag, Self.timestampTag)
            text.integer(value)
        }
    }

    package mutating func blob(_ bytes: UnsafeRawBufferPointer) {
        self.piece(room: bytes.count) { $0.string(.bytes, bytes) }
    }

    // MARK: Structures that answers hold by the thousand

    package mutating func continueList(hasElements: Bool) {}

    private enum RecordText {
        static var sequenceNumber: StaticString { "SequenceNumber" }
        static var arrival: StaticString { "ApproximateArrivalTimestamp" }
        static var data: StaticString { "Data" }
        static var partitionKey: StaticString { "PartitionKey" }
        static var shardID: StaticString { "ShardId" }
        static var shardPrefix: StaticString { "shardId-" }

        /// The names, the sequence number and the two ends.
        static var fixedBytes: Int {
            2 + CBORText.byteCount(text: self.sequenceNumber) + CBORText.byteCount(string: SequenceNumber.digitCount)
                + CBORText.byteCount(text: self.data)
        }
        static var arrivalBytes: Int { CBORText.byteCount(text: self.arrival) + 1 }
        static var partitionKeyBytes: Int { CBORText.byteCount(text: self.partitionKey) }
    }

    package static func recordByteCount(
        arrival: Timestamp?,
        dataCount: Int,
        partitionKey: UnsafeRawBufferPointer?,
        isFirst: Bool
    ) -> Int {
        var count = RecordText.fixedBytes + CBORText.byteCount(string: dataCount)
        if let arrival { count += RecordText.arrivalBytes + CBORText.byteCount(integer: arrival) }
        if let partitionKey { count += RecordText.partitionKeyBytes + CBORText.byteCount(string: partitionKey.count) }
        return count
    }

    package static func recordByteCountMax(dataCount: Int, partitionKeyCount: Int) -> Int {
        RecordText.fixedBytes + RecordText.arrivalBytes + RecordText.partitionKeyBytes + 3 * CBORText.headBytesMax
            + dataCount + partitionKeyCount
    }

    package mutating func record(
        sequenceNumber: SequenceNumber,
        arrival: Timestamp?,
        data: UnsafeRawBufferPointer,
        partitionKey: UnsafeRawBufferPointer?
    ) {
        let room = Self.recordByteCountMax(dataCount: data.count, partitionKeyCount: partitionKey?.count ?? 0)
        self.piece(room: room, shard: sequenceNumber.ordinal) { text, printer in
            text.write(0xBF)
            text.text(RecordText.sequenceNumber)
            text.text(count: SequenceNumber.digitCount) { printer.write(sequenceNumber, to: $0) }
            if let arrival {
                text.text(RecordText.arrival)
                text.head(.tag, Self.timestampTag)
                text.integer(arrival)
            }
            text.text(RecordText.data)
            text.string(.bytes, data)
            if let partitionKey {
                text.text(RecordText.partitionKey)
                text.string(.text, partitionKey)
            }
            text.write(Self.endOfItem)
        }
    }

    package mutating func storedRecord(sequenceNumber: SequenceNumber, shard ordinal: UInt32) {
        self.piece(room: 128, shard: sequenceNumber.ordinal) { text, printer in
            text.write(0xBF)
            text.text(RecordText.sequenceNumber)
            text.text(count: SequenceNumber.digitCount) { printer.write(sequenceNumber, to: $0) }
            text.text(RecordText.shardID)
            let prefix = RecordText.shardPrefix
            text.text(count: prefix.utf8CodeUnitCount + 12) { target in
                target.copyMemory(from: prefix.utf8Start, byteCount: prefix.utf8CodeUnitCount)
                ShardID(ordinal).writeDigits(
                    into: UnsafeMutableRawBufferPointer(start: target + prefix.utf8CodeUnitCount, count: 12)
                )
            }
            text.write(Self.endOfItem)
        }
    }

    /// - Parameter room: bytes that `write` fills at most, one head not among them.
    @inline(__always)
    private mutating func piece(room: Int, _ write: (inout CBORText) -> Void) {
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room + CBORText.headBytesMax) { target in
            var text = CBORText(target)
            write(&text)
            return text.count
        }
    }

    /// The same with what prints the sequence numbers of a shard.
    @inline(__always)
    private mutating func piece(
        room: Int,
        shard ordinal: UInt32,
        _ write: (inout CBORText, inout SequenceNumberPrinter) -> Void
    ) {
        var printer = self.printers[shard: ordinal]
        self.piece(room: room) { write(&$0, &printer) }
        self.printers[shard: ordinal] = printer
    }
}
