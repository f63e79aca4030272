/// The operations of `DynamoDB_20120810` that are served: what KCL needs, and what people look at its tables with.
package enum LeaseTableOperation: String, Sendable, CaseIterable {
    case batchGetItem = "BatchGetItem"
    case batchWriteItem = "BatchWriteItem"
    case createTable = "CreateTable"
    case deleteItem = "DeleteItem"
    case deleteTable = "DeleteTable"
    case describeContinuousBackups = "DescribeContinuousBackups"
    case describeTable = "DescribeTable"
    case describeTimeToLive = "DescribeTimeToLive"
    case getItem = "GetItem"
    case listTables = "ListTables"
    case listTagsOfResource = "ListTagsOfResource"
    case putItem = "PutItem"
    case query = "Query"
    case scan = "Scan"
    case tagResource = "TagResource"
    case transactWriteItems = "TransactWriteItems"
    case untagResource = "UntagResource"
    case updateContinuousBackups = "UpdateContinuousBackups"
    case updateItem = "UpdateItem"
    case updateTable = "UpdateTable"

    package static let targetPrefix = "DynamoDB_20120810."

    /// Whether its answer may be a page of items, for which memory is asked first.
    var answersWithPage: Bool {
        switch self {
        case .scan, .query, .batchGetItem: true
        default: false
        }
    }

    /// Changes nothing, so that it may be carried out twice.
    var isReading: Bool {
        switch self {
        case .batchGetItem, .describeContinuousBackups, .describeTable, .describeTimeToLive, .getItem, .listTables,
            .listTagsOfResource, .query, .scan:
            true
        case .batchWriteItem, .createTable, .deleteItem, .deleteTable, .putItem, .tagResource, .transactWriteItems,
            .untagResource, .updateContinuousBackups, .updateItem, .updateTable:
            false
        }
    }
}
