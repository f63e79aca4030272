extension ErrorCode: CustomStringConvertible {
    /// Kafka's name of the code, as its tools and logs print it; `UNKNOWN(N)` for numbers without one.
    package var name: String { self.details?.name ?? "UNKNOWN(\(self.rawValue))" }

    package var description: String { self.name }

    /// Whether Kafka's clients try again after this error: those whose exception is retriable in the Java client.
    package var isRetriable: Bool { self.details?.isRetriable ?? false }

    /// What the code says, in one sentence.
    package var message: String { self.details?.message ?? "The error code is not known." }

    private var details: Details? {
        let index = Int(self.rawValue) + 1
        return Self.table.indices.contains(index) ? Self.table[index] : nil
    }

    private struct Details: Sendable {
        var name: String
        var isRetriable: Bool
        var message: String

        init(_ name: String, _ message: String, retriable: Bool = false) {
            self.name = name
            self.isRetriable = retriable
            self.message = message
        }
    }

    /// Indexed by the code plus one.
    private static let table: [Details] = [
        Details("UNKNOWN_SERVER_ERROR", "The server failed in a way that it did not expect."),
        Details("NONE", "No error."),
        Details("OFFSET_OUT_OF_RANGE", "The offset is outside the range that the partition holds."),
        Details(
            "CORRUPT_MESSAGE",
            "The record batch is damaged: its checksum, size or compression is wrong.",
            retriable: true
        ),
        Details("UNKNOWN_TOPIC_OR_PARTITION", "The topic or partition does not exist here.", retriable: true),
        Details("INVALID_FETCH_SIZE", "The fetch size is not valid."),
        Details("LEADER_NOT_AVAILABLE", "The partition has no leader at the moment.", retriable: true),
        Details("NOT_LEADER_OR_FOLLOWER", "This broker does not lead or follow the partition.", retriable: true),
        Details("REQUEST_TIMED_OUT", "The request took longer than its timeout.", retriable: true),
        Details("BROKER_NOT_AVAILABLE", "The broker is not available."),
        Details("REPLICA_NOT_AVAILABLE", "The replica is not available.", retriable: true),
        Details("MESSAGE_TOO_LARGE", "The record batch is larger than the topic allows."),
        Details("STALE_CONTROLLER_EPOCH", "The controller has been replaced."),
        Details("OFFSET_METADATA_TOO_LARGE", "The metadata of the offset is too long."),
        Details("NETWORK_EXCEPTION", "The connection was lost before the response came.", retriable: true),
        Details("COORDINATOR_LOAD_IN_PROGRESS", "The coordinator is still loading its state.", retriable: true),
        Details("COORDINATOR_NOT_AVAILABLE", "The coordinator is not available.", retriable: true),
        Details("NOT_COORDINATOR", "This broker is not the coordinator.", retriable: true),
        Details("INVALID_TOPIC_EXCEPTION", "The topic's name is not valid for this operation."),
        Details("RECORD_LIST_TOO_LARGE", "The batch is larger than a segment."),
        Details("NOT_ENOUGH_REPLICAS", "Fewer replicas are in sync than the topic demands.", retriable: true),
        Details(
            "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
            "The records were written, but to fewer replicas than the topic demands.",
            retriable: true
        ),
        Details("INVALID_REQUIRED_ACKS", "The required acknowledgements are not 0, 1 or -1."),
        Details("ILLEGAL_GENERATION", "The generation is not the group's current one."),
        Details("INCONSISTENT_GROUP_PROTOCOL", "The member's protocols match none that the other members support."),
        Details("INVALID_GROUP_ID", "The group's name is not valid."),
        Details("UNKNOWN_MEMBER_ID", "The coordinator does not know the member."),
        Details("INVALID_SESSION_TIMEOUT", "The session timeout is outside the limits that the broker sets."),
        Details("REBALANCE_IN_PROGRESS", "The group is rebalancing; the member must join again."),
        Details("INVALID_COMMIT_OFFSET_SIZE", "The offset commit is too large."),
        Details("TOPIC_AUTHORIZATION_FAILED", "Access to the topic is denied."),
        Details("GROUP_AUTHORIZATION_FAILED", "Access to the group is denied."),
        Details("CLUSTER_AUTHORIZATION_FAILED", "Access to the cluster is denied."),
        Details("INVALID_TIMESTAMP", "The timestamp of a record is outside the allowed range."),
        Details("UNSUPPORTED_SASL_MECHANISM", "The SASL mechanism is not offered."),
        Details("ILLEGAL_SASL_STATE", "The request does not fit the state of the SASL exchange."),
        Details("UNSUPPORTED_VERSION", "The broker does not support this version of the API."),
        Details("TOPIC_ALREADY_EXISTS", "A topic of this name exists."),
        Details("INVALID_PARTITIONS", "The number of partitions is not valid."),
        Details("INVALID_REPLICATION_FACTOR", "The replication factor is below one or above the number of brokers."),
        Details("INVALID_REPLICA_ASSIGNMENT", "The replica assignment is not valid."),
        Details("INVALID_CONFIG", "The configuration is not valid."),
        Details("NOT_CONTROLLER", "This broker is not the controller.", retriable: true),
        Details("INVALID_REQUEST", "The request contradicts itself or the protocol."),
        Details("UNSUPPORTED_FOR_MESSAGE_FORMAT", "The stored record format does not support this."),
        Details("POLICY_VIOLATION", "The request does not satisfy the configured policy."),
        Details("OUT_OF_ORDER_SEQUENCE_NUMBER", "The producer's sequence number is not the next one."),
        Details("DUPLICATE_SEQUENCE_NUMBER", "The producer's sequence number repeats an older one."),
        Details("INVALID_PRODUCER_EPOCH", "The producer's epoch is older than the newest one."),
        Details("INVALID_TXN_STATE", "The transaction is in a state that does not allow this."),
        Details("INVALID_PRODUCER_ID_MAPPING", "The producer ID is not the one assigned to the transactional ID."),
        Details("INVALID_TRANSACTION_TIMEOUT", "The transaction timeout is larger than the broker allows."),
        Details("CONCURRENT_TRANSACTIONS", "Another operation on the transaction is in progress.", retriable: true),
        Details("TRANSACTION_COORDINATOR_FENCED", "The transaction coordinator has been replaced."),
        Details("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "Access to the transactional ID is denied."),
        Details("SECURITY_DISABLED", "Security features are turned off."),
        Details("OPERATION_NOT_ATTEMPTED", "The operation was not tried, since another one in the request failed."),
        Details("KAFKA_STORAGE_ERROR", "The broker could not read or write its disk.", retriable: true),
        Details("LOG_DIR_NOT_FOUND", "The log directory does not exist."),
        Details("SASL_AUTHENTICATION_FAILED", "Authentication failed."),
        Details("UNKNOWN_PRODUCER_ID", "The partition has no state of this producer, perhaps because it expired."),
        Details("REASSIGNMENT_IN_PROGRESS", "The partition's replicas are being moved."),
        Details("DELEGATION_TOKEN_AUTH_DISABLED", "Delegation tokens are turned off."),
        Details("DELEGATION_TOKEN_NOT_FOUND", "The delegation token does not exist."),
        Details("DELEGATION_TOKEN_OWNER_MISMATCH", "The delegation token belongs to somebody else."),
        Details(
            "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
            "Delegation token requests are not accepted on this connection."
        ),
        Details("DELEGATION_TOKEN_AUTHORIZATION_FAILED", "Access to the delegation token is denied."),
        Details("DELEGATION_TOKEN_EXPIRED", "The delegation token has expired."),
        Details("INVALID_PRINCIPAL_TYPE", "The type of principal is not supported."),
        Details("NON_EMPTY_GROUP", "The group has members."),
        Details("GROUP_ID_NOT_FOUND", "The group does not exist."),
        Details("FETCH_SESSION_ID_NOT_FOUND", "The fetch session does not exist.", retriable: true),
        Details("INVALID_FETCH_SESSION_EPOCH", "The fetch session's epoch is not the expected one.", retriable: true),
        Details(
            "LISTENER_NOT_FOUND",
            "The metadata request came over a listener that the leader lacks.",
            retriable: true
        ),
        Details("TOPIC_DELETION_DISABLED", "Topics cannot be deleted on this server."),
        Details("FENCED_LEADER_EPOCH", "The leader epoch in the request is older than the broker's.", retriable: true),
        Details("UNKNOWN_LEADER_EPOCH", "The leader epoch in the request is newer than the broker's.", retriable: true),
        Details("UNSUPPORTED_COMPRESSION_TYPE", "The consumer does not support the compression of the records."),
        Details("STALE_BROKER_EPOCH", "The broker's epoch has changed."),
        Details("OFFSET_NOT_AVAILABLE", "The leader does not know its high watermark yet.", retriable: true),
        Details("MEMBER_ID_REQUIRED", "The member must join again with the ID it was given."),
        Details("PREFERRED_LEADER_NOT_AVAILABLE", "The preferred leader is not available.", retriable: true),
        Details("GROUP_MAX_SIZE_REACHED", "The group has as many members as it may."),
        Details("FENCED_INSTANCE_ID", "Another member with the same instance ID has taken over."),
        Details("ELIGIBLE_LEADERS_NOT_AVAILABLE", "No replica that may lead is available.", retriable: true),
        Details("ELECTION_NOT_NEEDED", "The partition needs no election.", retriable: true),
        Details("NO_REASSIGNMENT_IN_PROGRESS", "No reassignment of the partition is in progress."),
        Details("GROUP_SUBSCRIBED_TO_TOPIC", "The group subscribes to the topic."),
        Details("INVALID_RECORD", "A record failed validation."),
        Details(
            "UNSTABLE_OFFSET_COMMIT",
            "An offset of an unfinished transaction must be settled first.",
            retriable: true
        ),
        Details("THROTTLING_QUOTA_EXCEEDED", "The quota for such operations is used up.", retriable: true),
        Details("PRODUCER_FENCED", "A newer producer with the same transactional ID exists."),
        Details("RESOURCE_NOT_FOUND", "The resource does not exist."),
        Details("DUPLICATE_RESOURCE", "The resource is named twice."),
        Details("UNACCEPTABLE_CREDENTIAL", "The credential does not meet the requirements."),
        Details("INCONSISTENT_VOTER_SET", "The voters on both sides differ."),
        Details("INVALID_UPDATE_VERSION", "The version to update to is not valid."),
        Details("FEATURE_UPDATE_FAILED", "The features could not be updated."),
        Details("PRINCIPAL_DESERIALIZATION_FAILURE", "The principal could not be read from the forwarded request."),
        Details("SNAPSHOT_NOT_FOUND", "The snapshot does not exist."),
        Details("POSITION_OUT_OF_RANGE", "The position is outside the snapshot."),
        Details("UNKNOWN_TOPIC_ID", "No topic has this ID.", retriable: true),
        Details("DUPLICATE_BROKER_REGISTRATION", "A broker with this ID is registered."),
        Details("BROKER_ID_NOT_REGISTERED", "No broker with this ID is registered."),
        Details("INCONSISTENT_TOPIC_ID", "The topic's ID differs from the one in the request.", retriable: true),
        Details("INCONSISTENT_CLUSTER_ID", "The cluster's ID differs from the one in the request."),
        Details("TRANSACTIONAL_ID_NOT_FOUND", "The transactional ID does not exist."),
        Details(
            "FETCH_SESSION_TOPIC_ID_ERROR",
            "The fetch session mixes topics with and without IDs.",
            retriable: true
        ),
        Details("INELIGIBLE_REPLICA", "The replica may not join the in-sync set."),
        Details("NEW_LEADER_ELECTED", "The leader changed while the partition was being altered."),
        Details("OFFSET_MOVED_TO_TIERED_STORAGE", "The offset has moved to remote storage."),
        Details("FENCED_MEMBER_EPOCH", "The member's epoch is behind the coordinator's."),
        Details("UNRELEASED_INSTANCE_ID", "The instance ID is still held by a member that has not left."),
        Details("UNSUPPORTED_ASSIGNOR", "The assignor is not offered by the server or the group."),
        Details("STALE_MEMBER_EPOCH", "The member's epoch is out of date; the member must send a heartbeat first."),
        Details("MISMATCHED_ENDPOINT_TYPE", "The request went to the wrong kind of endpoint."),
        Details("UNSUPPORTED_ENDPOINT_TYPE", "The kind of endpoint is not supported."),
        Details("UNKNOWN_CONTROLLER_ID", "The controller ID is not known."),
        Details("UNKNOWN_SUBSCRIPTION_ID", "The telemetry subscription is not the current one."),
        Details("TELEMETRY_TOO_LARGE", "The telemetry data is larger than the broker allows."),
        Details("INVALID_REGISTRATION", "The registration is not valid."),
        Details("TRANSACTION_ABORTABLE", "The transaction met an error and must be aborted."),
        Details("INVALID_RECORD_STATE", "The record is not in a state that allows this acknowledgement."),
        Details("SHARE_SESSION_NOT_FOUND", "The share session does not exist.", retriable: true),
        Details("INVALID_SHARE_SESSION_EPOCH", "The share session's epoch is not the expected one.", retriable: true),
        Details("FENCED_STATE_EPOCH", "The state epoch in the request is older than the stored one."),
        Details("INVALID_VOTER_KEY", "The voter's directory ID does not match."),
        Details("DUPLICATE_VOTER", "The voter is in the set."),
        Details("VOTER_NOT_FOUND", "The voter is not in the set."),
        Details("INVALID_REGULAR_EXPRESSION", "The regular expression is not valid."),
        Details("REBOOTSTRAP_REQUIRED", "The client's metadata is out of date; it must bootstrap again."),
        Details("STREAMS_INVALID_TOPOLOGY", "The topology is not valid."),
        Details("STREAMS_INVALID_TOPOLOGY_EPOCH", "The topology's epoch is not valid."),
        Details("STREAMS_TOPOLOGY_FENCED", "A newer topology has taken over."),
        Details("SHARE_SESSION_LIMIT_REACHED", "The broker has as many share sessions as it may.", retriable: true),
    ]
}
