internal import KinesisProtocol
internal import LeaseTables

/// CreateTable, UpdateTable, DeleteTable, DescribeTable and what else is about whole tables.
struct TableInput {
    var tableName: String?
    var keySchema: [(name: String, type: String)] = []
    var attributeTypes: [String: KeyType] = [:]
    var billingMode: String?
    var throughput: Throughput?
    var indexes: [IndexInput] = []
    var hasLocalIndexes = false
    var indexChanges: [TableChange.IndexChange] = []
    var isDeletionProtected: Bool?
    var tags: [String: String] = [:]
    var tagKeys: [String] = []
    var resourceARN: String?
    var limit: Int32?
    var exclusiveStartTableName: String?
    var pointInTimeRecovery: Bool?

    struct IndexInput {
        var name: String?
        var keySchema: [(name: String, type: String)] = []
        var projection: String?
        var throughput: Throughput?
    }

    mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "TableName": self.tableName = try reader.readString()
        case "KeySchema": self.keySchema = try reader.readKeySchema()
        case "AttributeDefinitions": self.attributeTypes = try reader.readAttributeDefinitions()
        case "BillingMode": self.billingMode = try reader.readString()
        case "ProvisionedThroughput": self.throughput = try reader.readThroughput()
        case "GlobalSecondaryIndexes":
            var indexes: [IndexInput] = []
            _ = try reader.readList { (reader, _) throws(KinesisError) in indexes.append(try reader.readIndex()) }
            self.indexes = indexes
        case "LocalSecondaryIndexes":
            var count = 0
            _ = try reader.readList { (reader, _) throws(KinesisError) in
                count += 1
                try reader.skip()
            }
            self.hasLocalIndexes = count > 0
        case "GlobalSecondaryIndexUpdates": self.indexChanges = try reader.readIndexChanges()
        case "DeletionProtectionEnabled": self.isDeletionProtected = try reader.readBoolean()
        case "Tags": self.tags = try reader.readTagList()
        case "TagKeys": self.tagKeys = try reader.readStrings()
        case "ResourceArn": self.resourceARN = try reader.readString()
        case "Limit": self.limit = try reader.readInteger()
        case "ExclusiveStartTableName": self.exclusiveStartTableName = try reader.readString()
        case "PointInTimeRecoverySpecification":
            var isEnabled: Bool?
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "PointInTimeRecoveryEnabled": isEnabled = try reader.readBoolean()
                default: try reader.skip()
                }
            }
            self.pointInTimeRecovery = isEnabled
        default: try reader.skip()
        }
    }

    func requireTable() throws(TableError) -> String {
        let name = try ItemInput.require(self.tableName, "tableName")
        return Self.tableName(in: name) ?? name
    }

    /// The table that a request about tags names.
    func requireResource() throws(TableError) -> String {
        let arn = try ItemInput.require(self.resourceARN, "resourceArn")
        guard let name = Self.tableName(in: arn) else {
            throw TableError(.validation, "Invalid TableArn: Invalid ResourceArn provided as input \(arn.prefix(256))")
        }
        return name
    }

    /// A table may be named by its ARN, of any account and region.
    private static func tableName(in arn: String) -> String? {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[5].hasPrefix("table/") else { return nil }
        let name = parts[5].dropFirst("table/".count)
        return name.contains("/") ? nil : String(name)
    }

    func creation() throws(TableError) -> TableCreation {
        let name = try self.requireTable()
        guard !self.hasLocalIndexes else {
            throw TableError(.validation, "Local secondary indexes are not served by this server.")
        }
        var indexes: [SecondaryIndex] = []
        for index in self.indexes { indexes.append(try index.index(isProvisioned: self.isProvisioned)) }
        return TableCreation(
            name: name,
            key: try Self.key(self.keySchema),
            attributeTypes: self.attributeTypes,
            indexes: indexes,
            throughput: try self.provisioned(),
            isDeletionProtected: self.isDeletionProtected ?? false,
            tags: self.tags
        )
    }

    func change() throws(TableError) -> TableChange {
        var billing: TableChange.Billing?
        if self.billingMode == "PAY_PER_REQUEST" {
            billing = .onDemand
        } else if self.billingMode != nil || self.throughput != nil {
            billing = try self.provisioned().map { .provisioned($0) }
        }
        return TableChange(
            attributeTypes: self.attributeTypes,
            billing: billing,
            indexes: self.indexChanges,
            isDeletionProtected: self.isDeletionProtected
        )
    }

    private var isProvisioned: Bool { self.billingMode != "PAY_PER_REQUEST" }

    private func provisioned() throws(TableError) -> Throughput? {
        switch self.billingMode {
        case "PAY_PER_REQUEST"?:
            guard self.throughput == nil else {
                throw .invalid(
                    "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
                )
            }
            return nil
        case nil, "PROVISIONED"?:
            guard let throughput else {
                throw .invalid(
                    "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
                )
            }
            guard throughput.readUnits > 0, throughput.writeUnits > 0 else {
                throw .invalid("ReadCapacityUnits and WriteCapacityUnits must be at least 1")
            }
            return throughput
        case let mode?:
            throw TableError(
                .validation,
                "1 validation error detected: Value '\(mode.prefix(64))' at 'billingMode' failed to satisfy constraint: "
                    + "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
            )
        }
    }

    fileprivate static func key(_ elements: [(name: String, type: String)]) throws(TableError) -> KeySchema {
        guard let hash = elements.first, hash.type == "HASH" else {
            throw .invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
        }
        guard elements.count > 1 else { return KeySchema(hash: hash.name) }
        guard elements.count == 2, elements[1].type == "RANGE" else {
            throw .invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
        }
        return KeySchema(hash: hash.name, range: elements[1].name)
    }
}

extension TableInput.IndexInput {
    func index(isProvisioned: Bool) throws(TableError) -> SecondaryIndex {
        let projection: SecondaryIndex.Projection
        switch self.projection {
        case "KEYS_ONLY"?: projection = .keysOnly
        case "ALL"?: projection = .all
        default:
            throw TableError(
                .validation,
                "One or more parameter values were invalid: an index with the projection "
                    + "\((self.projection ?? "null").prefix(64)) is not served by this server, which has KEYS_ONLY and ALL"
            )
        }
        return SecondaryIndex(
            name: try ItemInput.require(self.name, "indexName"),
            key: try TableInput.key(self.keySchema),
            projection: projection,
            throughput: self.throughput ?? .none
        )
    }
}

extension ShapeReader {
    fileprivate mutating func readKeySchema() throws(KinesisError) -> [(name: String, type: String)] {
        var elements: [(name: String, type: String)] = []
        _ = try self.readList { (reader, _) throws(KinesisError) in
            var element = (name: "", type: "")
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "AttributeName": element.name = try reader.readString() ?? ""
                case "KeyType": element.type = try reader.readString() ?? ""
                default: try reader.skip()
                }
            }
            elements.append(element)
        }
        return elements
    }

    fileprivate mutating func readAttributeDefinitions() throws(KinesisError) -> [String: KeyType] {
        var types: [String: KeyType] = [:]
        _ = try self.readList { (reader, _) throws(KinesisError) in
            var name = ""
            var text = ""
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "AttributeName": name = try reader.readString() ?? ""
                case "AttributeType": text = try reader.readString() ?? ""
                default: try reader.skip()
                }
            }
            guard let type = KeyType(rawValue: text) else {
                throw KinesisError(
                    .validation,
                    "1 validation error detected: Value '\(text.prefix(64))' at 'attributeDefinitions.member.attributeType' "
                        + "failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]"
                )
            }
            types[name] = type
        }
        return types
    }

    fileprivate mutating func readThroughput() throws(KinesisError) -> Throughput? {
        var throughput = Throughput.none
        let isPresent = try self.readStructure { (reader, member) throws(KinesisError) in
            switch member {
            case "ReadCapacityUnits": throughput.readUnits = Int64(try reader.readInteger() ?? 0)
            case "WriteCapacityUnits": throughput.writeUnits = Int64(try reader.readInteger() ?? 0)
            default: try reader.skip()
            }
        }
        return isPresent ? throughput : nil
    }

    fileprivate mutating func readIndex() throws(KinesisError) -> TableInput.IndexInput {
        var index = TableInput.IndexInput()
        _ = try self.readStructure { (reader, member) throws(KinesisError) in
            switch member {
            case "IndexName": index.name = try reader.readString()
            case "KeySchema": index.keySchema = try reader.readKeySchema()
            case "ProvisionedThroughput": index.throughput = try reader.readThroughput()
            case "Projection":
                var projection: String?
                _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                    switch member {
                    case "ProjectionType": projection = try reader.readString()
                    default: try reader.skip()
                    }
                }
                index.projection = projection
            default: try reader.skip()
            }
        }
        return index
    }

    fileprivate mutating func readIndexChanges() throws(KinesisError) -> [TableChange.IndexChange] {
        var changes: [TableChange.IndexChange] = []
        _ = try self.readList { (reader, _) throws(KinesisError) in
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                var index = TableInput.IndexInput()
                switch member {
                case "Create", "Update", "Delete": index = try reader.readIndex()
                default: return try reader.skip()
                }
                do throws(TableError) {
                    switch member {
                    case "Create": changes.append(.create(try index.index(isProvisioned: false)))
                    case "Delete": changes.append(.delete(try ItemInput.require(index.name, "indexName")))
                    default:
                        let name = try ItemInput.require(index.name, "indexName")
                        changes.append(.update(name, index.throughput ?? .none))
                    }
                } catch {
                    throw KinesisError(.validation, error.message)
                }
            }
        }
        return changes
    }

    fileprivate mutating func readTagList() throws(KinesisError) -> [String: String] {
        var tags: [String: String] = [:]
        _ = try self.readList { (reader, _) throws(KinesisError) in
            var key = ""
            var value = ""
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "Key": key = try reader.readString() ?? ""
                case "Value": value = try reader.readString() ?? ""
                default: try reader.skip()
                }
            }
            tags[key] = value
        }
        return tags
    }
}
