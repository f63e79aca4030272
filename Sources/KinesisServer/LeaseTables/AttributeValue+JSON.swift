internal import KinesisProtocol
internal import LeaseTables
internal import NIOCore

// Attribute values as DynamoDB writes them in JSON: {"S": "text"}, {"N": "1"}, {"B": "base64"} …

extension AttributeValue {
    /// Reads one. Nesting is bounded by the reader.
    ///
    /// - Throws: `ValidationException` for what is not a value, `SerializationException` for what has another type.
    static func read(from reader: inout some ShapeReader) throws(KinesisError) -> AttributeValue {
        var value: AttributeValue?
        var typeCount = 0
        _ = try reader.readStructure { (reader, member) throws(KinesisError) in
            guard let read = try Self.readMember(member, from: &reader) else { return }
            typeCount += 1
            value = read
        }
        guard let value, typeCount == 1 else {
            throw KinesisError(
                .validation,
                value == nil
                    ? "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
                    : "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
                        + "supported datatypes"
            )
        }
        return value
    }

    /// `nil` for a null and for a member that is not a type.
    private static func readMember(
        _ member: MemberName,
        from reader: inout some ShapeReader
    ) throws(KinesisError) -> AttributeValue? {
        switch member {
        case "S": return try reader.readString().map { .string($0) }
        case "N": return try reader.readString().map { (text) throws(KinesisError) in .number(try Self.number(text)) }
        case "B": return try reader.readBytes().map { .binary($0) }
        case "BOOL": return try reader.readBoolean().map { .boolean($0) }
        case "NULL":
            guard let isNull = try reader.readBoolean() else { return nil }
            guard isNull else {
                throw KinesisError(
                    .validation,
                    "One or more parameter values were invalid: Null attribute value types must have the value of true"
                )
            }
            return .null
        case "SS":
            return try Self.readList(from: &reader) { (reader) throws(KinesisError) in try reader.readString() }
                .map { (list) throws(KinesisError) in try Self.set(list, AttributeValue.init(strings:)) }
        case "NS":
            return try Self.readList(from: &reader) { (reader) throws(KinesisError) in
                try reader.readString().map { (text) throws(KinesisError) in try Self.number(text) }
            }.map { (list) throws(KinesisError) in try Self.set(list, AttributeValue.init(numbers:)) }
        case "BS":
            return try Self.readList(from: &reader) { (reader) throws(KinesisError) in try reader.readBytes() }
                .map { (list) throws(KinesisError) in try Self.set(list, AttributeValue.init(binaries:)) }
        case "L":
            return try Self.readList(from: &reader) { (reader) throws(KinesisError) in try Self.read(from: &reader) }
                .map { .list($0) }
        case "M": return try reader.readItem().map { .map($0) }
        default:
            try reader.skip()
            return nil
        }
    }

    private static func readList<Reader: ShapeReader, Element>(
        from reader: inout Reader,
        _ element: (inout Reader) throws(KinesisError) -> Element?
    ) throws(KinesisError) -> [Element]? {
        var list: [Element] = []
        let isPresent = try reader.readList { (reader, _) throws(KinesisError) in
            if let value = try element(&reader) { list.append(value) }
        }
        return isPresent ? list : nil
    }

    private static func set<Element>(
        _ elements: [Element],
        _ make: ([Element]) -> AttributeValue?
    ) throws(KinesisError) -> AttributeValue {
        guard !elements.isEmpty else {
            throw KinesisError(
                .validation,
                "One or more parameter values were invalid: An set may not be empty"
            )
        }
        guard let value = make(elements) else {
            throw KinesisError(
                .validation,
                "One or more parameter values were invalid: Input collection contains duplicates."
            )
        }
        return value
    }

    private static func number(_ text: String) throws(KinesisError) -> DecimalNumber {
        do throws(DecimalNumber.Failure) {
            return try DecimalNumber(text: text)
        } catch {
            let message = TableError(error).message
            let shown = error == .malformed ? ": \(ConstraintViolations.shortened(text))" : ""
            throw KinesisError(.validation, message + shown)
        }
    }

    /// Writes one.
    func write(to json: inout JSONWriter) {
        json.beginStructure()
        switch self {
        case .string(let text):
            json.member("S")
            json.string(text)
        case .number(let number):
            json.member("N")
            json.string(number.description)
        case .binary(let bytes):
            json.member("B")
            bytes.withUnsafeBytes { json.blob($0) }
        case .boolean(let flag):
            json.member("BOOL")
            json.boolean(flag)
        case .null:
            json.member("NULL")
            json.boolean(true)
        case .stringSet(let set):
            json.member("SS")
            json.list(set) { $0.string($1) }
        case .numberSet(let set):
            json.member("NS")
            json.list(set) { $0.string($1.description) }
        case .binarySet(let set):
            json.member("BS")
            json.list(set) { json, bytes in bytes.withUnsafeBytes { json.blob($0) } }
        case .list(let list):
            json.member("L")
            json.list(list) { $1.write(to: &$0) }
        case .map(let map):
            json.member("M")
            json.item(map)
        }
        json.endStructure()
    }
}

extension ShapeReader {
    /// The attributes of an item or of a key; `nil` for null.
    mutating func readItem() throws(KinesisError) -> Item? {
        var item: Item = [:]
        let isPresent = try self.readMap { (reader, name) throws(KinesisError) in
            item[name] = try AttributeValue.read(from: &reader)
        }
        return isPresent ? item : nil
    }

    mutating func readBytes() throws(KinesisError) -> [UInt8]? {
        var buffer = ByteBuffer()
        guard try self.readBlob(appendingTo: &buffer) != nil else { return nil }
        return Array(buffer.readableBytesView)
    }

    /// `ExpressionAttributeNames`.
    mutating func readNames() throws(KinesisError) -> [String: String] {
        var names: [String: String] = [:]
        _ = try self.readMap { (reader, reference) throws(KinesisError) in
            names[reference] = try reader.readString()
        }
        return names
    }

    /// A list of texts, without its nulls.
    mutating func readStrings() throws(KinesisError) -> [String] {
        var texts: [String] = []
        _ = try self.readList { (reader, _) throws(KinesisError) in
            if let text = try reader.readString() { texts.append(text) }
        }
        return texts
    }
}

extension JSONWriter {
    mutating func list<Element>(_ elements: some Sequence<Element>, _ write: (inout JSONWriter, Element) -> Void) {
        self.beginList()
        for element in elements { write(&self, element) }
        self.endList()
    }

    mutating func item(_ item: Item) {
        self.beginStructure()
        for (name, value) in item {
            self.member(text: name)
            value.write(to: &self)
        }
        self.endStructure()
    }

    /// A member with an item, unless there is none.
    mutating func item(_ name: StaticString, _ item: Item?) {
        guard let item else { return }
        self.member(name)
        self.item(item)
    }
}
