internal import Coordination
package import Model

/// What CreateTable asks for.
package struct TableCreation: Sendable {
    package var name: String
    package var key: KeySchema
    package var attributeTypes: [String: KeyType]
    package var indexes: [SecondaryIndex]
    package var throughput: Throughput?
    package var isDeletionProtected: Bool
    package var tags: [String: String]

    package init(
        name: String,
        key: KeySchema,
        attributeTypes: [String: KeyType],
        indexes: [SecondaryIndex] = [],
        throughput: Throughput? = nil,
        isDeletionProtected: Bool = false,
        tags: [String: String] = [:]
    ) {
        self.name = name
        self.key = key
        self.attributeTypes = attributeTypes
        self.indexes = indexes
        self.throughput = throughput
        self.isDeletionProtected = isDeletionProtected
        self.tags = tags
    }
}

/// What UpdateTable asks for.
package struct TableChange: Sendable {
    package enum IndexChange: Sendable {
        case create(SecondaryIndex)
        case update(String, Throughput)
        case delete(String)
    }

    package enum Billing: Sendable {
        case onDemand
        case provisioned(Throughput)
    }

    package var attributeTypes: [String: KeyType]
    package var billing: Billing?
    package var indexes: [IndexChange]
    package var isDeletionProtected: Bool?

    package init(
        attributeTypes: [String: KeyType] = [:],
        billing: Billing? = nil,
        indexes: [IndexChange] = [],
        isDeletionProtected: Bool? = nil
    ) {
        self.attributeTypes = attributeTypes
        self.billing = billing
        self.indexes = indexes
        self.isDeletionProtected = isDeletionProtected
    }
}

/// An answer, and the records that make it so.
package typealias TableDecision<Answer> = (answer: Answer, records: [TableRecord])

// Tables themselves. They are there, and gone, when the call that asked for it returns.
extension TableMachine {
    package func tableRequested(
        _ creation: TableCreation,
        id: TableID,
        now: Timestamp
    ) throws(TableError) -> TableDecision<Table> {
        guard self.tables[creation.name] == nil else {
            throw TableError(.resourceInUse, "Table already exists: \(creation.name)")
        }
        guard self.tables.count < self.limits.tablesMax else {
            throw TableError(
                .limitExceeded,
                "This server keeps \(self.limits.tablesMax) tables at most. Delete one that is not needed."
            )
        }
        var table = Table(
            id: id,
            name: creation.name,
            key: creation.key,
            attributeTypes: creation.attributeTypes,
            createdAt: now
        )
        table.indexes = creation.indexes
        table.throughput = creation.throughput
        table.isDeletionProtected = creation.isDeletionProtected
        table.tags = creation.tags
        try Self.check(table)
        return (table, [.table(table)])
    }

    package func tableChangeRequested(
        _ name: String,
        _ change: TableChange
    ) throws(TableError) -> TableDecision<Table> {
        guard let old = self.tables[name] else { throw .noTable(name) }
        var table = old
        table.attributeTypes.merge(change.attributeTypes) { _, new in new }
        for name in old.key.names where table.attributeTypes[name] != old.attributeTypes[name] {
            throw .invalid("The type of the key attribute \(name) cannot be changed")
        }
        switch change.billing {
        case nil: break
        case .onDemand?: table.throughput = nil
        case .provisioned(let throughput)?: table.throughput = throughput
        }
        if let isProtected = change.isDeletionProtected { table.isDeletionProtected = isProtected }
        for indexChange in change.indexes {
            switch indexChange {
            case .create(let index):
                guard table.index(named: index.name) == nil else {
                    throw .invalid("Attempting to create an index which already exists: \(index.name)")
                }
                table.indexes.append(index)
            case .delete(let name):
                guard table.index(named: name) != nil else { throw Self.noIndex(name) }
                table.indexes.removeAll { $0.name == name }
            case .update(let name, let throughput):
                guard let place = table.indexes.firstIndex(where: { $0.name == name }) else {
                    throw Self.noIndex(name)
                }
                table.indexes[place].throughput = throughput
            }
        }
        try Self.check(table, areTypesExact: false)
        let keyNames = Set(table.key.names + table.indexes.flatMap(\.key.names))
        table.attributeTypes = table.attributeTypes.filter { keyNames.contains($0.key) }
        return (table, table == old ? [] : [.table(table)])
    }

    package func tableDeletionRequested(_ name: String) throws(TableError) -> TableDecision<Table> {
        guard let table = self.tables[name] else { throw .noTable(name) }
        guard !table.isDeletionProtected else {
            throw TableError(
                .validation,
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
                    + "first."
            )
        }
        // Items first: they are taken out of the indexes by what the table says.
        let items = self.items[table.id]?.keys.sorted() ?? []
        return (table, items.map { .itemDeleted(table.id, $0) } + [.tableDeleted(name)])
    }

    /// Facts of a table beside its keys: tags, point-in-time recovery.
    package func tableEditRequested(
        _ name: String,
        edit: (inout Table) throws(TableError) -> Void
    ) throws(TableError) -> TableDecision<Table> {
        guard let old = self.tables[name] else { throw .noTable(name) }
        var table = old
        try edit(&table)
        guard table.tags.count <= TableLimits.tagsMax else {
            throw TableError(.limitExceeded, "A table has \(TableLimits.tagsMax) tags at most.")
        }
        return (table, table == old ? [] : [.table(table)])
    }

    private static func noIndex(_ name: String) -> TableError {
        TableError(.resourceNotFound, "Requested resource not found: index \(name)")
    }

    private static func check(_ table: Table, areTypesExact: Bool = true) throws(TableError) {
        guard Self.isName(table.name) else { throw Self.badName("tableName", table.name) }
        guard table.indexes.count <= TableLimits.indexesMax else {
            throw TableError(.limitExceeded, "A table has \(TableLimits.indexesMax) indexes at most.")
        }
        guard table.tags.count <= TableLimits.tagsMax else {
            throw TableError(.limitExceeded, "A table has \(TableLimits.tagsMax) tags at most.")
        }
        var used: Set<String> = []
        for schema in [table.key] + table.indexes.map(\.key) {
            if schema.hash == schema.range {
                throw TableError(
                    .validation,
                    "Both the Hash Key and the Range Key element in the KeySchema have the same name"
                )
            }
            for name in schema.names {
                guard !name.isEmpty, name.utf8.count <= TableLimits.keyNameBytesMax else {
                    throw Self.badName("attributeName", name)
                }
                guard table.attributeTypes[name] != nil else {
                    throw .invalid(
                        "Some index key attributes are not defined in AttributeDefinitions. Keys: [\(name)], "
                            + "AttributeDefinitions: [\(table.attributeTypes.keys.sorted().joined(separator: ", "))]"
                    )
                }
                used.insert(name)
            }
        }
        if areTypesExact, used != Set(table.attributeTypes.keys) {
            throw .invalid(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in "
                    + "AttributeDefinitions"
            )
        }
        var indexNames: Set<String> = []
        for index in table.indexes {
            guard Self.isName(index.name) else { throw Self.badName("indexName", index.name) }
            guard indexNames.insert(index.name).inserted else {
                throw .invalid("Duplicate index name: \(index.name)")
            }
        }
    }

    private static func badName(_ member: String, _ name: String) -> TableError {
        let count = name.utf8.count
        let shown = String(name.prefix(64))
        let reason =
            count < 3
            ? "Member must have length greater than or equal to 3"
            : count > 255
                ? "Member must have length less than or equal to 255"
                : "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        return TableError(
            .validation,
            "1 validation error detected: Value '\(shown)' at '\(member)' failed to satisfy constraint: \(reason)"
        )
    }

    private static func isName(_ name: String) -> Bool {
        (3...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
