// Generated from Schemas/kafka; do not edit.

/// What the schemas say of one API.
package struct APIDescription: Sendable, Equatable {
    package var key: APIKey
    package var name: String
    /// The versions that can be decoded; what a server advertises may be narrower.
    package var versions: ClosedRange<Int16>
    /// `nil` when no version is flexible.
    package var firstFlexibleVersion: Int16?
}

/// The APIs that have schemas.
package enum GeneratedAPIs {
    /// In the order of their keys.
    package static let all: [APIDescription] = [
        APIDescription(
            key: APIKey(rawValue: 0),
            name: "Produce",
            versions: 3...13,
            firstFlexibleVersion: 9
        ),
        APIDescription(
            key: APIKey(rawValue: 1),
            name: "Fetch",
            versions: 4...18,
            firstFlexibleVersion: 12
        ),
        APIDescription(
            key: APIKey(rawValue: 2),
            name: "ListOffsets",
            versions: 1...11,
            firstFlexibleVersion: 6
        ),
        APIDescription(
            key: APIKey(rawValue: 3),
            name: "Metadata",
            versions: 0...13,
            firstFlexibleVersion: 9
        ),
        APIDescription(
            key: APIKey(rawValue: 8),
            name: "OffsetCommit",
            versions: 2...10,
            firstFlexibleVersion: 8
        ),
        APIDescription(
            key: APIKey(rawValue: 9),
            name: "OffsetFetch",
            versions: 1...10,
            firstFlexibleVersion: 6
        ),
        APIDescription(
            key: APIKey(rawValue: 10),
            name: "FindCoordinator",
            versions: 0...6,
            firstFlexibleVersion: 3
        ),
        APIDescription(
            key: APIKey(rawValue: 11),
            name: "JoinGroup",
            versions: 0...9,
            firstFlexibleVersion: 6
        ),
        APIDescription(
            key: APIKey(rawValue: 12),
            name: "Heartbeat",
            versions: 0...4,
            firstFlexibleVersion: 4
        ),
        APIDescription(
            key: APIKey(rawValue: 13),
            name: "LeaveGroup",
            versions: 0...5,
            firstFlexibleVersion: 4
        ),
        APIDescription(
            key: APIKey(rawValue: 14),
            name: "SyncGroup",
            versions: 0...5,
            firstFlexibleVersion: 4
        ),
        APIDescription(
            key: APIKey(rawValue: 15),
            name: "DescribeGroups",
            versions: 0...6,
            firstFlexibleVersion: 5
        ),
        APIDescription(
            key: APIKey(rawValue: 16),
            name: "ListGroups",
            versions: 0...5,
            firstFlexibleVersion: 3
        ),
        APIDescription(
            key: APIKey(rawValue: 17),
            name: "SaslHandshake",
            versions: 0...1,
            firstFlexibleVersion: nil
        ),
        APIDescription(
            key: APIKey(rawValue: 18),
            name: "ApiVersions",
            versions: 0...4,
            firstFlexibleVersion: 3
        ),
        APIDescription(
            key: APIKey(rawValue: 19),
            name: "CreateTopics",
            versions: 2...7,
            firstFlexibleVersion: 5
        ),
        APIDescription(
            key: APIKey(rawValue: 20),
            name: "DeleteTopics",
            versions: 1...6,
            firstFlexibleVersion: 4
        ),
        APIDescription(
            key: APIKey(rawValue: 21),
            name: "DeleteRecords",
            versions: 0...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 22),
            name: "InitProducerId",
            versions: 0...5,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 23),
            name: "OffsetForLeaderEpoch",
            versions: 2...4,
            firstFlexibleVersion: 4
        ),
        APIDescription(
            key: APIKey(rawValue: 24),
            name: "AddPartitionsToTxn",
            versions: 0...5,
            firstFlexibleVersion: 3
        ),
        APIDescription(
            key: APIKey(rawValue: 25),
            name: "AddOffsetsToTxn",
            versions: 0...4,
            firstFlexibleVersion: 3
        ),
        APIDescription(
            key: APIKey(rawValue: 26),
            name: "EndTxn",
            versions: 0...5,
            firstFlexibleVersion: 3
        ),
        APIDescription(
            key: APIKey(rawValue: 27),
            name: "WriteTxnMarkers",
            versions: 1...2,
            firstFlexibleVersion: 1
        ),
        APIDescription(
            key: APIKey(rawValue: 28),
            name: "TxnOffsetCommit",
            versions: 0...5,
            firstFlexibleVersion: 3
        ),
        APIDescription(
            key: APIKey(rawValue: 29),
            name: "DescribeAcls",
            versions: 1...3,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 30),
            name: "CreateAcls",
            versions: 1...3,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 31),
            name: "DeleteAcls",
            versions: 1...3,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 32),
            name: "DescribeConfigs",
            versions: 1...4,
            firstFlexibleVersion: 4
        ),
        APIDescription(
            key: APIKey(rawValue: 33),
            name: "AlterConfigs",
            versions: 0...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 34),
            name: "AlterReplicaLogDirs",
            versions: 1...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 35),
            name: "DescribeLogDirs",
            versions: 1...5,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 36),
            name: "SaslAuthenticate",
            versions: 0...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 37),
            name: "CreatePartitions",
            versions: 0...3,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 38),
            name: "CreateDelegationToken",
            versions: 1...3,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 39),
            name: "RenewDelegationToken",
            versions: 1...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 40),
            name: "ExpireDelegationToken",
            versions: 1...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 41),
            name: "DescribeDelegationToken",
            versions: 1...3,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 42),
            name: "DeleteGroups",
            versions: 0...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 43),
            name: "ElectLeaders",
            versions: 0...2,
            firstFlexibleVersion: 2
        ),
        APIDescription(
            key: APIKey(rawValue: 44),
            name: "IncrementalAlterConfigs",
            versions: 0...1,
            firstFlexibleVersion: 1
        ),
        APIDescription(
            key: APIKey(rawValue: 45),
            name: "AlterPartitionReassignments",
            versions: 0...1,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 46),
            name: "ListPartitionReassignments",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 47),
            name: "OffsetDelete",
            versions: 0...0,
            firstFlexibleVersion: nil
        ),
        APIDescription(
            key: APIKey(rawValue: 48),
            name: "DescribeClientQuotas",
            versions: 0...1,
            firstFlexibleVersion: 1
        ),
        APIDescription(
            key: APIKey(rawValue: 49),
            name: "AlterClientQuotas",
            versions: 0...1,
            firstFlexibleVersion: 1
        ),
        APIDescription(
            key: APIKey(rawValue: 50),
            name: "DescribeUserScramCredentials",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 51),
            name: "AlterUserScramCredentials",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 55),
            name: "DescribeQuorum",
            versions: 0...2,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 57),
            name: "UpdateFeatures",
            versions: 0...2,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 60),
            name: "DescribeCluster",
            versions: 0...2,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 61),
            name: "DescribeProducers",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 64),
            name: "UnregisterBroker",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 65),
            name: "DescribeTransactions",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 66),
            name: "ListTransactions",
            versions: 0...2,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 68),
            name: "ConsumerGroupHeartbeat",
            versions: 0...1,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 69),
            name: "ConsumerGroupDescribe",
            versions: 0...1,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 71),
            name: "GetTelemetrySubscriptions",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 72),
            name: "PushTelemetry",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 74),
            name: "ListConfigResources",
            versions: 0...1,
            firstFlexibleVersion: 0
        ),
        APIDescription(
            key: APIKey(rawValue: 75),
            name: "DescribeTopicPartitions",
            versions: 0...0,
            firstFlexibleVersion: 0
        ),
    ]

    /// `nil` for an API without a schema.
    package static func description(of key: APIKey) -> APIDescription? {
        let index = Int(key.rawValue)
        return Self.byKey.indices.contains(index) ? Self.byKey[index] : nil
    }

    private static let byKey: [APIDescription?] = {
        let size = (Self.all.map { Int($0.key.rawValue) }.max() ?? -1) + 1
        var table = [APIDescription?](repeating: nil, count: size)
        for api in Self.all { table[Int(api.key.rawValue)] = api }
        return table
    }()
}
