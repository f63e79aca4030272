internal import KinesisProtocol
internal import LeaseTables

/// GetItem, PutItem, UpdateItem, DeleteItem and the parts of TransactWriteItems.
struct ItemInput {
    enum Kind {
        case put
        case update
        case delete
        case check
    }

    var tableName: String?
    var key: Item?
    var item: Item?
    var conditionExpression: String?
    var updateExpression: String?
    var projectionExpression: String?
    var attributesToGet: [String]?
    var names: [String: String] = [:]
    var values: [String: AttributeValue] = [:]
    var expected: [String: LegacyParameters.Expectation]?
    var attributeUpdates: [String: LegacyParameters.AttributeUpdate]?
    var conditionalOperator: String?
    var returnValues: String?
    var returnValuesOnConditionCheckFailure: String?

    mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "TableName": self.tableName = try reader.readString()
        case "Key": self.key = try reader.readItem()
        case "Item": self.item = try reader.readItem()
        case "ConditionExpression": self.conditionExpression = try reader.readString()
        case "UpdateExpression": self.updateExpression = try reader.readString()
        case "ProjectionExpression": self.projectionExpression = try reader.readString()
        case "AttributesToGet": self.attributesToGet = try reader.readStrings()
        case "ExpressionAttributeNames": self.names = try reader.readNames()
        case "ExpressionAttributeValues": self.values = try reader.readItem() ?? [:]
        case "Expected": self.expected = try reader.readExpectations()
        case "AttributeUpdates": self.attributeUpdates = try reader.readAttributeUpdates()
        case "ConditionalOperator": self.conditionalOperator = try reader.readString()
        case "ReturnValues": self.returnValues = try reader.readString()
        case "ReturnValuesOnConditionCheckFailure":
            self.returnValuesOnConditionCheckFailure = try reader.readString()
        default: try reader.skip()
        }
    }

    /// What the machine is asked for.
    func request(_ kind: Kind, isTransaction: Bool = false) throws(TableError) -> ItemRequest {
        let table = try self.requireTable()
        var parser = ExpressionParser(names: self.names, values: self.values)
        let condition = try self.condition(&parser)
        let change: ItemRequest.Change =
            switch kind {
            case .put: .put(try Self.require(self.item, "item"))
            case .delete: .delete(key: try self.requireKey())
            case .check: .check(key: try self.requireKey())
            case .update: .update(key: try self.requireKey(), try self.plan(&parser))
            }
        try parser.finish()
        var request = ItemRequest(table: table, change: change, condition: condition)
        if let returnValues, !isTransaction {
            guard let values = ItemRequest.ReturnValues(rawValue: returnValues),
                kind == .update || values == .none || values == .allOld
            else { throw TableError(.validation, "Return values set to invalid value") }
            request.returnValues = values
        }
        request.returnsOldOnFailure = self.returnValuesOnConditionCheckFailure == "ALL_OLD"
        return request
    }

    private func condition(_ parser: inout ExpressionParser) throws(TableError) -> Condition? {
        if let conditionExpression {
            guard self.expected == nil else {
                throw TableError(
                    .validation,
                    "Can not use both expression and non-expression parameters in the same request: "
                        + "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"
                )
            }
            return try parser.condition(conditionExpression, .condition)
        }
        return try self.expected.flatMap { (expected) throws(TableError) in
            try LegacyParameters.condition(expected, requiresAll: self.conditionalOperator != "OR")
        }
    }

    private func plan(_ parser: inout ExpressionParser) throws(TableError) -> UpdatePlan {
        if let updateExpression {
            guard self.attributeUpdates == nil else {
                throw TableError(
                    .validation,
                    "Can not use both expression and non-expression parameters in the same request: "
                        + "Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}"
                )
            }
            return try parser.update(updateExpression)
        }
        return try LegacyParameters.update(self.attributeUpdates ?? [:])
    }

    /// Which attributes a GetItem asks for; all when absent.
    func projection() throws(TableError) -> [String]? {
        var parser = ExpressionParser(names: self.names, values: self.values)
        guard let projectionExpression else {
            try parser.finish()
            return self.attributesToGet
        }
        let names = try parser.projection(projectionExpression)
        try parser.finish()
        return names
    }

    func requireTable() throws(TableError) -> String { try Self.require(self.tableName, "tableName") }

    func requireKey() throws(TableError) -> Item { try Self.require(self.key, "key") }

    static func require<Value>(_ value: Value?, _ member: String) throws(TableError) -> Value {
        guard let value else {
            throw TableError(
                .validation,
                "1 validation error detected: Value null at '\(member)' failed to satisfy constraint: Member must not be null"
            )
        }
        return value
    }
}

extension ShapeReader {
    /// `Expected`, and the filters and key conditions of old.
    mutating func readExpectations() throws(KinesisError) -> [String: LegacyParameters.Expectation]? {
        var all: [String: LegacyParameters.Expectation] = [:]
        let isPresent = try self.readMap { (reader, name) throws(KinesisError) in
            var one = LegacyParameters.Expectation()
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "Value": one.value = try AttributeValue.read(from: &reader)
                case "Exists": one.exists = try reader.readBoolean()
                case "ComparisonOperator": one.comparison = try reader.readString()
                case "AttributeValueList":
                    var values: [AttributeValue] = []
                    _ = try reader.readList { (reader, _) throws(KinesisError) in
                        values.append(try AttributeValue.read(from: &reader))
                    }
                    one.values = values
                default: try reader.skip()
                }
            }
            all[name] = one
        }
        return isPresent ? all : nil
    }

    mutating func readAttributeUpdates() throws(KinesisError) -> [String: LegacyParameters.AttributeUpdate]? {
        var all: [String: LegacyParameters.AttributeUpdate] = [:]
        let isPresent = try self.readMap { (reader, name) throws(KinesisError) in
            var one = LegacyParameters.AttributeUpdate()
            _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "Value": one.value = try AttributeValue.read(from: &reader)
                case "Action": one.action = try reader.readString()
                default: try reader.skip()
                }
            }
            all[name] = one
        }
        return isPresent ? all : nil
    }
}
