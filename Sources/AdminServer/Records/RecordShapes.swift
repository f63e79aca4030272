internal import NIOCore
internal import RecordSearch
internal import Text

/// Bytes of a record as JSON: what they look like, and their text.
struct RecordBytes {
    let bytes: ByteBuffer?

    static let shape = JSONShape<RecordBytes>(
        "RecordBytes",
        [
            .choice("format", RecordDecoder.Format.allCases.map(\.rawValue), "What the bytes look like.") {
                $0.decoded.format.rawValue
            },
            .integer("size", "In bytes.") { $0.bytes?.readableBytes ?? 0 },
            .optionalString("text", "As they are written; of MessagePack and Protobuf what they mean, as JSON.") {
                $0.text
            },
            .optionalString("base64", "Of bytes that are not text.") { $0.base64 },
        ]
    )

    private var decoded: RecordDecoder.Decoded { RecordDecoder.decode(self.bytes) }

    private var text: String? {
        let decoded = self.decoded
        switch decoded.format {
        case .null, .binary: return nil
        case .empty, .json, .text: return self.bytes.map { String(buffer: $0) }
        case .msgpack, .protobuf:
            var json = JSONLine()
            decoded.value.write(to: &json)
            return String(decoding: json.bytes, as: UTF8.self)
        }
    }

    private var base64: String? {
        switch self.decoded.format {
        case .null, .empty, .json, .text: nil
        case .msgpack, .protobuf, .binary: self.bytes.map { Base64.text(Array($0.readableBytesView)) }
        }
    }
}

extension SearchValue {
    /// As JSON. Integers keep all their digits; bytes are hexadecimal digits.
    func write(to json: inout JSONLine) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.boolean(value)
        case .integer(let number): json.literal(String(number))
        case .double(let number): json.double(number)
        case .string(let text): json.string(text)
        case .bytes(let bytes): json.string(Hex.text(bytes))
        case .list(let values): json.array { json in for value in values { value.write(to: &json) } }
        case .map(let members):
            json.object { json in
                for member in members {
                    json.key(member.name)
                    member.value.write(to: &json)
                }
            }
        }
    }
}

extension SearchRecord.Header {
    static let shape = JSONShape<SearchRecord.Header>(
        "RecordHeader",
        [
            .string("name", "") { $0.name },
            .object("value", RecordBytes.shape, "") { RecordBytes(bytes: $0.value) },
        ]
    )
}

extension SearchRecord {
    static let shape = JSONShape<SearchRecord>(
        "Record",
        [
            .integer("partition", "") { $0.partition }, .integer("offset", "") { $0.offset },
            .optionalInteger("subsequence", "Of a record that the KPL packed into one of the log.") { $0.subsequence },
            .integer("timestamp", "") { $0.timestamp },
            .object("key", RecordBytes.shape, "") { RecordBytes(bytes: $0.key) },
            .object("value", RecordBytes.shape, "") { RecordBytes(bytes: $0.value) },
            .list("headers", SearchRecord.Header.shape, "") { $0.headers },
        ]
    )
}

/// What a scan has looked at.
struct ScanReport {
    var progress: ScanMachine.Progress
    var positions: [ScanMachine.Position]
    /// `nil` while it is under way.
    var reason: ScanMachine.EndReason?

    static let shape = JSONShape<ScanReport>(
        "ScanReport",
        [
            .integer("scanned", "Records that were looked at.") { $0.progress.scanned },
            .integer("left", "Offsets that were not.") { $0.progress.left },
            .integer("bytes", "Of batches that were read.") { $0.progress.bytes },
            .integer("matched", "") { $0.progress.matched },
            .integer("errors", "Records that lack a field of the filter, or have another kind of value there.") {
                $0.progress.errors
            },
            .integer("tooMuchWork", "Records that the filter takes too long with.") { $0.progress.tooMuchWork },
            .integer("unreadable", "Batches that cannot be read.") { $0.progress.unreadable },
            .optionalChoice("ended", ScanMachine.EndReason.allCases.map(\.rawValue), "Why it ended.") {
                $0.reason?.rawValue
            },
            .optionalString("cursor", "Where to continue; null at the end.") {
                $0.reason == .end ? nil : ScanCursor.text($0.positions)
            },
        ]
    )
}

/// Where a scan is continued, as text: `PARTITION:OFFSET` of each partition, between commas.
enum ScanCursor {
    static func text(_ positions: [ScanMachine.Position]) -> String {
        positions.map { "\($0.partition):\($0.next)" }.joined(separator: ",")
    }

    /// `nil` for anything else.
    static func offsets(_ text: String) -> [(partition: Int32, offset: Int64)]? {
        guard text.utf8.count <= 32 << 10 else { return nil }
        var offsets: [(partition: Int32, offset: Int64)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: ":", omittingEmptySubsequences: false)
            guard pair.count == 2, let partition = Int32(pair[0]), let offset = Int64(pair[1]), partition >= 0,
                offset >= 0
            else { return nil }
            offsets.append((partition, offset))
        }
        return offsets
    }
}
