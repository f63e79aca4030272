internal import KinesisProtocol
internal import Serving

extension KinesisError {
    /// The answer to a request that the gate refuses.
    ///
    /// - Parameter action: with its service, as policies name it.
    init(_ refusal: GateRefusal, of action: String, by caller: Caller) {
        switch refusal {
        case .notAuthorized:
            self.init(
                .accessDenied,
                "User: arn:\(caller.partition):iam::\(caller.account):user/\(caller.accessKeyID) is not authorized to "
                    + "perform: \(action)"
            )
        }
    }

    /// The server's memory for requests is used up; SDKs try again.
    static let outOfMemory = KinesisError(
        .serviceUnavailable,
        "The server holds as many requests as it may at once. Try again."
    )
}
