/// What lease tables may hold. At each limit a request is refused; what is there stays readable and can be deleted.
package struct TableLimits: Sendable {
    /// `LimitExceededException` beyond.
    package var tablesMax = 500
    /// Of items of all tables together, in bytes as DynamoDB counts them. A write that adds to them beyond this is
    /// refused with `LimitExceededException`.
    package var itemBytesMax = 64 << 20
    /// Of one item; DynamoDB's.
    package static let itemBytesMax = 400 << 10
    /// Of a page of Scan and Query; DynamoDB's.
    package static let pageBytesMax = 1 << 20
    /// Requests of one TransactWriteItems, BatchGetItem: DynamoDB's; BatchWriteItem has 25.
    package static let transactionItemsMax = 100
    package static let batchWriteItemsMax = 25
    /// Tokens of transactions that are remembered. Beyond it the oldest goes, and a repetition is carried out again.
    package var requestTokensMax = 10_000
    /// How long a token is remembered, in milliseconds; DynamoDB's ten minutes.
    package static let requestTokenMilliseconds: Int64 = 600_000
    package static let requestTokenLengthMax = 36
    package static let indexesMax = 20
    package static let tagsMax = 50
    /// Of one expression, in bytes; DynamoDB's.
    package static let expressionBytesMax = 4096
    /// Operators and functions of one expression; DynamoDB's.
    package static let expressionOperatorsMax = 300
    /// Parentheses and negations within each other.
    package static let expressionDepthMax = 32
    package static let keyNameBytesMax = 255
    package static let hashKeyBytesMax = 2048
    package static let rangeKeyBytesMax = 1024

    package init() {}
}
