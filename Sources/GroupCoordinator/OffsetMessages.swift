package import Model

/// OffsetCommit, or the offsets of TxnOffsetCommit. The server has resolved topic IDs and checked that the
/// partitions exist.
package struct CommitRequest: Sendable, Equatable {
    /// One topic's offsets.
    package struct Topic: Sendable, Equatable {
        package var name: String
        /// Zero when the client named the topic (below v10).
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(name: String, topicID: TopicID = .zero, partitions: [Partition]) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }
    }

    /// One partition's offset.
    package struct Partition: Sendable, Equatable {
        package var index: Int32
        package var offset: Offset
        /// `-1` when unknown.
        package var leaderEpoch: Int32
        package var metadata: String?

        package init(index: Int32, offset: Offset, leaderEpoch: Int32 = -1, metadata: String? = nil) {
            self.index = index
            self.offset = offset
            self.leaderEpoch = leaderEpoch
            self.metadata = metadata
        }
    }

    package var groupID: GroupID
    /// Empty for a consumer without group management.
    package var memberID: MemberID
    package var groupInstanceID: GroupInstanceID?
    /// `-1` for a consumer without group management.
    package var generationID: GenerationID
    /// `-1` for the server's retention; v2–4 only.
    package var retentionMilliseconds: Int64
    /// v9+: an unknown group is `GROUP_ID_NOT_FOUND`, below it is `ILLEGAL_GENERATION`.
    package var reportsGroupNotFound: Bool
    package var topics: [Topic]

    package init(
        groupID: GroupID,
        memberID: MemberID = MemberID(""),
        groupInstanceID: GroupInstanceID? = nil,
        generationID: GenerationID = GenerationID(-1),
        retentionMilliseconds: Int64 = -1,
        reportsGroupNotFound: Bool = false,
        topics: [Topic]
    ) {
        self.groupID = groupID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.generationID = generationID
        self.retentionMilliseconds = retentionMilliseconds
        self.reportsGroupNotFound = reportsGroupNotFound
        self.topics = topics
    }
}

/// The answer to OffsetCommit, TxnOffsetCommit and OffsetDelete.
package struct OffsetChangeResponse: Sendable, Equatable {
    /// One topic, in the order of the request.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(name: String, topicID: TopicID, partitions: [Partition]) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }
    }

    /// One partition's result.
    package struct Partition: Sendable, Equatable {
        package var index: Int32
        package var error: GroupError?

        package init(index: Int32, error: GroupError?) {
            self.index = index
            self.error = error
        }
    }

    /// Concerns the whole request. OffsetCommit puts it into every partition, OffsetDelete at the top.
    package var error: GroupError?
    package var topics: [Topic]

    package init(error: GroupError? = nil, topics: [Topic]) {
        self.error = error
        self.topics = topics
    }
}

/// What a commit leads to.
package struct CommitOutcome: Sendable, Equatable {
    /// Held until `write` is durable.
    package var response: OffsetChangeResponse
    package var write: GroupWrite?
    /// A commit is a sign of life: the member's session timer starts again.
    package var sessionTimeout: Duration?

    package init(response: OffsetChangeResponse, write: GroupWrite? = nil, sessionTimeout: Duration? = nil) {
        self.response = response
        self.write = write
        self.sessionTimeout = sessionTimeout
    }
}

/// OffsetFetch of one group.
package struct OffsetQuery: Sendable, Equatable {
    /// One topic's partitions.
    package struct Topic: Sendable, Equatable {
        package var name: String
        /// Zero when the client named the topic (below v10).
        package var topicID: TopicID
        package var partitions: [Int32]

        package init(name: String, topicID: TopicID = .zero, partitions: [Int32]) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }
    }

    package var groupID: GroupID
    /// `nil` means all that the group committed.
    package var topics: [Topic]?
    /// v7+ (KIP-447): offsets with an open transaction answer `UNSTABLE_OFFSET_COMMIT`.
    package var requireStable: Bool
    /// v9+ (KIP-848): who asks; `nil` for a client outside the consumer protocol.
    package var memberID: MemberID?
    /// v9+; -1 with no member.
    package var memberEpoch: Int32

    package init(
        groupID: GroupID,
        topics: [Topic]?,
        requireStable: Bool = false,
        memberID: MemberID? = nil,
        memberEpoch: Int32 = -1
    ) {
        self.groupID = groupID
        self.topics = topics
        self.requireStable = requireStable
        self.memberID = memberID
        self.memberEpoch = memberEpoch
    }
}

/// The answer to OffsetFetch for one group. A partition without an offset has `-1` and no error.
package struct OffsetAnswer: Sendable, Equatable {
    /// One topic.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(name: String, topicID: TopicID, partitions: [Partition]) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }
    }

    /// One partition's committed offset.
    package struct Partition: Sendable, Equatable {
        package var index: Int32
        package var offset: Offset
        package var leaderEpoch: Int32
        package var metadata: String
        package var error: GroupError?

        package init(
            index: Int32,
            offset: Offset = -1,
            leaderEpoch: Int32 = -1,
            metadata: String = "",
            error: GroupError? = nil
        ) {
            self.index = index
            self.offset = offset
            self.leaderEpoch = leaderEpoch
            self.metadata = metadata
            self.error = error
        }
    }

    package var groupID: GroupID
    /// Concerns the whole group: the group's error from v8, every partition's below v2, the answer's between.
    package var error: GroupError?
    package var topics: [Topic]

    package init(groupID: GroupID, error: GroupError? = nil, topics: [Topic] = []) {
        self.groupID = groupID
        self.error = error
        self.topics = topics
    }
}

/// OffsetDelete (KIP-496).
package struct OffsetDeletion: Sendable, Equatable {
    package var groupID: GroupID
    package var topics: [(name: String, partitions: [Int32])]

    package init(groupID: GroupID, topics: [(name: String, partitions: [Int32])]) {
        self.groupID = groupID
        self.topics = topics
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.groupID == right.groupID && left.topics.elementsEqual(right.topics) { $0 == $1 }
    }
}
