internal import NIOCore
internal import RecordSearch
internal import Text

/// A record that a client of the API appends.
struct ProducedInput {
    static let recordsMax = 10_000

    var key: ByteBuffer?
    var value: ByteBuffer?
    var headers: [(key: String, value: ByteBuffer?)] = []
    var partition: Int32?
    var timestamp: Int64?

    static func records(of request: AdminRequest) throws(APIProblem) -> [ProducedInput] {
        switch request.bodyType {
        case "application/x-ndjson": return try Self.lines(request.body)
        case "application/octet-stream":
            var record = ProducedInput(value: request.body)
            record.key = request.query("key").map { ByteBuffer(string: $0) }
            record.partition = try request.integer("partition", in: 0...Int32.max)
            return [record]
        default: return try Self.list(request.body)
        }
    }

    private static func lines(_ body: ByteBuffer) throws(APIProblem) -> [ProducedInput] {
        var records: [ProducedInput] = []
        var rest = body
        while rest.readableBytes > 0 {
            let count = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")).map { $0 - rest.readerIndex }
            guard let line = rest.readSlice(length: count ?? rest.readableBytes) else { break }
            if count != nil { rest.moveReaderIndex(forwardBy: 1) }
            guard line.readableBytesView.contains(where: { $0 > 0x20 }) else { continue }
            records.append(try Self.record(line, number: records.count))
            guard records.count <= Self.recordsMax else { throw Self.tooMany }
        }
        guard !records.isEmpty else { throw .badRequest("There is no record in the body.") }
        return records
    }

    private static func list(_ body: ByteBuffer) throws(APIProblem) -> [ProducedInput] {
        let members = body.withUnsafeReadableBytes { JSONValueReader.members(of: $0) }
        guard let range = members?.last(where: { $0.name == "records" })?.range, let list = body.slice(range),
            let elements = list.withUnsafeReadableBytes({ JSONValueReader.elements(of: $0) })
        else { throw .badRequest("The body is {\"records\":[{\"key\":…,\"value\":…}]}.") }
        guard elements.count <= Self.recordsMax else { throw Self.tooMany }
        guard !elements.isEmpty else { throw .badRequest("There is no record in the body.") }
        var records: [ProducedInput] = []
        for (number, element) in elements.enumerated() {
            guard let bytes = list.slice(element) else { continue }
            records.append(try Self.record(bytes, number: number))
        }
        return records
    }

    private static let tooMany = APIProblem.badRequest("One request has at most \(Self.recordsMax) records.")

    private static func record(_ bytes: ByteBuffer, number: Int) throws(APIProblem) -> ProducedInput {
        func wrong(_ what: String) -> APIProblem { .badRequest("Record \(number): \(what)") }
        guard let members = bytes.withUnsafeReadableBytes({ JSONValueReader.members(of: $0) }) else {
            throw wrong("it is a JSON object with key, value, headers, partition and timestamp.")
        }
        var record = ProducedInput()
        for (name, range) in members {
            guard let text = bytes.slice(range) else { continue }
            let value = text.withUnsafeReadableBytes { JSONValueReader.value(of: $0) }
            switch name {
            case "key": record.key = Self.stored(text, value)
            case "value": record.value = Self.stored(text, value)
            case "keyBase64", "valueBase64":
                guard case .string(let text)? = value, let decoded = Base64.decode(Array(text.utf8)) else {
                    throw wrong("\(name) is not base64.")
                }
                if name == "keyBase64" {
                    record.key = ByteBuffer(bytes: decoded)
                } else {
                    record.value = ByteBuffer(bytes: decoded)
                }
            case "partition":
                guard case .integer(let number)? = value, let partition = Int32(exactly: number), partition >= 0 else {
                    throw wrong("partition is a number from 0.")
                }
                record.partition = partition
            case "timestamp":
                guard case .integer(let number)? = value, let timestamp = Int64(exactly: number), timestamp >= 0 else {
                    throw wrong("timestamp is in milliseconds since the epoch.")
                }
                record.timestamp = timestamp
            case "headers":
                guard case .map(let headers)? = value else { throw wrong("headers is an object.") }
                record.headers = headers.map { header in
                    if case .null = header.value { return (header.name, nil) }
                    if case .string(let text) = header.value { return (header.name, ByteBuffer(string: text)) }
                    var json = JSONLine()
                    header.value.write(to: &json)
                    return (header.name, ByteBuffer(bytes: json.bytes))
                }
            default: throw wrong("there is no \(name.prefix(64)).")
            }
        }
        return record
    }

    /// A string is stored as its text, null as null, everything else as the JSON that it is.
    private static func stored(_ text: ByteBuffer, _ value: SearchValue?) -> ByteBuffer? {
        switch value {
        case .string(let string)?: ByteBuffer(string: string)
        case .null?: nil
        default: text
        }
    }
}

extension ByteBuffer {
    /// A slice by positions from the reader index.
    fileprivate func slice(_ range: Range<Int>) -> ByteBuffer? {
        self.getSlice(at: self.readerIndex + range.lowerBound, length: range.count)
    }
}

/// Where a record was stored.
struct ProducedRecord {
    var partition: Int32
    var offset: Int64

    static let shape = JSONShape<ProducedRecord>(
        "ProducedRecord",
        [.integer("partition", "") { $0.partition }, .integer("offset", "") { $0.offset }]
    )

    static let schema = JSONSchema.object([.init("records", .array(Self.shape.schema), "In the order of the request.")])
}
