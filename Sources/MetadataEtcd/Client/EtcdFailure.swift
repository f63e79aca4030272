internal import Metadata

/// What to do about a call that failed.
enum EtcdReaction: Equatable {
    /// Ask again: on another connection, or on this one.
    case retry(reconnect: Bool)
    /// The token has run out or the users changed: get a new one, then ask again.
    case authenticate
    /// Asking again would not help.
    case fail(MetadataError)

    /// Sorts an answer of etcd, or the lack of one.
    init(_ status: GRPCStatus) {
        let message = "etcd: \(status)"
        if status.isOfTheConnection {
            self = .retry(reconnect: true)
            return
        }
        switch status.code {
        case .unauthenticated: self = .authenticate
        case .invalidArgument where status.message.contains("revision of auth store is old"): self = .authenticate
        case .invalidArgument where status.message.contains("user name is empty"): self = .authenticate
        case .invalidArgument where status.message.contains("authentication failed"):
            self = .fail(MetadataError(.unavailable, message))
        case .invalidArgument: self = .fail(MetadataError(.invalidTransaction, message))
        case .outOfRange where status.message.contains("compacted"): self = .fail(MetadataError(.compacted, message))
        case .notFound where status.message.contains("lease"): self = .fail(MetadataError(.sessionNotFound, message))
        case .resourceExhausted where status.message.contains("space exceeded"):
            self = .fail(MetadataError(.diskFull, message))
        case .resourceExhausted where status.message.contains("too many requests"): self = .retry(reconnect: false)
        // No leader, a new leader, etcd's own time ran out, or the member stops: another member may know.
        case .unavailable, .deadlineExceeded, .cancelled, .aborted: self = .retry(reconnect: true)
        case .outOfRange where status.message.contains("future revision"): self = .retry(reconnect: true)
        default: self = .fail(MetadataError(.unavailable, message))
        }
    }
}
