package import KafkaClient
internal import Model
internal import NIOCore
internal import RecordBatch

/// How `millrace consume -f` prints a record: rpk's percent verbs, or kcat's.
///
/// | verb | prints | modifiers |
/// | --- | --- | --- |
/// | `%t %k %v` (`%s` as `%v`) | topic, key, value | `{hex}`, `{base64}`, `{base64raw}` |
/// | `%T %K %V` | their lengths in bytes | a `NumberFormat` |
/// | `%p %o %e %x %y %i` | partition, offset, leader epoch, producer ID and epoch, how many were printed | the same |
/// | `%d` | the timestamp in milliseconds | the same, `{strftime[%F]}`, `{go[2006-01-02]}` |
/// | `%H` | how many headers | a `NumberFormat` |
/// | `%h{…}` | each header by the format in the braces, of `%k %v %K %V` | |
/// | `%a{compression}` | and `timestamp-type`, `transactional-bit`, `control-bit` | `{…;NumberFormat}` |
/// | `%% %{ %}` | the character | |
///
/// `\t \n \r \\ \xNN` are escapes. Nothing is added: a line ends where the format says `\n`.
package struct RecordFormat: Sendable, Equatable {
    enum Text: Sendable {
        case topic
        case key
        case value
    }

    enum Number: Sendable {
        case topicLength
        case keyLength
        case valueLength
        case headerCount
        case partition
        case offset
        case timestamp
        case leaderEpoch
        case producerID
        case producerEpoch
        case count
        case attribute(Attribute)
    }

    enum Attribute: String, Sendable {
        case compression
        case timestampType = "timestamp-type"
        case transactional = "transactional-bit"
        case control = "control-bit"
    }

    enum Piece: Sendable {
        case literal([UInt8])
        case text(Text, TextFormat)
        case number(Number, NumberFormat)
        /// The length of the value, -1 without one, as kcat's `%R` and `%S` have it.
        case kcatLength(Number, isBinary: Bool)
        case strftime(String)
        case goTime(String)
        case compressionName
        case headers([Piece])
        case kcatHeaders
    }

    let pieces: [Piece]

    package static func == (left: Self, right: Self) -> Bool {
        String(describing: left.pieces) == String(describing: right.pieces)
    }

    /// Appends the record as the format has it.
    ///
    /// - Parameter count: how many records were printed, this one included.
    package func write(_ record: ConsumedRecord, count: Int, to bytes: inout [UInt8]) {
        let source = Source(record: record, key: record.key, value: record.value, count: count)
        for piece in self.pieces { Self.write(piece, source, to: &bytes) }
    }

    /// A record, or one of its headers, whose key and value stand for the record's.
    private struct Source {
        var record: ConsumedRecord
        var key: ByteBuffer?
        var value: ByteBuffer?
        var count: Int
    }

    private static func write(_ piece: Piece, _ source: Source, to bytes: inout [UInt8]) {
        let record = source.record
        switch piece {
        case .literal(let text): bytes.append(contentsOf: text)
        case .text(.topic, let format): format.write(Array(record.partition.topic.utf8), to: &bytes)
        case .text(.key, let format): if let key = source.key { format.write(key.readableBytesView, to: &bytes) }
        case .text(.value, let format):
            if let value = source.value { format.write(value.readableBytesView, to: &bytes) }
        case .number(let number, let format): format.write(Self.value(of: number, source), to: &bytes)
        case .kcatLength(let number, let isBinary):
            let length =
                switch number {
                case .keyLength: source.key?.readableBytes ?? -1
                default: source.value?.readableBytes ?? -1
                }
            (isBinary ? NumberFormat.big32 : .ascii).write(Int64(length), to: &bytes)
        case .strftime(let format): bytes.append(contentsOf: TimeFormat.strftime(format, record.timestamp).utf8)
        case .goTime(let layout): bytes.append(contentsOf: TimeFormat.go(layout, record.timestamp).utf8)
        case .compressionName: bytes.append(contentsOf: Self.compressionName(record.attributes).utf8)
        case .headers(let pieces):
            for header in record.headers {
                var inner = source
                inner.key = ByteBuffer(string: header.key)
                inner.value = header.value
                for piece in pieces { Self.write(piece, inner, to: &bytes) }
            }
        case .kcatHeaders:
            for (place, header) in record.headers.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: header.key.utf8)
                bytes.append(UInt8(ascii: "="))
                if let value = header.value {
                    bytes.append(contentsOf: value.readableBytesView)
                } else {
                    bytes.append(contentsOf: "NULL".utf8)
                }
            }
        }
    }

    private static func value(of number: Number, _ source: Source) -> Int64 {
        let record = source.record
        switch number {
        case .topicLength: return Int64(record.partition.topic.utf8.count)
        case .keyLength: return Int64(source.key?.readableBytes ?? 0)
        case .valueLength: return Int64(source.value?.readableBytes ?? 0)
        case .headerCount: return Int64(record.headers.count)
        case .partition: return Int64(record.partition.partition)
        case .offset: return record.offset
        case .timestamp: return record.timestamp
        case .leaderEpoch: return Int64(record.leaderEpoch.rawValue)
        case .producerID: return record.producerID.rawValue
        case .producerEpoch: return Int64(record.producerEpoch.rawValue)
        case .count: return Int64(source.count)
        case .attribute(.compression): return Int64(record.attributes.rawValue & 7)
        case .attribute(.timestampType): return record.attributes.rawValue & 8 == 0 ? 0 : 1
        case .attribute(.transactional): return record.attributes.isTransactional ? 1 : 0
        case .attribute(.control): return record.attributes.isControl ? 1 : 0
        }
    }

    private static func compressionName(_ attributes: BatchAttributes) -> String {
        let names = ["none", "gzip", "snappy", "lz4", "zstd"]
        let number = Int(attributes.rawValue & 7)
        return number < names.count ? names[number] : "\(number)"
    }
}
