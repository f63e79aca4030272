package import Model

/// Which attributes make the key of a table or of an index.
package struct KeySchema: Sendable, Equatable {
    package var hash: String
    package var range: String?

    package init(hash: String, range: String? = nil) {
        self.hash = hash
        self.range = range
    }

    package var names: [String] { [self.hash] + (self.range.map { [$0] } ?? []) }
}

/// A global secondary index: another key over the same items.
package struct SecondaryIndex: Sendable, Equatable {
    package enum Projection: UInt8, Sendable {
        /// The keys of the index and of the table.
        case keysOnly = 0
        case all = 1
    }

    package var name: String
    package var key: KeySchema
    package var projection: Projection
    package var throughput: Throughput

    package init(name: String, key: KeySchema, projection: Projection, throughput: Throughput = .none) {
        self.name = name
        self.key = key
        self.projection = projection
        self.throughput = throughput
    }
}

/// What a client asked for. It is kept and told; nothing is limited by it.
package struct Throughput: Sendable, Equatable {
    package var readUnits: Int64
    package var writeUnits: Int64

    package init(readUnits: Int64, writeUnits: Int64) {
        self.readUnits = readUnits
        self.writeUnits = writeUnits
    }

    package static let none = Throughput(readUnits: 0, writeUnits: 0)
}

/// Tells a table from one of the same name before it.
package struct TableID: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// A table as it was made and changed.
package struct Table: Sendable, Equatable {
    package var id: TableID
    package var name: String
    package var key: KeySchema
    /// Of all attributes that are part of a key.
    package var attributeTypes: [String: KeyType]
    package var indexes: [SecondaryIndex] = []
    /// `PAY_PER_REQUEST` when absent.
    package var throughput: Throughput?
    package var createdAt: Timestamp
    package var isDeletionProtected = false
    package var hasPointInTimeRecovery = false
    package var tags: [String: String] = [:]

    package init(
        id: TableID,
        name: String,
        key: KeySchema,
        attributeTypes: [String: KeyType],
        createdAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.key = key
        self.attributeTypes = attributeTypes
        self.createdAt = createdAt
    }

    package func index(named name: String) -> SecondaryIndex? { self.indexes.first { $0.name == name } }

    /// The key of an item that is to be stored.
    func key(ofItem item: Item) throws(TableError) -> PrimaryKey {
        for name in self.key.names where item[name] == nil {
            throw .invalid("Missing the key \(name) in the item")
        }
        for index in self.indexes {
            for name in index.key.names {
                guard let value = item[name] else { continue }
                try self.checkIndexKey(name, value, index.name)
            }
        }
        return try self.key(of: item) { (name, value) throws(TableError) in
            throw .invalid(
                "Type mismatch for key \(name) expected: \(self.typeName(of: name)) actual: \(value.typeName)"
            )
        }
    }

    private func checkIndexKey(_ name: String, _ value: AttributeValue, _ index: String) throws(TableError) {
        guard value.typeName == self.typeName(of: name) else {
            throw .invalid(
                "Type mismatch for Index Key \(name) Expected: \(self.typeName(of: name)) Actual: \(value.typeName) "
                    + "IndexName: \(index)"
            )
        }
        if KeyValue(value)?.byteCount == 0 {
            throw .invalid(
                "Type mismatch for Index Key. The value of the index key \(name) is empty. IndexName: \(index)"
            )
        }
    }

    /// The key that a request names: the attributes of the key and no others.
    package func key(named key: Item) throws(TableError) -> PrimaryKey {
        guard Set(key.keys) == Set(self.key.names) else { throw .keyMismatch }
        return try self.key(of: key) { (_, _) throws(TableError) in throw .keyMismatch }
    }

    private func key(
        of item: Item,
        mismatch: (String, AttributeValue) throws(TableError) -> Void
    ) throws(TableError) -> PrimaryKey {
        func value(_ name: String, bytesMax: Int, _ part: String) throws(TableError) -> KeyValue {
            let attribute = item[name] ?? .null
            guard let value = KeyValue(attribute), value.type == self.attributeTypes[name] else {
                try mismatch(name, attribute)
                throw .keyMismatch
            }
            guard value.byteCount > 0 else {
                throw .invalid(
                    "The AttributeValue for a key attribute cannot contain an empty string value. Key: \(name)"
                )
            }
            guard value.byteCount <= bytesMax else {
                throw .invalid("Size of \(part) has exceeded the maximum size limit of\(bytesMax) bytes")
            }
            return value
        }
        let hash = try value(self.key.hash, bytesMax: TableLimits.hashKeyBytesMax, "hashkey")
        guard let range = self.key.range else { return PrimaryKey(hash: hash) }
        return PrimaryKey(
            hash: hash,
            range: try value(range, bytesMax: TableLimits.rangeKeyBytesMax, "rangekey")
        )
    }

    private func typeName(of name: String) -> String { self.attributeTypes[name]?.rawValue ?? "S" }

    /// A key as the attributes that a request or an answer names it by.
    package func attributes(of key: PrimaryKey) -> Item {
        var item: Item = [self.key.hash: key.hash.attributeValue]
        if let name = self.key.range, let range = key.range { item[name] = range.attributeValue }
        return item
    }
}
