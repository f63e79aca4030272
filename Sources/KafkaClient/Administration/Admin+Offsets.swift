internal import KafkaProtocol
package import Model

extension Admin {
    /// Sets offsets of a group that has no members.
    ///
    /// - Throws: `ClientError`; a group with members answers `.unknownMemberID`.
    package func commitOffsets(of group: String, _ offsets: [NamedPartition: Offset]) async throws {
        guard !offsets.isEmpty else { return }
        let topics = Self.byTopic(offsets.keys).map { topic, partitions in
            OffsetCommitRequest.Topic(
                name: topic,
                partitions: partitions.map { partition in
                    OffsetCommitRequest.Partition(
                        partitionIndex: partition.partition,
                        committedOffset: offsets[partition] ?? 0,
                        committedMetadata: ""
                    )
                }
            )
        }
        let request = OffsetCommitRequest(
            groupID: GroupID(group),
            generationIDOrMemberEpoch: GenerationID(-1),
            memberID: MemberID(""),
            topics: topics
        )
        try await self.retryingUnless([]) {
            let connection = try await self.cluster.coordinatorConnection(of: GroupID(group))
            // Version 10 names topics by their IDs.
            let response = try await connection.send(request, versionMax: 9)
            for topic in response.topics {
                for partition in topic.partitions where partition.errorCode != .none {
                    throw ClientError.server(
                        partition.errorCode,
                        "offset of group \(group) in \(topic.name)-\(partition.partitionIndex)"
                    )
                }
            }
        }
    }

    /// Forgets offsets that a group has committed.
    ///
    /// - Throws: `ClientError`; a group that is subscribed to the topic answers `.groupSubscribedToTopic`.
    package func deleteOffsets(of group: String, _ partitions: [NamedPartition]) async throws {
        guard !partitions.isEmpty else { return }
        let request = OffsetDeleteRequest(
            groupID: GroupID(group),
            topics: Self.byTopic(partitions).map { topic, partitions in
                OffsetDeleteRequest.Topic(
                    name: topic,
                    partitions: partitions.map { OffsetDeleteRequest.Partition(partitionIndex: $0.partition) }
                )
            }
        )
        try await self.retryingUnless([.groupIDNotFound]) {
            let connection = try await self.cluster.coordinatorConnection(of: GroupID(group))
            let response = try await connection.send(request)
            guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "group \(group)") }
            for topic in response.topics {
                for partition in topic.partitions where partition.errorCode != .none {
                    throw ClientError.server(
                        partition.errorCode,
                        "offset of group \(group) in \(topic.name)-\(partition.partitionIndex)"
                    )
                }
            }
        }
    }

    /// Deletes the records before an offset of each partition.
    ///
    /// - Parameter offsets: `-1` for all records that are committed.
    /// - Returns: the first offset that each partition has then.
    package func deleteRecords(_ offsets: [NamedPartition: Offset]) async throws -> [NamedPartition: Offset] {
        var byLeader: [BrokerID: [NamedPartition]] = [:]
        for partition in offsets.keys {
            let layout = try await self.cluster.layout(of: partition.topic)
            guard let leader = layout.leader(of: partition.partition) else {
                throw ClientError.server(.leaderNotAvailable, "partition \(partition)")
            }
            byLeader[leader, default: []].append(partition)
        }
        var result: [NamedPartition: Offset] = [:]
        for (leader, partitions) in byLeader {
            let request = DeleteRecordsRequest(
                topics: Self.byTopic(partitions).map { topic, partitions in
                    DeleteRecordsRequest.Topic(
                        name: topic,
                        partitions: partitions.map {
                            DeleteRecordsRequest.Partition(partitionIndex: $0.partition, offset: offsets[$0] ?? 0)
                        }
                    )
                },
                timeoutMs: 30_000
            )
            let response = try await self.retryingUnless([]) {
                try await self.cluster.connection(to: leader).send(request, wait: .seconds(30))
            }
            for topic in response.topics {
                for partition in topic.partitions {
                    let named = NamedPartition(topic: topic.name, partition: partition.partitionIndex)
                    guard partition.errorCode == .none else {
                        throw ClientError.server(partition.errorCode, "partition \(named)")
                    }
                    result[named] = partition.lowWatermark
                }
            }
        }
        return result
    }

    private static func byTopic(
        _ partitions: some Sequence<NamedPartition>
    ) -> [(topic: String, partitions: [NamedPartition])] {
        Dictionary(grouping: partitions, by: \.topic)
            .map { (topic: $0.key, partitions: $0.value.sorted()) }
            .sorted { $0.topic < $1.topic }
    }
}
