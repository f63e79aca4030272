internal import NIOCore

/// What a store's refusal means.
enum S3Failure {
    /// Of an answer whose status says that something failed.
    static func error(_ answer: HTTPAnswer) -> ObjectStoreError {
        let root = try? XMLElement.document(answer.body.readableBytesView)
        return Self.error(
            status: answer.status,
            code: root?["Code"]?.text ?? "",
            message: root?["Message"]?.text ?? ""
        )
    }

    static func error(status: Int, code: String, message: String) -> ObjectStoreError {
        ObjectStoreError(
            Self.code(status: status, code: code),
            "the object store answered \(status)" + (code.isEmpty ? "" : " \(code)")
                + (message.isEmpty ? "" : ": \(message.prefix(200))")
        )
    }

    private static func code(status: Int, code: String) -> ObjectStoreError.Code {
        switch code {
        case "SlowDown", "ConditionalRequestConflict", "OperationAborted", "ServiceUnavailable", "TooManyRequests":
            return .throttled
        case "InternalError", "RequestTimeout": return .unavailable
        case "NotImplemented": return .notImplemented
        default: break
        }
        switch status {
        case 404: return .notFound
        case 412: return .preconditionFailed
        case 416: return .rangeNotSatisfiable
        case 401, 403: return .denied
        case 408, 500, 502, 504: return .unavailable
        case 409: return .throttled
        case 429, 503: return .throttled
        case 501: return .notImplemented
        default: return .invalid
        }
    }
}
