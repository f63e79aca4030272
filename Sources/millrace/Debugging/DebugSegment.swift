internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import KafkaClient
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Text

struct DebugSegment: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Print the batches, or the records, of a segment file.",
        discussion: """
            Reads a .log file of Millrace or of Kafka: both have the same format. Every checksum is compared. Ends \
            with \
            1 at the first damage, and says where it is.

            Examples:
              millrace debug segment data/orders-0/00000000000000000000.log
              millrace debug segment 00000000000000000000.log --records -f '%o %d %k=%v\\n'
              millrace debug segment 00000000000000000000.log --from 1000 --max 5 -o json
            """
    )

    @Argument(help: "The file.", completion: .file(extensions: ["log"]))
    var file: String

    @OptionGroup var output: OutputOptions

    @Flag(help: "Print records instead of batches.")
    var records = false

    @Option(name: [.customShort("f"), .customLong("format")], help: "How to print a record, as of `millrace consume`.")
    var recordFormat: String?

    @Option(help: ArgumentHelp("Begin with the batch that has this offset.", valueName: "offset"))
    var from: Int64?

    @Option(name: .shortAndLong, help: "Stop after so many lines.")
    var max: Int?

    func run() async throws {
        try await Reporting.run {
            try self.output.requireRecordFormat()
            let data: Data
            do {
                data = try Data(contentsOf: URL(filePath: self.file), options: .alwaysMapped)
            } catch {
                throw NotFound(description: "\(self.file) cannot be read")
            }
            let printer = RecordPrinter(
                isJSON: self.output.isJSON,
                fields: [.offset, .timestamp, .key, .value],
                keySeparator: nil,
                format: try self.recordFormat.map { try RecordFormat(rpk: $0) }
            )
            var walk = SegmentWalk(data: data)
            var lines = 0
            if !self.records, self.recordFormat == nil, !self.output.isJSON {
                try ResultOutput.write(SegmentWalk.titles)
            }
            while lines < self.max ?? .max, let found = try walk.next() {
                if found.header.lastOffset < self.from ?? .min { continue }
                if self.records || self.recordFormat != nil {
                    lines += try self.print(found, printer, room: (self.max ?? .max) - lines)
                } else {
                    try ResultOutput.write(self.output.isJSON ? found.json : found.line)
                    lines += 1
                }
            }
        }
    }

    private func print(_ found: SegmentWalk.Found, _ printer: RecordPrinter, room: Int) throws -> Int {
        var json = JSONLine()
        var text: [UInt8] = []
        var count = 0
        do throws(RecordBatchError) {
            var reader = try found.batch.records(decompressedBytesMax: 1 << 30)
            while count < room, let record = try reader.next() {
                if record.offset < self.from ?? .min { continue }
                count += 1
                let consumed = ConsumedRecord(
                    partition: NamedPartition(topic: self.file, partition: 0),
                    offset: record.offset,
                    timestamp: record.timestamp,
                    key: record.key,
                    value: record.value,
                    headers: record.headers.map { $0 },
                    leaderEpoch: found.header.partitionLeaderEpoch,
                    producerID: found.header.producerID,
                    producerEpoch: found.header.producerEpoch,
                    attributes: found.header.attributes
                )
                printer.write(consumed, count: count, to: &json, &text)
            }
        } catch {
            throw Failure("\(self.file), byte \(found.position): \(error.message)")
        }
        try ResultOutput.write(text)
        return count
    }
}

/// Walks the batches of a file that is mapped into memory.
struct SegmentWalk {
    struct Found {
        var position: Int
        var header: RecordBatchHeader
        var batch: StoredBatch
    }

    let data: Data
    private var position = 0

    init(data: Data) { self.data = data }

    /// - Throws: `Failure` for damage; what follows it cannot be found.
    mutating func next() throws -> Found? {
        let position = self.position
        guard position < self.data.count else { return nil }
        do throws(RecordBatchError) {
            // The header first: a damaged length must not make much memory.
            let head = ByteBuffer(bytes: self.data[position..<min(self.data.count, position + 61)])
            let header = try RecordBatchHeader(reading: head, at: head.readerIndex)
            guard header.sizeInBytes <= self.data.count - position else {
                throw RecordBatchError(.truncated, "the batch of \(header.sizeInBytes) bytes ends after the file")
            }
            let bytes = ByteBuffer(bytes: self.data[position..<(position + header.sizeInBytes)])
            var cursor = BatchCursor(bytes, verifiesChecksums: true)
            guard let batch = try cursor.next() else { return nil }
            self.position += header.sizeInBytes
            return Found(position: position, header: header, batch: batch)
        } catch {
            // A segment whose space was reserved ahead ends with zeroes.
            if self.data[position...].allSatisfy({ $0 == 0 }) { return nil }
            throw Failure("byte \(position) of \(self.data.count): \(error.message)")
        }
    }

    static let titles =
        "POSITION    BYTES  OFFSETS                  RECORDS  CODEC   EPOCH  PRODUCER            FLAGS  MAX TIME\n"
}

extension SegmentWalk.Found {
    private static func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
        let fill = String(repeating: " ", count: max(0, width - text.count))
        return right ? fill + text : text + fill
    }

    private var flags: String {
        var flags = ""
        if self.header.attributes.isTransactional { flags += "T" }
        if self.header.attributes.isControl { flags += "C" }
        if self.header.attributes.isLogAppendTime { flags += "A" }
        return flags.isEmpty ? "-" : flags
    }

    private var codec: String { self.header.attributes.compression.map { "\($0)" } ?? "?" }

    var line: String {
        let producer =
            self.header.hasProducer
            ? "\(self.header.producerID)/\(self.header.producerEpoch)@\(self.header.baseSequence)" : "-"
        let cells = [
            Self.padded("\(self.position)", 8, right: true), Self.padded("\(self.header.sizeInBytes)", 7, right: true),
            Self.padded("\(self.header.baseOffset)..\(self.header.lastOffset)", 23),
            Self.padded("\(self.header.recordCount)", 7, right: true), Self.padded(self.codec, 6),
            Self.padded("\(self.header.partitionLeaderEpoch)", 5, right: true), Self.padded(producer, 18),
            Self.padded(self.flags, 5), CalendarTime(self.header.maxTimestamp).rfc3339,
        ]
        return cells.joined(separator: "  ") + "\n"
    }

    var json: String {
        var json = JSONLine()
        json.object { json in
            for (name, value) in [
                ("position", Int64(self.position)), ("bytes", Int64(self.header.sizeInBytes)),
                ("baseOffset", self.header.baseOffset), ("lastOffset", self.header.lastOffset),
                ("records", Int64(self.header.recordCount)),
                ("leaderEpoch", Int64(self.header.partitionLeaderEpoch.rawValue)),
                ("producerID", self.header.producerID.rawValue),
                ("producerEpoch", Int64(self.header.producerEpoch.rawValue)),
                ("baseSequence", Int64(self.header.baseSequence)), ("baseTimestamp", self.header.baseTimestamp),
                ("maxTimestamp", self.header.maxTimestamp), ("crc", Int64(self.header.crc)),
            ] {
                json.key(name)
                json.number(value)
            }
            json.key("compression")
            json.string(self.codec)
            json.key("transactional")
            json.boolean(self.header.attributes.isTransactional)
            json.key("control")
            json.boolean(self.header.attributes.isControl)
            json.key("logAppendTime")
            json.boolean(self.header.attributes.isLogAppendTime)
        }
        json.endLine()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
