package import Model
package import NIOCore
internal import Text

/// Writes JSON straight into a buffer.
///
/// Timestamps are seconds since the epoch with up to three decimals (JSON 1.1), blobs are base64.
package struct JSONWriter: ShapeWriter {
    package var buffer: ByteBuffer
    /// Whether the next value or member needs a comma before it.
    private var needsComma = false
    /// By the lowest bits of the shard's ordinal: the records of a put go to several shards in turn.
    private var printers = SequenceNumberPrinters()

    package init(into buffer: ByteBuffer) {
        self.buffer = buffer
    }

    package mutating func beginStructure() {
        self.separate()
        self.buffer.writeInteger(UInt8(ascii: "{"))
        self.needsComma = false
    }

    package mutating func endStructure() {
        self.buffer.writeInteger(UInt8(ascii: "}"))
        self.needsComma = true
    }

    package mutating func beginList() {
        self.separate()
        self.buffer.writeInteger(UInt8(ascii: "["))
        self.needsComma = false
    }

    package mutating func endList() {
        self.buffer.writeInteger(UInt8(ascii: "]"))
        self.needsComma = true
    }

    package mutating func member(_ name: StaticString) {
        let length = name.utf8CodeUnitCount
        let comma = self.needsComma
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 4) { target in
            var position = 0
            if comma {
                target[0] = UInt8(ascii: ",")
                position = 1
            }
            target[position] = UInt8(ascii: "\"")
            UnsafeMutableRawBufferPointer(rebasing: target[(position + 1)..<(position + 1 + length)])
                .copyMemory(from: UnsafeRawBufferPointer(start: name.utf8Start, count: length))
            target[position + 1 + length] = UInt8(ascii: "\"")
            target[position + 2 + length] = UInt8(ascii: ":")
            return position + length + 3
        }
        self.needsComma = false
    }

    /// Names the next value, with escapes where the name needs them.
    package mutating func member(text name: String) {
        self.string(name)
        self.buffer.writeInteger(UInt8(ascii: ":"))
        self.needsComma = false
    }

    package mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { self.string(utf8: UnsafeRawBufferPointer($0)) }
    }

    package mutating func string(utf8 bytes: UnsafeRawBufferPointer) {
        self.piece(room: 6 * bytes.count + 2) { text in
            text.write("\"")
            text.write(string: bytes)
            text.write("\"")
        }
    }

    package mutating func plainString(_ write: (inout ByteBuffer) -> Void) {
        self.separate()
        self.buffer.writeInteger(UInt8(ascii: "\""))
        write(&self.buffer)
        self.buffer.writeInteger(UInt8(ascii: "\""))
        self.needsComma = true
    }

    package mutating func integer(_ value: Int64) {
        self.piece(room: 21) { text in
            if value < 0 { text.write("-") }
            text.write(decimal: value.magnitude)
        }
    }

    package mutating func boolean(_ value: Bool) {
        self.separate()
        self.buffer.writeStaticString(value ? "true" : "false")
        self.needsComma = true
    }

    package mutating func timestamp(_ value: Timestamp) {
        self.piece(room: 24) { text in text.write(timestamp: value) }
    }

    package mutating func blob(_ bytes: UnsafeRawBufferPointer) {
        self.piece(room: Base64.encodedCount(of: bytes.count) + 2) { text in
            text.write("\"")
            text.write(base64: bytes)
            text.write("\"")
        }
    }

    // MARK: Structures that answers hold by the thousand

    package mutating func continueList(hasElements: Bool) {
        self.needsComma = hasElements
    }

    /// The fixed text of a record.
    private enum RecordText {
        static var opening: StaticString { "{\"SequenceNumber\":\"" }
        static var arrival: StaticString { "\",\"ApproximateArrivalTimestamp\":" }
        static var dataAfterArrival: StaticString { ",\"Data\":\"" }
        static var data: StaticString { "\",\"Data\":\"" }
        static var partitionKey: StaticString { "\",\"PartitionKey\":\"" }
        static var closing: StaticString { "\"}" }
    }

    package static func recordByteCount(
        arrival: Timestamp?,
        dataCount: Int,
        partitionKey: UnsafeRawBufferPointer?,
        isFirst: Bool
    ) -> Int {
        var count = RecordText.opening.utf8CodeUnitCount + SequenceNumber.digitCount
        if let arrival {
            count += RecordText.arrival.utf8CodeUnitCount + RecordText.dataAfterArrival.utf8CodeUnitCount
            count += JSONText.byteCount(timestamp: arrival)
        } else {
            count += RecordText.data.utf8CodeUnitCount
        }
        count += Base64.encodedCount(of: dataCount)
        if let partitionKey {
            count += RecordText.partitionKey.utf8CodeUnitCount + JSONText.byteCount(string: partitionKey)
        }
        return count + RecordText.closing.utf8CodeUnitCount + (isFirst ? 0 : 1)
    }

    package static func recordByteCountMax(dataCount: Int, partitionKeyCount: Int) -> Int {
        // Names and punctuation come to 93 bytes, number and time to 80, the comma to 1.
        176 + Base64.encodedCount(of: dataCount) + 6 * partitionKeyCount + JSONText.slack
    }

    package mutating func record(
        sequenceNumber: SequenceNumber,
        arrival: Timestamp?,
        data: UnsafeRawBufferPointer,
        partitionKey: UnsafeRawBufferPointer?
    ) {
        // Of which `piece` adds the comma and the slack itself.
        let room =
            Self.recordByteCountMax(dataCount: data.count, partitionKeyCount: partitionKey?.count ?? 0)
            - JSONText.slack - 1
        self.piece(room: room, shard: sequenceNumber.ordinal) { text, printer in
            text.write(RecordText.opening)
            text.write(sequenceNumber, by: &printer)
            if let arrival {
                text.write(RecordText.arrival)
                text.write(timestamp: arrival)
                text.write(RecordText.dataAfterArrival)
            } else {
                text.write(RecordText.data)
            }
            text.write(base64: data)
            if let partitionKey {
                text.write(RecordText.partitionKey)
                text.write(string: partitionKey)
            }
            text.write(RecordText.closing)
        }
    }

    package mutating func storedRecord(sequenceNumber: SequenceNumber, shard ordinal: UInt32) {
        self.piece(room: 112, shard: sequenceNumber.ordinal) { text, printer in
            text.write("{\"SequenceNumber\":\"")
            text.write(sequenceNumber, by: &printer)
            text.write("\",\"ShardId\":\"shardId-")
            text.write(shard: ordinal)
            text.write("\"}")
        }
    }

    /// Writes one value, with the comma before it.
    ///
    /// - Parameter room: bytes that `write` fills at most, the comma not among them.
    @inline(__always)
    private mutating func piece(room: Int, _ write: (inout JSONText) -> Void) {
        let comma = self.needsComma
        self.needsComma = true
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room + 1 + JSONText.slack) { target in
            var text = JSONText(target)
            if comma { text.write(",") }
            write(&text)
            return text.count
        }
    }

    /// The same with what prints the sequence numbers of a shard.
    @inline(__always)
    private mutating func piece(
        room: Int,
        shard ordinal: UInt32,
        _ write: (inout JSONText, inout SequenceNumberPrinter) -> Void
    ) {
        var printer = self.printers[shard: ordinal]
        self.piece(room: room) { write(&$0, &printer) }
        self.printers[shard: ordinal] = printer
    }

    private mutating func separate() {
        if self.needsComma { self.buffer.writeInteger(UInt8(ascii: ",")) }
    }
}
