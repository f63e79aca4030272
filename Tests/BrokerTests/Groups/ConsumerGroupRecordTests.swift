import Broker
import CoordinatorRuntime
import GroupCoordinator
import Model
import NIOCore
import Testing

/// The records of consumer groups, byte for byte as Kafka's schemas have them.
@Suite struct ConsumerGroupRecordTests {
    private static let topic = TopicID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    private static let topicBytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    private static let partitions = PartitionSet([(id: Self.topic, partitions: [1, 0])])

    private static func expect(
        _ record: GroupRecord,
        key: [UInt8],
        value: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let encoded = GroupRecordCodec.encode(record, allocator: ByteBufferAllocator())
        #expect(Array(encoded.key.readableBytesView) == key, sourceLocation: sourceLocation)
        #expect(encoded.value.map { Array($0.readableBytesView) } == value, sourceLocation: sourceLocation)
        #expect(
            try GroupRecordCodec.decode(key: encoded.key, value: encoded.value) == record,
            sourceLocation: sourceLocation
        )
        // Cut anywhere it is damaged, or what a shorter record says; it never traps.
        for length in 0..<value.count {
            _ = try? GroupRecordCodec.decode(key: encoded.key, value: ByteBuffer(bytes: value.prefix(length)))
        }
    }

    @Test func `a group's epoch`() throws {
        try Self.expect(
            .consumerGroup("g", ConsumerGroupEpoch(epoch: 5, metadataHash: 9)),
            key: [0, 3, 0, 1, 0x67],
            value: [0, 0, 0, 0, 0, 5, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 9]
        )
        try Self.expect(
            .consumerGroup("g", ConsumerGroupEpoch(epoch: 5, metadataHash: 0)),
            key: [0, 3, 0, 1, 0x67],
            value: [0, 0, 0, 0, 0, 5, 0]
        )
    }

    @Test func `a member's subscription`() throws {
        try Self.expect(
            .memberSubscription(
                "g",
                "m",
                MemberSubscription(
                    groupInstanceID: GroupInstanceID("i"),
                    clientID: "c",
                    clientHost: "/h",
                    topicNames: ["t"],
                    topicRegex: "a.*",
                    rebalanceTimeoutMilliseconds: 60_000,
                    serverAssignor: "range"
                )
            ),
            key: [0, 5, 0, 1, 0x67, 0, 1, 0x6D],
            value: [0, 0, 2, 0x69, 0, 2, 0x63, 3, 0x2F, 0x68, 2, 2, 0x74, 4, 0x61, 0x2E, 0x2A, 0, 0, 0xEA, 0x60]
                + [6, 0x72, 0x61, 0x6E, 0x67, 0x65, 0]
        )
    }

    @Test func `a classic member's subscription`() throws {
        try Self.expect(
            .memberSubscription(
                "g",
                "m",
                MemberSubscription(
                    rebalanceTimeoutMilliseconds: 1,
                    classic: .init(
                        sessionTimeoutMilliseconds: 6_000,
                        protocols: [GroupProtocol(name: "x", metadata: [7])]
                    )
                )
            ),
            key: [0, 5, 0, 1, 0x67, 0, 1, 0x6D],
            value: [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0]
                + [1, 0, 12, 1, 0, 0, 0x17, 0x70, 2, 2, 0x78, 2, 7, 0, 0]
        )
    }

    @Test func `what members are meant to have`() throws {
        try Self.expect(
            .targetEpoch("g", TargetEpoch(epoch: 5, timestamp: 3)),
            key: [0, 6, 0, 1, 0x67],
            value: [0, 0, 0, 0, 0, 5, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3]
        )
        try Self.expect(
            .memberTarget("g", "m", Self.partitions),
            key: [0, 7, 0, 1, 0x67, 0, 1, 0x6D],
            value: [0, 0, 2] + Self.topicBytes + [3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
        )
    }

    @Test func `what a member has`() throws {
        try Self.expect(
            .memberAssignment(
                "g",
                "m",
                MemberAssignment(
                    memberEpoch: 5,
                    previousMemberEpoch: 4,
                    state: .unrevokedPartitions,
                    assigned: PartitionSet(),
                    pendingRevocation: Self.partitions
                )
            ),
            key: [0, 8, 0, 1, 0x67, 0, 1, 0x6D],
            value: [0, 0, 0, 0, 0, 5, 0, 0, 0, 4, 1, 1, 2] + Self.topicBytes
                + [3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
        )
    }

    @Test func `what a regular expression matches`() throws {
        try Self.expect(
            .regularExpression("g", "a*", ResolvedRegularExpression(topicNames: ["t"], version: 2, timestamp: 3)),
            key: [0, 16, 0, 1, 0x67, 0, 2, 0x61, 0x2A],
            value: [0, 0, 2, 2, 0x74, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0]
        )
    }

    @Test(
        arguments: [
            .consumerGroup("g", nil), .memberSubscription("g", "m", nil), .targetEpoch("g", nil),
            .memberTarget("g", "m", nil), .memberAssignment("g", "m", nil), .regularExpression("g", "r", nil),
        ] as [GroupRecord]
    )
    func `tombstones`(record: GroupRecord) throws {
        let encoded = GroupRecordCodec.encode(record, allocator: ByteBufferAllocator())
        #expect(encoded.value == nil)
        #expect(try GroupRecordCodec.decode(key: encoded.key, value: nil) == record)
    }

    /// Kafka 4.3 and later add tagged fields: epochs of partitions, the time a group was made.
    @Test func `fields of later versions are skipped`() throws {
        let key = ByteBuffer(bytes: [0, 8, 0, 1, 0x67, 0, 1, 0x6D] as [UInt8])
        let topic = Self.topicBytes + [2, 0, 0, 0, 1, 1, 0, 5, 2, 0, 0, 0, 9]
        let value = ByteBuffer(bytes: [0, 0, 0, 0, 0, 5, 0, 0, 0, 4, 0, 2] + topic + [1, 0])
        let record = try GroupRecordCodec.decode(key: key, value: value)
        let assigned = PartitionSet([(id: Self.topic, partitions: [1])])
        #expect(
            record
                == .memberAssignment(
                    "g",
                    "m",
                    MemberAssignment(memberEpoch: 5, previousMemberEpoch: 4, assigned: assigned)
                )
        )
    }

    @Test func `a state of a later version makes the member start over`() throws {
        let key = ByteBuffer(bytes: [0, 8, 0, 1, 0x67, 0, 1, 0x6D] as [UInt8])
        let value = ByteBuffer(bytes: [0, 0, 0, 0, 0, 5, 0, 0, 0, 4, 9, 1, 1, 0] as [UInt8])
        guard case .memberAssignment(_, _, let found?) = try GroupRecordCodec.decode(key: key, value: value) else {
            Issue.record("no assignment")
            return
        }
        #expect(found.state == .unknown)
    }

    @Test func `what Kafka 4.0 knew of topics is left out`() throws {
        let key = ByteBuffer(bytes: [0, 4, 0, 1, 0x67] as [UInt8])
        #expect(try GroupRecordCodec.decode(key: key, value: ByteBuffer(bytes: [0, 0, 1, 0] as [UInt8])) == nil)
    }
}

extension MemberID: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}
