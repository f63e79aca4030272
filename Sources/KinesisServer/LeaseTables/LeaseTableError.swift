internal import KinesisProtocol
internal import LeaseTables
internal import NIOCore

/// An answer other than success, as DynamoDB writes it.
struct LeaseTableError: Error {
    var status = 400
    /// `__type`, with its namespace.
    var type: String
    var message: String?
    var item: Item?
    var reasons: [TableError.CancellationReason] = []

    private static let namespace = "com.amazonaws.dynamodb.v20120810#"
    private static let commonNamespace = "com.amazon.coral.service#"

    init(_ error: TableError) {
        self.type =
            error.code == .validation
            ? "com.amazon.coral.validate#ValidationException" : Self.namespace + error.code.rawValue
        self.message = error.message
        self.item = error.item
        self.reasons = error.reasons
    }

    /// What is wrong with a request before anybody looks at its tables.
    init(_ error: KinesisError) {
        switch error.code {
        case .validation: self.type = "com.amazon.coral.validate#ValidationException"
        default: self.type = Self.commonNamespace + error.code.rawValue
        }
        self.status = error.status
        self.message = error.message
    }

    init(notServed operation: String) {
        self.init(
            TableError(
                .validation,
                "\(operation.prefix(64)) is not served: this server keeps the lease tables of Kinesis consumers and is not a "
                    + "DynamoDB."
            )
        )
    }

    /// SDKs try again.
    static let unavailable = LeaseTableError(
        internalFailure: "The lease tables cannot be reached now. Try again."
    )

    private init(internalFailure message: String) {
        self.status = 500
        self.type = Self.namespace + "InternalServerError"
        self.message = message
    }

    func encoded() -> ByteBuffer {
        var json = JSONWriter(into: ByteBufferAllocator().buffer(capacity: 256))
        json.beginStructure()
        json.member("__type")
        json.string(self.type)
        if let message {
            // Both spellings occur at AWS; SDKs read either.
            json.member(self.reasons.isEmpty ? "message" : "Message")
            json.string(message)
        }
        json.item("Item", self.item)
        if !self.reasons.isEmpty {
            json.member("CancellationReasons")
            json.list(self.reasons) { json, reason in
                json.beginStructure()
                json.member("Code")
                json.string(reason.code)
                if let message = reason.message {
                    json.member("Message")
                    json.string(message)
                }
                json.item("Item", reason.item)
                json.endStructure()
            }
        }
        json.endStructure()
        return json.buffer
    }
}
