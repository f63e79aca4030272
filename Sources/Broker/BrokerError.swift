package import LogCore
package import Metadata
package import RecordBatch

/// Why the broker refused or failed a request. The servers map each code to their protocol's error in one table.
package struct BrokerError: Error, Sendable {
    package enum Code: Sendable, Equatable {
        /// The log refused or failed.
        case log(LogError.Code)
        /// The producer's bytes are not a valid record batch.
        case batch(RecordBatchError.Code)
        case unknownTopicOrPartition
        /// The topic ID belongs to no topic.
        case unknownTopicID
        /// Another broker leads the partition: see `leader`.
        case notLeader
        /// This broker leads the partition, and its log is on the way here. Retriable.
        case partitionNotReady
        /// The shard that a put was routed to takes no more records: route again.
        case shardClosed
        /// The partition was merged away: readable, closed for produce.
        case partitionSealed
        case topicAlreadyExists
        case invalidTopicName
        case invalidPartitionCount
        case invalidReplicationFactor
        case invalidReplicaAssignment
        case invalidConfig
        case invalidRequest
        case topicDeletionDisabled
        /// Nobody may do that with a topic of this name.
        case topicNotAuthorized
        /// More partitions, or more metadata, than a topic may have.
        case limitExceeded
        /// Refused because of a rule of this server, for example writing to an internal topic.
        case policyViolation
        /// The client has changed too much in too short a time, and may try again later.
        case quotaExceeded
        /// The metadata store did not answer or failed.
        case metadataUnavailable
        /// The change was overtaken by others too often. Retriable.
        case conflict
        case timedOut
        case shuttingDown
    }

    package var code: Code
    package var message: String
    /// The records of the batch that are to blame, when the fault is theirs.
    package var invalidRecords: [InvalidRecord] = []
    /// Who leads the partition, when the code is `notLeader`.
    package var leader: PartitionLeader?

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package init(_ error: LogError) {
        self.init(.log(error.code), error.message)
    }

    package init(_ error: RecordBatchError) {
        self.init(.batch(error.code), error.message)
        self.invalidRecords = error.invalidRecords
    }

    package init(_ error: MetadataError) {
        switch error.code {
        case .diskFull: self.init(.log(.diskFull), error.message)
        case .closed: self.init(.shuttingDown, error.message)
        case .compacted, .invalidTransaction, .sessionNotFound, .unavailable, .newerFormat, .corrupt, .locked:
            self.init(.metadataUnavailable, error.message)
        }
    }

    package init(_ error: TopicPlanError) {
        let code: Code =
            switch error.code {
            case .nameInvalid, .nameCollision: .invalidTopicName
            case .alreadyExists: .topicAlreadyExists
            case .invalidPartitions: .invalidPartitionCount
            case .limitExceeded: .limitExceeded
            case .invalidConfig: .invalidConfig
            case .shardNotFound, .shardClosed, .invalidHashKey, .shardsNotAdjacent: .invalidRequest
            case .mergeRefused: .policyViolation
            }
        self.init(code, error.message)
    }
}
