internal import KinesisProtocol
internal import Serving

extension KinesisError {
    /// The answer to a request that the gate refuses.
    init(_ refusal: GateRefusal, of operation: Operation, by caller: Caller) {
        switch refusal {
        case .notAuthorized:
            self.init(
                .accessDenied,
                "User: arn:\(caller.partition):iam::\(caller.account):user/\(caller.accessKeyID) is not authorized to "
                    + "perform: kinesis:\(operation.rawValue)"
            )
        case .quotaExceeded: self.init(.throttling, "Rate exceeded")
        }
    }

    /// The server's memory for requests is used up; SDKs try again.
    static let outOfMemory = KinesisError(
        .serviceUnavailable,
        "The server holds as many requests as it may at once. Try again."
    )
}
