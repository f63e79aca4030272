package import CoordinatorRuntime
package import LeaseTables
internal import Model
package import NIOCore

/// Translates the records of lease tables into what `__lease_tables` stores, and back.
///
/// A key is a version, a kind and what names the record; a value is a version and the whole table or item. A log that
/// is compacted keeps the last of each.
package enum LeaseTableRecordCodec: CoordinatorRecordCodec {
    private static let version: UInt8 = 0
    private static let tableKind: UInt8 = 1
    private static let itemKind: UInt8 = 2
    private static let requestKind: UInt8 = 3

    package static func encode(_ record: TableRecord, allocator: ByteBufferAllocator) -> EncodedRecord {
        var key = allocator.buffer(capacity: 64)
        key.writeInteger(Self.version)
        switch record {
        case .table(let table):
            key.writeInteger(Self.tableKind)
            key.writeText(table.name)
            var value = allocator.buffer(capacity: 256)
            value.writeInteger(Self.version)
            value.writeTable(table)
            return EncodedRecord(key: key, value: value)
        case .tableDeleted(let name):
            key.writeInteger(Self.tableKind)
            key.writeText(name)
            return EncodedRecord(key: key, value: nil)
        case .item(let table, let itemKey, let item):
            key.writeItemKey(Self.itemKind, table, itemKey)
            var value = allocator.buffer(capacity: 64 + item.sizeBytes + 16 * item.count)
            value.writeInteger(Self.version)
            value.writeItem(item)
            return EncodedRecord(key: key, value: value)
        case .itemDeleted(let table, let itemKey):
            key.writeItemKey(Self.itemKind, table, itemKey)
            return EncodedRecord(key: key, value: nil)
        case .request(let token, let request):
            key.writeInteger(Self.requestKind)
            key.writeText(token)
            var value = allocator.buffer(capacity: 96)
            value.writeInteger(Self.version)
            value.writeInteger(request.completedAt)
            value.writeText(request.digest)
            return EncodedRecord(key: key, value: value)
        case .requestForgotten(let token):
            key.writeInteger(Self.requestKind)
            key.writeText(token)
            return EncodedRecord(key: key, value: nil)
        }
    }

    /// `nil` for a record without a key, or of another version or kind.
    package static func decode(key: ByteBuffer?, value: ByteBuffer?) throws(DamagedRecord) -> TableRecord? {
        guard var key, key.readInteger(as: UInt8.self) == Self.version else { return nil }
        switch key.readInteger(as: UInt8.self) {
        case Self.tableKind:
            let name = try key.requireText()
            guard var value else { return .tableDeleted(name) }
            guard value.readInteger(as: UInt8.self) == Self.version else { return nil }
            return .table(try value.requireTable(named: name))
        case Self.itemKind:
            let table = TableID(high: try key.requireInteger(), low: try key.requireInteger())
            let itemKey = PrimaryKey(
                hash: try key.requireKeyValue(),
                range: key.readableBytes > 0 ? try key.requireKeyValue() : nil
            )
            guard var value else { return .itemDeleted(table, itemKey) }
            guard value.readInteger(as: UInt8.self) == Self.version else { return nil }
            return .item(table, itemKey, try value.requireItem(depth: 0))
        case Self.requestKind:
            let token = try key.requireText()
            guard var value else { return .requestForgotten(token) }
            guard value.readInteger(as: UInt8.self) == Self.version else { return nil }
            let completedAt: Timestamp = try value.requireInteger()
            return .request(token, CompletedRequest(completedAt: completedAt, digest: try value.requireText()))
        default: return nil
        }
    }
}

/// The types of attributes as they are stored.
private enum StoredType: UInt8 {
    case string = 0
    case number = 1
    case binary = 2
    case yes = 3
    case no = 4
    case null = 5
    case stringSet = 6
    case numberSet = 7
    case binarySet = 8
    case list = 9
    case map = 10
}

// MARK: - Writing

extension ByteBuffer {
    fileprivate mutating func writeText(_ text: String) { self.writeData(Array(text.utf8)) }

    fileprivate mutating func writeData(_ bytes: [UInt8]) {
        self.writeInteger(UInt32(bytes.count))
        self.writeBytes(bytes)
    }

    fileprivate mutating func writeItemKey(_ kind: UInt8, _ table: TableID, _ key: PrimaryKey) {
        self.writeInteger(kind)
        self.writeInteger(table.high)
        self.writeInteger(table.low)
        self.writeValue(key.hash.attributeValue)
        if let range = key.range { self.writeValue(range.attributeValue) }
    }

    fileprivate mutating func writeItem(_ item: Item) {
        self.writeInteger(UInt32(item.count))
        // In order, so that equal items are equal bytes.
        for (name, value) in item.sorted(by: { $0.key < $1.key }) {
            self.writeText(name)
            self.writeValue(value)
        }
    }

    private mutating func write(_ type: StoredType) { self.writeInteger(type.rawValue) }

    fileprivate mutating func writeValue(_ value: AttributeValue) {
        switch value {
        case .string(let text):
            self.write(.string)
            self.writeText(text)
        case .number(let number):
            self.write(.number)
            self.writeText(number.description)
        case .binary(let bytes):
            self.write(.binary)
            self.writeData(bytes)
        case .boolean(let flag): self.write(flag ? .yes : .no)
        case .null: self.write(.null)
        case .stringSet(let set):
            self.write(.stringSet)
            self.writeInteger(UInt32(set.count))
            for element in set { self.writeText(element) }
        case .numberSet(let set):
            self.write(.numberSet)
            self.writeInteger(UInt32(set.count))
            for element in set { self.writeText(element.description) }
        case .binarySet(let set):
            self.write(.binarySet)
            self.writeInteger(UInt32(set.count))
            for element in set { self.writeData(element) }
        case .list(let list):
            self.write(.list)
            self.writeInteger(UInt32(list.count))
            for element in list { self.writeValue(element) }
        case .map(let map):
            self.write(.map)
            self.writeItem(map)
        }
    }

    fileprivate mutating func writeTable(_ table: Table) {
        self.writeInteger(table.id.high)
        self.writeInteger(table.id.low)
        self.writeInteger(table.createdAt)
        self.writeKeySchema(table.key)
        self.writeInteger(UInt32(table.attributeTypes.count))
        for (name, type) in table.attributeTypes.sorted(by: { $0.key < $1.key }) {
            self.writeText(name)
            self.writeText(type.rawValue)
        }
        self.writeInteger(UInt32(table.indexes.count))
        for index in table.indexes {
            self.writeText(index.name)
            self.writeKeySchema(index.key)
            self.writeInteger(index.projection.rawValue)
            self.writeThroughput(index.throughput)
        }
        self.writeInteger(UInt8(table.throughput == nil ? 0 : 1))
        self.writeThroughput(table.throughput ?? .none)
        self.writeInteger(UInt8(table.isDeletionProtected ? 1 : 0))
        self.writeInteger(UInt8(table.hasPointInTimeRecovery ? 1 : 0))
        self.writeInteger(UInt32(table.tags.count))
        for (name, value) in table.tags.sorted(by: { $0.key < $1.key }) {
            self.writeText(name)
            self.writeText(value)
        }
    }

    private mutating func writeKeySchema(_ schema: KeySchema) {
        self.writeText(schema.hash)
        self.writeText(schema.range ?? "")
    }

    private mutating func writeThroughput(_ throughput: Throughput) {
        self.writeInteger(throughput.readUnits)
        self.writeInteger(throughput.writeUnits)
    }
}

// MARK: - Reading

extension ByteBuffer {
    fileprivate mutating func requireInteger<Integer: FixedWidthInteger>(
        as type: Integer.Type = Integer.self
    ) throws(DamagedRecord) -> Integer {
        guard let value = self.readInteger(as: type) else { throw DamagedRecord("a record of lease tables is cut") }
        return value
    }

    fileprivate mutating func requireData() throws(DamagedRecord) -> [UInt8] {
        guard let bytes = self.readBytes(length: Int(try self.requireInteger(as: UInt32.self))) else {
            throw DamagedRecord("a record of lease tables is cut")
        }
        return bytes
    }

    fileprivate mutating func requireText() throws(DamagedRecord) -> String {
        guard let text = String(validating: try self.requireData(), as: UTF8.self) else {
            throw DamagedRecord("text of a lease table is not UTF-8")
        }
        return text
    }

    private mutating func requireNumber() throws(DamagedRecord) -> DecimalNumber {
        do throws(DecimalNumber.Failure) {
            return try DecimalNumber(text: try self.requireTextForNumber())
        } catch {
            throw DamagedRecord("a number of a lease table is \(error)")
        }
    }

    private mutating func requireTextForNumber() throws(DecimalNumber.Failure) -> String {
        do throws(DamagedRecord) { return try self.requireText() } catch { throw .malformed }
    }

    /// A count of elements, each of at least one byte.
    private mutating func requireCount() throws(DamagedRecord) -> Int {
        let count = Int(try self.requireInteger(as: UInt32.self))
        guard count <= self.readableBytes else { throw DamagedRecord("a record of lease tables is cut") }
        return count
    }

    fileprivate mutating func requireItem(depth: Int) throws(DamagedRecord) -> Item {
        var item: Item = [:]
        for _ in 0..<(try self.requireCount()) {
            let name = try self.requireText()
            item[name] = try self.requireValue(depth: depth)
        }
        return item
    }

    fileprivate mutating func requireKeyValue() throws(DamagedRecord) -> KeyValue {
        guard let value = KeyValue(try self.requireValue(depth: 0)) else {
            throw DamagedRecord("the key of an item has a type that keys do not have")
        }
        return value
    }

    private mutating func requireValue(depth: Int) throws(DamagedRecord) -> AttributeValue {
        guard depth <= AttributeValue.depthMax else { throw DamagedRecord("an item is nested too deep") }
        switch StoredType(rawValue: try self.requireInteger()) {
        case .string?: return .string(try self.requireText())
        case .number?: return .number(try self.requireNumber())
        case .binary?: return .binary(try self.requireData())
        case .yes?: return .boolean(true)
        case .no?: return .boolean(false)
        case .null?: return .null
        case .stringSet?:
            var set: [String] = []
            for _ in 0..<(try self.requireCount()) { set.append(try self.requireText()) }
            return .stringSet(set)
        case .numberSet?:
            var set: [DecimalNumber] = []
            for _ in 0..<(try self.requireCount()) { set.append(try self.requireNumber()) }
            return .numberSet(set)
        case .binarySet?:
            var set: [[UInt8]] = []
            for _ in 0..<(try self.requireCount()) { set.append(try self.requireData()) }
            return .binarySet(set)
        case .list?:
            var list: [AttributeValue] = []
            for _ in 0..<(try self.requireCount()) { list.append(try self.requireValue(depth: depth + 1)) }
            return .list(list)
        case .map?: return .map(try self.requireItem(depth: depth + 1))
        case nil: throw DamagedRecord("an attribute of an item has an unknown type")
        }
    }

    fileprivate mutating func requireTable(named name: String) throws(DamagedRecord) -> Table {
        let id = TableID(high: try self.requireInteger(), low: try self.requireInteger())
        let createdAt: Timestamp = try self.requireInteger()
        let key = try self.requireKeySchema()
        var types: [String: KeyType] = [:]
        for _ in 0..<(try self.requireCount()) {
            let name = try self.requireText()
            guard let type = KeyType(rawValue: try self.requireText()) else {
                throw DamagedRecord("a key of a lease table has an unknown type")
            }
            types[name] = type
        }
        var table = Table(id: id, name: name, key: key, attributeTypes: types, createdAt: createdAt)
        for _ in 0..<(try self.requireCount()) {
            let name = try self.requireText()
            let key = try self.requireKeySchema()
            guard let projection = SecondaryIndex.Projection(rawValue: try self.requireInteger()) else {
                throw DamagedRecord("an index of a lease table has an unknown projection")
            }
            table.indexes.append(
                SecondaryIndex(name: name, key: key, projection: projection, throughput: try self.requireThroughput())
            )
        }
        let isProvisioned = try self.requireInteger(as: UInt8.self) == 1
        let throughput = try self.requireThroughput()
        table.throughput = isProvisioned ? throughput : nil
        table.isDeletionProtected = try self.requireInteger(as: UInt8.self) == 1
        table.hasPointInTimeRecovery = try self.requireInteger(as: UInt8.self) == 1
        for _ in 0..<(try self.requireCount()) {
            let name = try self.requireText()
            table.tags[name] = try self.requireText()
        }
        return table
    }

    private mutating func requireKeySchema() throws(DamagedRecord) -> KeySchema {
        let hash = try self.requireText()
        let range = try self.requireText()
        return KeySchema(hash: hash, range: range.isEmpty ? nil : range)
    }

    private mutating func requireThroughput() throws(DamagedRecord) -> Throughput {
        Throughput(readUnits: try self.requireInteger(), writeUnits: try self.requireInteger())
    }
}
