/// An answer other than success, as the Kinesis API names it.
///
/// Every code is HTTP 400 with a body of `__type` and `message`, except `internalFailure` (500) and
/// `requestTooLarge` (413).
package struct KinesisError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, Equatable, CaseIterable {
        case resourceNotFound = "ResourceNotFoundException"
        case resourceInUse = "ResourceInUseException"
        case invalidArgument = "InvalidArgumentException"
        case limitExceeded = "LimitExceededException"
        case accessDenied = "AccessDeniedException"
        case provisionedThroughputExceeded = "ProvisionedThroughputExceededException"
        case expiredIterator = "ExpiredIteratorException"
        case expiredNextToken = "ExpiredNextTokenException"
        case validation = "ValidationException"
        case throttling = "ThrottlingException"
        case dryRunOperation = "DryRunOperationException"
        case internalFailure = "InternalFailure"
        /// The body is not what its content type promises, or a member has the wrong type.
        case serialization = "SerializationException"
        case unknownOperation = "UnknownOperationException"
        case missingAuthenticationToken = "MissingAuthenticationTokenException"
        case incompleteSignature = "IncompleteSignatureException"
        case invalidSignature = "InvalidSignatureException"
        /// An access key that is not known, or a session token that is not its own.
        case unrecognizedClient = "UnrecognizedClientException"
        case requestTooLarge = "RequestEntityTooLargeException"
        case serviceUnavailable = "ServiceUnavailable"
    }

    package var code: Code
    /// Absent where AWS sends none (an unknown operation, a body that is not JSON).
    package var message: String?

    package init(_ code: Code, _ message: String? = nil) {
        self.code = code
        self.message = message
    }

    /// The HTTP status of the answer.
    package var status: Int {
        switch self.code {
        case .internalFailure: 500
        case .serviceUnavailable: 503
        case .requestTooLarge: 413
        default: 400
        }
    }

    /// `SerializationException` is the one answer whose text AWS sends as `Message`.
    package var messageMember: StaticString {
        self.code == .serialization ? "Message" : "message"
    }
}
