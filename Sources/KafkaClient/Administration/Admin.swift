internal import KafkaProtocol
internal import Model
internal import NIOCore

/// Makes, changes, lists and describes topics and groups.
package struct Admin: Sendable {
    let cluster: KafkaCluster

    package init(cluster: KafkaCluster) {
        self.cluster = cluster
    }

    package func describeCluster() async throws -> ClusterDescription {
        let metadata = try await self.cluster.metadata(topics: [])
        return ClusterDescription(
            clusterID: metadata.clusterID ?? "",
            controllerID: metadata.controllerID.rawValue < 0 ? nil : metadata.controllerID,
            brokers: Dictionary(
                metadata.brokers.map { ($0.nodeID, BrokerAddress(host: $0.host, port: Int($0.port))) },
                uniquingKeysWith: { $1 }
            )
        )
    }

    // MARK: - Topics

    /// All topics by name, internal ones included.
    package func listTopics() async throws -> [TopicLayout] {
        try await self.cluster.metadata(topics: nil).topics
            .filter { $0.errorCode == .none }
            .map { TopicLayout($0) }
            .sorted { $0.name < $1.name }
    }

    /// - Throws: `ClientError` with `.server(.unknownTopicOrPartition)` when the topic does not exist.
    package func describeTopic(_ name: String) async throws -> TopicLayout {
        try await self.cluster.layout(of: name, refresh: true)
    }

    /// - Parameters:
    ///   - partitions: `nil` for the broker's default.
    ///   - replicationFactor: `nil` for the broker's default.
    package func createTopic(
        _ name: String,
        partitions: Int32? = nil,
        replicationFactor: Int16? = nil,
        configs: [(name: String, value: String)] = []
    ) async throws {
        let request = CreateTopicsRequest(
            topics: [
                CreateTopicsRequest.Topic(
                    name: name,
                    numPartitions: partitions ?? -1,
                    replicationFactor: replicationFactor ?? -1,
                    configs: configs.map { CreateTopicsRequest.Config(name: $0.name, value: $0.value) }
                )
            ],
            timeoutMs: 30_000
        )
        try await self.retryingUnless([.topicAlreadyExists]) {
            let response = try await self.cluster.controllerConnection().send(request, wait: .seconds(30))
            guard let topic = response.topics.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for topic \(name)")
            }
            guard topic.errorCode == .none else {
                throw ClientError.server(topic.errorCode, "topic \(name)", message: topic.errorMessage)
            }
        }
        await self.cluster.forget(name)
    }

    package func deleteTopic(_ name: String) async throws {
        try await self.retryingUnless([.unknownTopicOrPartition]) {
            let connection = try await self.cluster.controllerConnection()
            let response = try await connection.send(
                DeleteTopicsRequest(topicNames: [name], timeoutMs: 30_000),
                versionMax: 5,
                wait: .seconds(30)
            )
            guard let topic = response.topics.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for topic \(name)")
            }
            guard topic.errorCode == .none else {
                throw ClientError.server(topic.errorCode, "topic \(name)", message: topic.errorMessage)
            }
        }
        await self.cluster.forget(name)
    }

    // MARK: - Groups

    /// The groups of all brokers, by name.
    package func listGroups() async throws -> [GroupListing] {
        let brokers = try await self.describeCluster().brokers.keys
        var listings: [GroupListing] = []
        for broker in brokers {
            listings += try await self.retryingUnless([]) {
                let response = try await self.cluster.connection(to: broker).send(ListGroupsRequest())
                guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "groups") }
                return response.groups.map {
                    GroupListing(
                        groupID: $0.groupID.rawValue,
                        protocolType: $0.protocolType,
                        state: $0.groupState,
                        type: $0.groupType
                    )
                }
            }
        }
        return listings.sorted { $0.groupID < $1.groupID }
    }

    /// A group of either protocol.
    ///
    /// - Throws: `ClientError` with `.server(.groupIDNotFound)` when the group does not exist.
    package func describeGroup(_ group: String) async throws -> GroupDescription {
        do {
            return try await self.describeClassicGroup(group)
        } catch let error as ClientError where error.serverCode == .groupIDNotFound {
            guard let description = try await self.describeConsumerGroup(group) else { throw error }
            return description
        }
    }

    /// `nil` when there is no such group, or the broker does not serve the consumer protocol.
    private func describeConsumerGroup(_ group: String) async throws -> GroupDescription? {
        let found: ConsumerGroupDescribeResponse.Group?
        do {
            found = try await self.retryingUnless([.groupIDNotFound]) {
                let connection = try await self.cluster.coordinatorConnection(of: GroupID(group))
                let request = ConsumerGroupDescribeRequest(groupIDs: [GroupID(group)])
                let answer = try await connection.send(request).groups.first
                guard let answer, answer.errorCode == .none else {
                    throw ClientError.server(answer?.errorCode ?? .groupIDNotFound, "group \(group)")
                }
                return answer
            }
        } catch let error as ClientError {
            guard error.serverCode == .groupIDNotFound || error.code == .unsupportedVersion else { throw error }
            return nil
        }
        guard let found else { return nil }
        return GroupDescription(
            groupID: group,
            state: found.groupState,
            protocolType: "consumer",
            protocolName: found.assignorName,
            members: found.members.map { member in
                GroupDescription.Member(
                    memberID: member.memberID.rawValue,
                    instanceID: member.instanceID?.rawValue,
                    clientID: member.clientID,
                    host: member.clientHost,
                    assignment: member.assignment.topicPartitions.flatMap { topic in
                        topic.partitions.map { NamedPartition(topic: topic.topicName, partition: $0) }
                    }
                )
            }
        )
    }

    private func describeClassicGroup(_ group: String) async throws -> GroupDescription {
        let response = try await self.retryingUnless([.groupIDNotFound]) {
            let connection = try await self.cluster.coordinatorConnection(of: GroupID(group))
            let response = try await connection.send(DescribeGroupsRequest(groupIDs: [GroupID(group)]))
            guard let found = response.groups.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for group \(group)")
            }
            guard found.errorCode == .none else {
                throw ClientError.server(found.errorCode, "group \(group)", message: found.errorMessage)
            }
            return found
        }
        // Before version 6 a group that is not there is a dead one.
        guard response.groupState != "Dead" else { throw ClientError.server(.groupIDNotFound, "group \(group)") }
        return GroupDescription(
            groupID: group,
            state: response.groupState,
            protocolType: response.protocolType,
            protocolName: response.protocolData,
            members: response.members.map { member in
                GroupDescription.Member(
                    memberID: member.memberID.rawValue,
                    instanceID: member.groupInstanceID?.rawValue,
                    clientID: member.clientID,
                    host: member.clientHost,
                    assignment: Self.partitions(in: member.memberAssignment)
                )
            }
        )
    }

    /// How far a group has come: every partition with a committed offset, and `also`.
    package func progress(of group: String, also: [NamedPartition] = []) async throws -> [GroupProgress] {
        let committed = try await self.cluster.committedOffsets(of: group, partitions: nil)
        let partitions = Set(committed.keys).union(also).sorted()
        let existing = Dictionary(
            try await self.listTopics().map { ($0.name, $0) },
            uniquingKeysWith: { $1 }
        )
        let present = partitions.filter { partition in
            existing[partition.topic]?.partitions.contains { $0.index == partition.partition } ?? false
        }
        let ends = try await self.cluster.listOffsets(
            Dictionary(present.map { ($0, -1) }, uniquingKeysWith: { $1 })
        )
        return partitions.map { GroupProgress(partition: $0, committed: committed[$0], end: ends[$0]) }
    }

    package func deleteGroup(_ group: String) async throws {
        try await self.retryingUnless([.groupIDNotFound, .nonEmptyGroup]) {
            let connection = try await self.cluster.coordinatorConnection(of: GroupID(group))
            let response = try await connection.send(DeleteGroupsRequest(groupIDs: [GroupID(group)]))
            let code = response.groups.first?.errorCode ?? .none
            guard code == .none else { throw ClientError.server(code, "group \(group)") }
        }
    }

    // MARK: -

    private static func partitions(in assignment: ByteBuffer) -> [NamedPartition] {
        var bytes = assignment
        guard bytes.readableBytes > 0,
            let decoded = try? ConsumerProtocolAssignment.decodeVersioned(from: &bytes, newerAsNewest: true)
        else { return [] }
        return decoded.value.assignedPartitions
            .flatMap { topic in topic.partitions.map { NamedPartition(topic: topic.name, partition: $0) } }
            .sorted()
    }

    func retryingUnless<Value: Sendable>(
        _ final: [ErrorCode],
        _ body: () async throws -> sending Value
    ) async throws -> sending Value {
        try await self.cluster.retrying(
            while: { error in
                error.isRetriable && error.code != .unreachable && !final.contains { error.serverCode == $0 }
            },
            body
        )
    }
}
