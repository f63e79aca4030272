internal import KinesisProtocol
internal import LeaseTables

/// Scan and Query.
struct PageInput {
    var tableName: String?
    var indexName: String?
    var filterExpression: String?
    var keyConditionExpression: String?
    var projectionExpression: String?
    var attributesToGet: [String]?
    var names: [String: String] = [:]
    var values: [String: AttributeValue] = [:]
    /// `ScanFilter` or `QueryFilter`.
    var filter: [String: LegacyParameters.Expectation]?
    var keyConditions: [String: LegacyParameters.Expectation]?
    var conditionalOperator: String?
    var startKey: Item?
    var limit: Int32?
    var isConsistent = false
    var isForward = true
    var segment: Int32?
    var totalSegments: Int32?
    var select: String?

    mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "TableName": self.tableName = try reader.readString()
        case "IndexName": self.indexName = try reader.readString()
        case "FilterExpression": self.filterExpression = try reader.readString()
        case "KeyConditionExpression": self.keyConditionExpression = try reader.readString()
        case "ProjectionExpression": self.projectionExpression = try reader.readString()
        case "AttributesToGet": self.attributesToGet = try reader.readStrings()
        case "ExpressionAttributeNames": self.names = try reader.readNames()
        case "ExpressionAttributeValues": self.values = try reader.readItem() ?? [:]
        case "ScanFilter", "QueryFilter": self.filter = try reader.readExpectations()
        case "KeyConditions": self.keyConditions = try reader.readExpectations()
        case "ConditionalOperator": self.conditionalOperator = try reader.readString()
        case "ExclusiveStartKey": self.startKey = try reader.readItem()
        case "Limit": self.limit = try reader.readInteger()
        case "ConsistentRead": self.isConsistent = try reader.readBoolean() ?? false
        case "ScanIndexForward": self.isForward = try reader.readBoolean() ?? true
        case "Segment": self.segment = try reader.readInteger()
        case "TotalSegments": self.totalSegments = try reader.readInteger()
        case "Select": self.select = try reader.readString()
        default: try reader.skip()
        }
    }

    var countsOnly: Bool { self.select == "COUNT" }

    /// - Returns: the key condition as well, for a Query.
    func request(isQuery: Bool) throws(TableError) -> (page: PageRequest, condition: Condition?) {
        var parser = ExpressionParser(names: self.names, values: self.values)
        var page = PageRequest(table: try ItemInput.require(self.tableName, "tableName"), index: self.indexName)
        var condition: Condition?
        if isQuery {
            if let keyConditionExpression {
                condition = try parser.condition(keyConditionExpression, .keyCondition)
            } else {
                condition = try self.keyConditions.flatMap { (conditions) throws(TableError) in
                    try LegacyParameters.condition(conditions)
                }
            }
            guard condition != nil else {
                throw TableError(
                    .validation,
                    "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
                )
            }
        }
        if let filterExpression {
            page.filter = try parser.condition(filterExpression, .filter)
        } else {
            page.filter = try self.filter.flatMap { (filter) throws(TableError) in
                try LegacyParameters.condition(filter, requiresAll: self.conditionalOperator != "OR")
            }
        }
        if let projectionExpression {
            page.projection = try parser.projection(projectionExpression)
        } else {
            page.projection = self.attributesToGet
        }
        try parser.finish()
        if let limit {
            guard limit > 0 else {
                throw TableError(
                    .validation,
                    "1 validation error detected: Value '\(limit)' at 'limit' failed to satisfy constraint: Member must "
                        + "have value greater than or equal to 1"
                )
            }
            page.limit = Int(limit)
        }
        page.startKey = self.startKey
        page.isConsistent = self.isConsistent
        return (page, condition)
    }

    /// Of a parallel Scan.
    func segments() throws(TableError) -> (number: Int, count: Int) {
        switch (self.segment, self.totalSegments) {
        case (nil, nil): return (0, 1)
        case (let segment?, let total?) where total >= 1 && total <= 1_000_000 && segment >= 0 && segment < total:
            return (Int(segment), Int(total))
        case (nil, _?):
            throw TableError(
                .validation,
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
            )
        case (_?, nil):
            throw TableError(
                .validation,
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
            )
        case (let segment?, let total?):
            throw TableError(
                .validation,
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: \(segment) is "
                    + "not less than TotalSegments: \(total)"
            )
        }
    }
}
