package import Model
package import NIOCore

/// Writes the members of an operation's output in one encoding.
///
/// Structures and lists nest by `begin…`/`end…`; inside a structure every value follows a `member`. Absent members are
/// simply not written.
package protocol ShapeWriter: SendableMetatype {
    mutating func beginStructure()
    mutating func endStructure()
    mutating func beginList()
    mutating func endList()
    /// Names the next value. `name` is plain ASCII without quotes or backslashes.
    mutating func member(_ name: StaticString)
    mutating func string(_ value: String)
    /// A string that needs no escapes, and of which the caller writes the bytes: digits, shard IDs.
    mutating func plainString(_ write: (inout ByteBuffer) -> Void)
    /// The bytes must be valid UTF-8.
    mutating func string(utf8 bytes: UnsafeRawBufferPointer)
    mutating func integer(_ value: Int64)
    mutating func boolean(_ value: Bool)
    mutating func timestamp(_ value: Timestamp)
    mutating func blob(_ bytes: UnsafeRawBufferPointer)

    /// What is written next, and how much of it there is so far. Taken out and put back between pieces of an answer.
    var buffer: ByteBuffer { get set }
    init(into buffer: ByteBuffer)
    /// Continues a list whose first elements were written elsewhere; `hasElements` says whether it has any.
    mutating func continueList(hasElements: Bool)
    /// The bytes that `record` writes for a record with this much data, with what parts it from the one before.
    ///
    /// - Parameter isFirst: no record comes before it in its list.
    static func recordByteCount(
        arrival: Timestamp?,
        dataCount: Int,
        partitionKey: UnsafeRawBufferPointer?,
        isFirst: Bool
    ) -> Int
    /// A bound for that, known without looking at the key: the room that `record` asks its buffer for.
    static func recordByteCountMax(dataCount: Int, partitionKeyCount: Int) -> Int
    /// Writes a record of GetRecords, as `GetRecordsOutput.record` does. An encoding may do it in one go.
    mutating func record(
        sequenceNumber: SequenceNumber,
        arrival: Timestamp?,
        data: UnsafeRawBufferPointer,
        partitionKey: UnsafeRawBufferPointer?
    )
    /// Writes what PutRecords answers for a stored record, as `PutRecordsOutput.stored` does.
    mutating func storedRecord(sequenceNumber: SequenceNumber, shard ordinal: UInt32)
}

extension ShapeWriter {
    package mutating func record(
        sequenceNumber: SequenceNumber,
        arrival: Timestamp?,
        data: UnsafeRawBufferPointer,
        partitionKey: UnsafeRawBufferPointer?
    ) {
        GetRecordsOutput.record(
            &self,
            sequenceNumber: sequenceNumber,
            arrival: arrival,
            data: data,
            partitionKey: partitionKey
        )
    }

    package mutating func storedRecord(sequenceNumber: SequenceNumber, shard ordinal: UInt32) {
        PutRecordsOutput.stored(&self, sequenceNumber: sequenceNumber, shard: ordinal)
    }

    mutating func member(_ name: StaticString, _ value: String) {
        self.member(name)
        self.string(value)
    }

    mutating func member(_ name: StaticString, _ value: Int64) {
        self.member(name)
        self.integer(value)
    }

    mutating func member(_ name: StaticString, _ value: Bool) {
        self.member(name)
        self.boolean(value)
    }

    mutating func member(_ name: StaticString, timestamp value: Timestamp) {
        self.member(name)
        self.timestamp(value)
    }
}
