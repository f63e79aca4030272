internal import KafkaProtocol
package import Model

extension KafkaCluster {
    /// The offset of each partition for a timestamp or one of the special ones (`-2` the first record, `-1` the end).
    /// Where no record is as late as the timestamp, the end.
    ///
    /// - Throws: `ClientError`; retriable errors were tried again.
    package func listOffsets(_ timestamps: [NamedPartition: Timestamp]) async throws -> [NamedPartition: Offset] {
        guard !timestamps.isEmpty else { return [:] }
        var result: [NamedPartition: Offset] = [:]
        var remaining = timestamps
        while !remaining.isEmpty {
            let found = try await self.retrying {
                do {
                    return try await self.listOnce(remaining)
                } catch {
                    for topic in Set(remaining.keys.map(\.topic)) { self.forget(topic) }
                    throw error
                }
            }
            var late: [NamedPartition: Timestamp] = [:]
            for (partition, offset) in found {
                // No record so late: the end.
                if offset < 0, remaining[partition] != -1 { late[partition] = -1 } else { result[partition] = offset }
            }
            remaining = late
        }
        return result
    }

    private func listOnce(_ timestamps: [NamedPartition: Timestamp]) async throws -> [NamedPartition: Offset] {
        var byLeader: [BrokerID: [NamedPartition]] = [:]
        for partition in timestamps.keys.sorted() {
            let layout = try await self.layout(of: partition.topic)
            guard layout.partitions.contains(where: { $0.index == partition.partition }) else {
                throw ClientError(
                    .invalidArgument,
                    "topic \(partition.topic) has no partition \(partition.partition); "
                        + "its partitions are 0 to \(layout.partitions.count - 1)"
                )
            }
            guard let leader = layout.leader(of: partition.partition) else {
                throw ClientError.server(.leaderNotAvailable, "partition \(partition)")
            }
            byLeader[leader, default: []].append(partition)
        }
        var result: [NamedPartition: Offset] = [:]
        for (leader, partitions) in byLeader {
            var topics: [ListOffsetsRequest.Topic] = []
            for partition in partitions {
                let asked = ListOffsetsRequest.Partition(
                    partitionIndex: partition.partition,
                    timestamp: timestamps[partition] ?? -1
                )
                if topics.last?.name == partition.topic {
                    topics[topics.count - 1].partitions.append(asked)
                } else {
                    topics.append(ListOffsetsRequest.Topic(name: partition.topic, partitions: [asked]))
                }
            }
            let request = ListOffsetsRequest(replicaID: BrokerID(-1), topics: topics, timeoutMs: 30_000)
            let response = try await self.connection(to: leader).send(request)
            for topic in response.topics {
                for answer in topic.partitions {
                    let partition = NamedPartition(topic: topic.name, partition: answer.partitionIndex)
                    guard answer.errorCode == .none else {
                        throw ClientError.server(answer.errorCode, "partition \(partition)")
                    }
                    result[partition] = answer.offset
                }
            }
        }
        return result
    }
}

extension KafkaCluster {
    /// The offsets that a group has committed; partitions without one are missing.
    ///
    /// - Parameter partitions: `nil` for all that the group has committed.
    package func committedOffsets(
        of group: String,
        partitions: [NamedPartition]?
    ) async throws -> [NamedPartition: Offset] {
        if let partitions, partitions.isEmpty { return [:] }
        let byTopic = partitions.map { Dictionary(grouping: $0, by: \.topic).sorted { $0.key < $1.key } }
        return try await self.retrying {
            let connection = try await self.coordinatorConnection(of: GroupID(group))
            let isNew = connection.version(of: .offsetFetch, within: OffsetFetchRequest.versions) ?? 0 >= 8
            var request = OffsetFetchRequest()
            if isNew {
                let topics = byTopic?.map { topic, partitions in
                    OffsetFetchRequest.Topic(name: topic, partitionIndexes: partitions.map(\.partition))
                }
                request.groups = [OffsetFetchRequest.Group(groupID: GroupID(group), topics: topics)]
            } else {
                request.groupID = GroupID(group)
                request.topics = byTopic?.map { topic, partitions in
                    OffsetFetchRequest.LegacyTopic(name: topic, partitionIndexes: partitions.map(\.partition))
                }
            }
            let response = try await connection.send(request, versionMax: 9)
            let answer = response.groups.first
            let errorCode = isNew ? answer?.errorCode ?? .none : response.errorCode
            guard errorCode == .none else { throw ClientError.server(errorCode, "group \(group)") }
            var result: [NamedPartition: Offset] = [:]
            func note(_ topic: String, _ partition: Int32, _ offset: Offset, _ code: ErrorCode) throws(ClientError) {
                let named = NamedPartition(topic: topic, partition: partition)
                guard code == .none else { throw ClientError.server(code, "offset of group \(group) in \(named)") }
                if offset >= 0 { result[named] = offset }
            }
            for topic in answer?.topics ?? [] {
                for part in topic.partitions {
                    try note(topic.name, part.partitionIndex, part.committedOffset, part.errorCode)
                }
            }
            for topic in response.topics {
                for part in topic.partitions {
                    try note(topic.name, part.partitionIndex, part.committedOffset, part.errorCode)
                }
            }
            return result
        }
    }
}
