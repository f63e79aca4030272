internal import CommandCore
internal import KafkaClient
internal import NIOCore
internal import Text

/// Turns records into lines.
struct RecordPrinter: Sendable {
    var isJSON: Bool
    var fields: [RecordFormatOptions.Field]
    /// Between key and value, instead of a tab.
    var keySeparator: String?
    /// `-f`, before all others.
    var format: RecordFormat?

    /// - Parameter count: how many records were printed, this one included.
    func write(_ record: ConsumedRecord, count: Int, to json: inout JSONLine, _ text: inout [UInt8]) {
        if let format {
            format.write(record, count: count, to: &text)
        } else if self.isJSON {
            json.removeAll()
            self.writeJSON(record, to: &json)
            text.append(contentsOf: json.bytes)
        } else {
            self.writeText(record, to: &text)
        }
    }

    private func writeText(_ record: ConsumedRecord, to text: inout [UInt8]) {
        for (index, field) in self.fields.enumerated() {
            if index > 0 { text.append(contentsOf: (self.keySeparator ?? "\t").utf8) }
            switch field {
            case .topic: text.append(contentsOf: record.partition.topic.utf8)
            case .partition: text.append(contentsOf: String(record.partition.partition).utf8)
            case .offset: text.append(contentsOf: String(record.offset).utf8)
            case .timestamp: text.append(contentsOf: String(record.timestamp).utf8)
            case .key: Self.append(record.key, to: &text)
            case .value: Self.append(record.value, to: &text)
            case .headers:
                for (place, header) in record.headers.enumerated() {
                    if place > 0 { text.append(UInt8(ascii: ",")) }
                    text.append(contentsOf: header.key.utf8)
                    text.append(UInt8(ascii: "="))
                    Self.append(header.value, to: &text)
                }
            }
        }
        text.append(UInt8(ascii: "\n"))
    }

    /// Null prints as nothing; `-o json` tells it from empty.
    private static func append(_ bytes: ByteBuffer?, to text: inout [UInt8]) {
        if let bytes { text.append(contentsOf: bytes.readableBytesView) }
    }

    private func writeJSON(_ record: ConsumedRecord, to json: inout JSONLine) {
        json.object { json in
            json.key("topic")
            json.string(record.partition.topic)
            json.key("partition")
            json.number(record.partition.partition)
            json.key("offset")
            json.number(record.offset)
            json.key("timestamp")
            json.number(record.timestamp)
            json.key("key")
            json.data(record.key)
            json.key("value")
            json.data(record.value)
            json.key("headers")
            json.array { json in
                for header in record.headers {
                    json.object { json in
                        json.key("key")
                        json.string(header.key)
                        json.key("value")
                        json.data(header.value)
                    }
                }
            }
        }
        json.endLine()
    }
}

extension JSONLine {
    /// As `data` of the bytes.
    fileprivate mutating func data(_ buffer: ByteBuffer?) {
        guard let buffer else { return self.null() }
        buffer.withUnsafeReadableBytes { self.data($0) }
    }
}
