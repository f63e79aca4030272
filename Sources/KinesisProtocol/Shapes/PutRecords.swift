package import NIOCore

/// One record of a put. Its bytes lie in the input's `payload`.
package struct PutEntry: Sendable, Equatable {
    /// Whether it may be absent depends on the stream (`RecordDistributionStrategy`).
    package var partitionKey: TextRange?
    package var data: ByteRange?
    package var explicitHashKey: TextRange?

    package init() {}

    /// Reads the member when it is one of a record's.
    mutating func read(
        _ member: MemberName,
        from reader: inout some ShapeReader,
        into payload: inout ByteBuffer
    ) throws(KinesisError) -> Bool {
        switch member {
        case "Data": self.data = try reader.readBlob(appendingTo: &payload)
        case "PartitionKey": self.partitionKey = try reader.readString(appendingTo: &payload)
        case "ExplicitHashKey": self.explicitHashKey = try reader.readString(appendingTo: &payload)
        default: return false
        }
        return true
    }

    /// The service model's limit; a stream's own one is `MaxRecordSizeInKiB`.
    package static let dataBytesMax = 10_485_760
    package static let partitionKeyLengthMax = 256

    /// Whether there is nothing to say in `validate`: the quick look at each record.
    func isPlainlyValid(in payload: ByteBuffer) -> Bool {
        guard let data, data.count <= Self.dataBytesMax else { return false }
        if let partitionKey {
            guard (1...Int32(Self.partitionKeyLengthMax)).contains(partitionKey.scalarCount) else { return false }
        }
        guard let explicitHashKey else { return true }
        return StringPattern.hashKey.matches(payload.text(explicitHashKey))
    }

    func validate(_ violations: inout ConstraintViolations, at path: String, in payload: ByteBuffer) {
        if let partitionKey, !(1...Self.partitionKeyLengthMax).contains(Int(partitionKey.scalarCount)) {
            violations.requireLength(
                payload.text(partitionKey),
                in: 1...Self.partitionKeyLengthMax,
                at: path + "partitionKey"
            )
        }
        if let explicitHashKey {
            violations.requirePattern(payload.text(explicitHashKey), .hashKey, at: path + "explicitHashKey")
        }
        violations.requirePresent(self.data, at: path + "data")
        if let data, data.count > Self.dataBytesMax {
            violations.addDataTooLarge(Int(data.count), limit: Self.dataBytesMax, at: path + "data")
        }
    }
}

extension ConstraintViolations {
    package mutating func addDataTooLarge(_ count: Int, limit: Int, at path: String) {
        self.add(
            "java.nio.HeapByteBuffer[pos=0 lim=\(count) cap=\(count)]",
            at: path,
            "Member must have length less than or equal to \(limit)"
        )
    }
}

extension PutEntry {
    /// Data and partition key together.
    package var bytes: Int { Int(self.data?.count ?? 0) + Int(self.partitionKey?.bytes.count ?? 0) }
}

extension ConstraintViolations {
    /// Data and partition key count together against what the stream allows. Names the one that is too much.
    ///
    /// - Parameter path: of the record, up to its members.
    package mutating func requireSize(
        _ entry: PutEntry,
        in payload: ByteBuffer,
        atMost limit: Int,
        at path: String
    ) {
        guard entry.bytes > limit else { return }
        let dataBytes = Int(entry.data?.count ?? 0)
        if dataBytes > limit {
            self.addDataTooLarge(dataBytes, limit: limit, at: path + "data")
        } else {
            self.add(
                entry.partitionKey.map { payload.text($0) } ?? "",
                at: path + "partitionKey",
                "Member and data must together have length less than or equal to \(limit), and have \(entry.bytes)"
            )
        }
    }

    /// Adds the records without a partition key, for a stream that requires one.
    package mutating func requirePartitionKeys(_ entries: [PutEntry]) {
        for (index, entry) in entries.enumerated() where entry.partitionKey == nil && !self.isFull {
            self.requirePresent(entry.partitionKey, at: "records.\(index + 1).member.partitionKey")
        }
    }
}

extension ByteBuffer {
    package func text(_ range: TextRange) -> String {
        self.getString(at: Int(range.bytes.start), length: Int(range.bytes.count)) ?? ""
    }

    /// Lends the bytes of a range that was read into this buffer.
    @inline(__always)
    package func withBytes<Value>(of range: ByteRange, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        self.withVeryUnsafeBytes { bytes in
            let start = Int(range.start)
            let end = start + Int(range.count)
            precondition(start >= 0 && end <= self.writerIndex)
            return body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        }
    }
}

package struct PutRecordInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var entry = PutEntry()
    package var sequenceNumberForOrdering: String?
    package var dryRun: Bool?
    /// The bytes that `entry` refers to.
    package var payload = ByteBuffer()

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        if try self.entry.read(member, from: &reader, into: &self.payload) { return }
        switch member {
        case "SequenceNumberForOrdering": self.sequenceNumberForOrdering = try reader.readString()
        case "DryRun": self.dryRun = try reader.readBoolean()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePattern(
            self.sequenceNumberForOrdering,
            .sequenceNumber,
            at: "sequenceNumberForOrdering"
        )
        self.entry.validate(&violations, at: "", in: self.payload)
        self.stream.validate(&violations)
    }
}

package struct PutRecordsInput: OperationInput, Equatable {
    package static let recordsMax = 500
    /// Of all data and partition keys together.
    package static let bytesMax = 10_485_760

    package var stream = StreamReference()
    /// Holds no more than `recordsMax`; `recordCount` tells how many there were.
    package var entries: [PutEntry] = []
    package var recordCount = 0
    package var hasRecords = false
    package var dryRun: Bool?
    /// The bytes that `entries` refer to.
    package var payload = ByteBuffer()

    package init() {}

    /// - Parameter bodyBytes: the length of the request's body, which bounds what is in it: room is made once.
    package init(bodyBytes: Int) {
        self.payload.reserveCapacity(bodyBytes + 16)
    }

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "Records": try self.readRecords(from: &reader)
        case "DryRun": self.dryRun = try reader.readBoolean()
        default: try reader.skip()
        }
    }

    private mutating func readRecords(from reader: inout some ShapeReader) throws(KinesisError) {
        self.entries.removeAll(keepingCapacity: true)
        self.recordCount = 0
        self.hasRecords = try reader.readList { (reader, index) throws(KinesisError) in
            self.recordCount = index + 1
            guard index < Self.recordsMax else {
                try reader.skip()
                return
            }
            var entry = PutEntry()
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                if try !entry.read(member, from: &reader, into: &self.payload) { try reader.skip() }
            }
            self.entries.append(entry)
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        if !self.hasRecords { violations.requirePresent(String?.none, at: "records") }
        if self.hasRecords, !(1...Self.recordsMax).contains(self.recordCount) {
            let name = "com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry"
            let listed = repeatElement(name, count: min(self.recordCount, Self.recordsMax + 1))
            violations.add(
                "[" + listed.joined(separator: ", ") + "]",
                at: "records",
                self.recordCount == 0
                    ? "Member must have length greater than or equal to 1"
                    : "Member must have length less than or equal to \(Self.recordsMax)"
            )
        }
        for (index, entry) in self.entries.enumerated() where !entry.isPlainlyValid(in: self.payload) {
            if violations.isFull { break }
            entry.validate(&violations, at: "records.\(index + 1).member.", in: self.payload)
        }
        self.stream.validate(&violations)
    }
}

extension PutRecordsInput {
    /// Reads and validates the body of a request, with room for the records made at once.
    package static func decode(_ body: ByteBuffer, as contentType: ContentType) throws(KinesisError) -> Self {
        switch contentType {
        case .json:
            try JSONReader.read(body) { (reader) throws(KinesisError) in
                try Self(from: &reader, bodyBytes: body.readableBytes)
            }
        case .cbor:
            try CBORReader.read(body) { (reader) throws(KinesisError) in
                try Self(from: &reader, bodyBytes: body.readableBytes)
            }
        }
    }

    private init(from reader: inout some ShapeReader, bodyBytes: Int) throws(KinesisError) {
        var input = Self(bodyBytes: bodyBytes)
        guard
            try reader.readStructure({ (reader, member) throws(KinesisError) in
                try input.read(member, from: &reader)
            })
        else { throw KinesisError(.serialization) }
        var violations = ConstraintViolations()
        input.validate(&violations)
        try violations.check()
        self = input
    }
}

package struct PutRecordOutput: OperationOutput, Sendable {
    package var ordinal: UInt32
    package var sequenceNumber: SequenceNumber

    package init(ordinal: UInt32, sequenceNumber: SequenceNumber) {
        self.ordinal = ordinal
        self.sequenceNumber = sequenceNumber
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("ShardId", shard: self.ordinal)
        writer.member("SequenceNumber", self.sequenceNumber)
        writer.endStructure()
    }
}

package struct PutRecordsOutput: OperationOutput, Sendable {
    package enum Result: Sendable, Equatable {
        case stored(ordinal: UInt32, SequenceNumber)
        case failed(code: String, message: String)
    }

    /// In the order of the request.
    package var results: [Result]

    package init(results: [Result]) {
        self.results = results
    }

    package func write(to writer: inout some ShapeWriter) {
        var failures: Int64 = 0
        for case .failed in self.results { failures += 1 }
        writer.beginStructure()
        writer.member("FailedRecordCount", failures)
        writer.member("Records")
        writer.beginList()
        for result in self.results {
            switch result {
            case .stored(let ordinal, let sequenceNumber):
                writer.storedRecord(sequenceNumber: sequenceNumber, shard: ordinal)
            case .failed(let code, let message):
                writer.beginStructure()
                writer.member("ErrorCode", code)
                writer.member("ErrorMessage", message)
                writer.endStructure()
            }
        }
        writer.endList()
        writer.endStructure()
    }

    /// A stored record, member by member; writers have a way of their own that comes to the same.
    package static func stored(
        _ writer: inout some ShapeWriter,
        sequenceNumber: SequenceNumber,
        shard ordinal: UInt32
    ) {
        writer.beginStructure()
        writer.member("SequenceNumber", sequenceNumber)
        writer.member("ShardId", shard: ordinal)
        writer.endStructure()
    }
}
