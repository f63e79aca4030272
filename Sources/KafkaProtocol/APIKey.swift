/// The number of a Kafka API, as it opens every request.
///
/// Any number can be held; `isKnown` tells whether Kafka defines it. What this server answers is the server's matter.
package struct APIKey: RawRepresentable, Hashable, Sendable, WireValue, WireRawValue {
    package var rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    package init(wireValue: Int16) { self.rawValue = wireValue }

    package static let produce = APIKey(rawValue: 0)
    package static let fetch = APIKey(rawValue: 1)
    package static let listOffsets = APIKey(rawValue: 2)
    package static let metadata = APIKey(rawValue: 3)
    package static let leaderAndIsr = APIKey(rawValue: 4)
    package static let stopReplica = APIKey(rawValue: 5)
    package static let updateMetadata = APIKey(rawValue: 6)
    package static let controlledShutdown = APIKey(rawValue: 7)
    package static let offsetCommit = APIKey(rawValue: 8)
    package static let offsetFetch = APIKey(rawValue: 9)
    package static let findCoordinator = APIKey(rawValue: 10)
    package static let joinGroup = APIKey(rawValue: 11)
    package static let heartbeat = APIKey(rawValue: 12)
    package static let leaveGroup = APIKey(rawValue: 13)
    package static let syncGroup = APIKey(rawValue: 14)
    package static let describeGroups = APIKey(rawValue: 15)
    package static let listGroups = APIKey(rawValue: 16)
    package static let saslHandshake = APIKey(rawValue: 17)
    package static let apiVersions = APIKey(rawValue: 18)
    package static let createTopics = APIKey(rawValue: 19)
    package static let deleteTopics = APIKey(rawValue: 20)
    package static let deleteRecords = APIKey(rawValue: 21)
    package static let initProducerID = APIKey(rawValue: 22)
    package static let offsetForLeaderEpoch = APIKey(rawValue: 23)
    package static let addPartitionsToTxn = APIKey(rawValue: 24)
    package static let addOffsetsToTxn = APIKey(rawValue: 25)
    package static let endTxn = APIKey(rawValue: 26)
    package static let writeTxnMarkers = APIKey(rawValue: 27)
    package static let txnOffsetCommit = APIKey(rawValue: 28)
    package static let describeAcls = APIKey(rawValue: 29)
    package static let createAcls = APIKey(rawValue: 30)
    package static let deleteAcls = APIKey(rawValue: 31)
    package static let describeConfigs = APIKey(rawValue: 32)
    package static let alterConfigs = APIKey(rawValue: 33)
    package static let alterReplicaLogDirs = APIKey(rawValue: 34)
    package static let describeLogDirs = APIKey(rawValue: 35)
    package static let saslAuthenticate = APIKey(rawValue: 36)
    package static let createPartitions = APIKey(rawValue: 37)
    package static let createDelegationToken = APIKey(rawValue: 38)
    package static let renewDelegationToken = APIKey(rawValue: 39)
    package static let expireDelegationToken = APIKey(rawValue: 40)
    package static let describeDelegationToken = APIKey(rawValue: 41)
    package static let deleteGroups = APIKey(rawValue: 42)
    package static let electLeaders = APIKey(rawValue: 43)
    package static let incrementalAlterConfigs = APIKey(rawValue: 44)
    package static let alterPartitionReassignments = APIKey(rawValue: 45)
    package static let listPartitionReassignments = APIKey(rawValue: 46)
    package static let offsetDelete = APIKey(rawValue: 47)
    package static let describeClientQuotas = APIKey(rawValue: 48)
    package static let alterClientQuotas = APIKey(rawValue: 49)
    package static let describeUserScramCredentials = APIKey(rawValue: 50)
    package static let alterUserScramCredentials = APIKey(rawValue: 51)
    package static let vote = APIKey(rawValue: 52)
    package static let beginQuorumEpoch = APIKey(rawValue: 53)
    package static let endQuorumEpoch = APIKey(rawValue: 54)
    package static let describeQuorum = APIKey(rawValue: 55)
    package static let alterPartition = APIKey(rawValue: 56)
    package static let updateFeatures = APIKey(rawValue: 57)
    package static let envelope = APIKey(rawValue: 58)
    package static let fetchSnapshot = APIKey(rawValue: 59)
    package static let describeCluster = APIKey(rawValue: 60)
    package static let describeProducers = APIKey(rawValue: 61)
    package static let brokerRegistration = APIKey(rawValue: 62)
    package static let brokerHeartbeat = APIKey(rawValue: 63)
    package static let unregisterBroker = APIKey(rawValue: 64)
    package static let describeTransactions = APIKey(rawValue: 65)
    package static let listTransactions = APIKey(rawValue: 66)
    package static let allocateProducerIDs = APIKey(rawValue: 67)
    package static let consumerGroupHeartbeat = APIKey(rawValue: 68)
    package static let consumerGroupDescribe = APIKey(rawValue: 69)
    package static let controllerRegistration = APIKey(rawValue: 70)
    package static let getTelemetrySubscriptions = APIKey(rawValue: 71)
    package static let pushTelemetry = APIKey(rawValue: 72)
    package static let assignReplicasToDirs = APIKey(rawValue: 73)
    package static let listConfigResources = APIKey(rawValue: 74)
    package static let describeTopicPartitions = APIKey(rawValue: 75)
    package static let shareGroupHeartbeat = APIKey(rawValue: 76)
    package static let shareGroupDescribe = APIKey(rawValue: 77)
    package static let shareFetch = APIKey(rawValue: 78)
    package static let shareAcknowledge = APIKey(rawValue: 79)
    package static let addRaftVoter = APIKey(rawValue: 80)
    package static let removeRaftVoter = APIKey(rawValue: 81)
    package static let updateRaftVoter = APIKey(rawValue: 82)
    package static let initializeShareGroupState = APIKey(rawValue: 83)
    package static let readShareGroupState = APIKey(rawValue: 84)
    package static let writeShareGroupState = APIKey(rawValue: 85)
    package static let deleteShareGroupState = APIKey(rawValue: 86)
    package static let readShareGroupStateSummary = APIKey(rawValue: 87)
    package static let streamsGroupHeartbeat = APIKey(rawValue: 88)
    package static let streamsGroupDescribe = APIKey(rawValue: 89)
    package static let describeShareGroupOffsets = APIKey(rawValue: 90)
    package static let alterShareGroupOffsets = APIKey(rawValue: 91)
    package static let deleteShareGroupOffsets = APIKey(rawValue: 92)
    package static let streamsGroupTopologyDescriptionUpdate = APIKey(rawValue: 93)
    package static let unregisterController = APIKey(rawValue: 94)
}

extension APIKey: CustomStringConvertible, Comparable {
    /// Kafka's name of the API, as its tools print it; `Unknown(N)` for numbers that it does not define.
    package var name: String { self.details?.name ?? "Unknown(\(self.rawValue))" }

    package var description: String { self.name }

    package var isKnown: Bool { self.details != nil }

    /// The first version with compact encodings and tagged fields (KIP-482); `nil` when none has them or the API
    /// is unknown.
    package var firstFlexibleVersion: Int16? { self.details?.firstFlexibleVersion }

    /// Whether a version of this API has compact encodings and tagged fields; `nil` when the API is unknown.
    ///
    /// Versions beyond the newest known one are taken to be flexible as well.
    package func isFlexible(in version: Int16) -> Bool? {
        guard let details = self.details else { return nil }
        guard let first = details.firstFlexibleVersion else { return false }
        return version >= first
    }

    package static func < (left: APIKey, right: APIKey) -> Bool { left.rawValue < right.rawValue }

    private var details: Details? {
        let index = Int(self.rawValue)
        return Self.table.indices.contains(index) ? Self.table[index] : nil
    }

    private struct Details: Sendable {
        var name: String
        var firstFlexibleVersion: Int16?

        init(_ name: String, _ firstFlexibleVersion: Int16?) {
            self.name = name
            self.firstFlexibleVersion = firstFlexibleVersion
        }
    }

    /// Indexed by key; `nil` for APIs that Kafka 4.0 removed.
    private static let table: [Details?] = [
        Details("Produce", 9),
        Details("Fetch", 12),
        Details("ListOffsets", 6),
        Details("Metadata", 9),
        nil,  // LeaderAndIsr
        nil,  // StopReplica
        nil,  // UpdateMetadata
        nil,  // ControlledShutdown
        Details("OffsetCommit", 8),
        Details("OffsetFetch", 6),
        Details("FindCoordinator", 3),
        Details("JoinGroup", 6),
        Details("Heartbeat", 4),
        Details("LeaveGroup", 4),
        Details("SyncGroup", 4),
        Details("DescribeGroups", 5),
        Details("ListGroups", 3),
        Details("SaslHandshake", nil),
        Details("ApiVersions", 3),
        Details("CreateTopics", 5),
        Details("DeleteTopics", 4),
        Details("DeleteRecords", 2),
        Details("InitProducerId", 2),
        Details("OffsetForLeaderEpoch", 4),
        Details("AddPartitionsToTxn", 3),
        Details("AddOffsetsToTxn", 3),
        Details("EndTxn", 3),
        Details("WriteTxnMarkers", 1),
        Details("TxnOffsetCommit", 3),
        Details("DescribeAcls", 2),
        Details("CreateAcls", 2),
        Details("DeleteAcls", 2),
        Details("DescribeConfigs", 4),
        Details("AlterConfigs", 2),
        Details("AlterReplicaLogDirs", 2),
        Details("DescribeLogDirs", 2),
        Details("SaslAuthenticate", 2),
        Details("CreatePartitions", 2),
        Details("CreateDelegationToken", 2),
        Details("RenewDelegationToken", 2),
        Details("ExpireDelegationToken", 2),
        Details("DescribeDelegationToken", 2),
        Details("DeleteGroups", 2),
        Details("ElectLeaders", 2),
        Details("IncrementalAlterConfigs", 1),
        Details("AlterPartitionReassignments", 0),
        Details("ListPartitionReassignments", 0),
        Details("OffsetDelete", nil),
        Details("DescribeClientQuotas", 1),
        Details("AlterClientQuotas", 1),
        Details("DescribeUserScramCredentials", 0),
        Details("AlterUserScramCredentials", 0),
        Details("Vote", 0),
        Details("BeginQuorumEpoch", 1),
        Details("EndQuorumEpoch", 1),
        Details("DescribeQuorum", 0),
        Details("AlterPartition", 0),
        Details("UpdateFeatures", 0),
        Details("Envelope", 0),
        Details("FetchSnapshot", 0),
        Details("DescribeCluster", 0),
        Details("DescribeProducers", 0),
        Details("BrokerRegistration", 0),
        Details("BrokerHeartbeat", 0),
        Details("UnregisterBroker", 0),
        Details("DescribeTransactions", 0),
        Details("ListTransactions", 0),
        Details("AllocateProducerIds", 0),
        Details("ConsumerGroupHeartbeat", 0),
        Details("ConsumerGroupDescribe", 0),
        Details("ControllerRegistration", 0),
        Details("GetTelemetrySubscriptions", 0),
        Details("PushTelemetry", 0),
        Details("AssignReplicasToDirs", 0),
        Details("ListConfigResources", 0),
        Details("DescribeTopicPartitions", 0),
        Details("ShareGroupHeartbeat", 0),
        Details("ShareGroupDescribe", 0),
        Details("ShareFetch", 0),
        Details("ShareAcknowledge", 0),
        Details("AddRaftVoter", 0),
        Details("RemoveRaftVoter", 0),
        Details("UpdateRaftVoter", 0),
        Details("InitializeShareGroupState", 0),
        Details("ReadShareGroupState", 0),
        Details("WriteShareGroupState", 0),
        Details("DeleteShareGroupState", 0),
        Details("ReadShareGroupStateSummary", 0),
        Details("StreamsGroupHeartbeat", 0),
        Details("StreamsGroupDescribe", 0),
        Details("DescribeShareGroupOffsets", 0),
        Details("AlterShareGroupOffsets", 0),
        Details("DeleteShareGroupOffsets", 0),
        Details("StreamsGroupTopologyDescriptionUpdate", 0),
        Details("UnregisterController", 0),
    ]
}
