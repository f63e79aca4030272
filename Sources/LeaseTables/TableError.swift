/// A request that is refused, as DynamoDB names it.
package struct TableError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        case validation = "ValidationException"
        case resourceNotFound = "ResourceNotFoundException"
        case resourceInUse = "ResourceInUseException"
        case conditionalCheckFailed = "ConditionalCheckFailedException"
        case transactionCanceled = "TransactionCanceledException"
        case limitExceeded = "LimitExceededException"
        case idempotentParameterMismatch = "IdempotentParameterMismatchException"
    }

    /// Why one request of a transaction was, or was not, the reason for its end.
    package struct CancellationReason: Sendable, Equatable {
        /// `None` when this request was not.
        package var code: String
        package var message: String?
        /// As it was, when the request asked for it.
        package var item: Item?

        package static let none = CancellationReason(code: "None")
    }

    package var code: Code
    package var message: String
    /// The item that did not meet the condition, when the request asked for it.
    package var item: Item?
    /// Of a transaction, one for each request, in order.
    package var reasons: [CancellationReason] = []

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package static func invalid(_ reason: String) -> TableError {
        TableError(.validation, "One or more parameter values were invalid: \(reason)")
    }

    package static let noResource = TableError(.resourceNotFound, "Requested resource not found")

    package static func noTable(_ name: String) -> TableError {
        TableError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
    }

    package static let idempotentParameterMismatch = TableError(
        .idempotentParameterMismatch,
        "The ClientRequestToken was used for another request in the last ten minutes."
    )

    package static let keyMismatch = TableError(
        .validation,
        "The provided key element does not match the schema"
    )

    package static func conditionFailed(_ item: Item?) -> TableError {
        var error = TableError(.conditionalCheckFailed, "The conditional request failed")
        error.item = item
        return error
    }
}
