internal import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model

/// OffsetCommit (key 8), versions 2–10.
///
/// | version | change |
/// | --- | --- |
/// | 5 | the client's retention time is gone |
/// | 6 | leader epoch |
/// | 7 | static members |
/// | 9 | member epoch of the new group protocol, GROUP_ID_NOT_FOUND (KIP-848) |
/// | 10 | topic IDs |
enum OffsetCommitAPI: GroupAPI {
    typealias Request = OffsetCommitRequest
    typealias Response = OffsetCommitResponse

    static func groupMade(by request: Request) -> GroupID? { request.groupID }

    static func serve(
        _ request: OffsetCommitRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (OffsetCommitResponse) -> Void
    ) {
        let table = call.topics
        // Positions of the partitions that exist; the others are answered here.
        var response = OffsetCommitResponse()
        var commit = CommitRequest(
            groupID: request.groupID,
            memberID: request.memberID,
            groupInstanceID: request.groupInstanceID,
            generationID: request.generationIDOrMemberEpoch,
            retentionMilliseconds: request.retentionTimeMs,
            reportsGroupNotFound: call.version >= 9,
            topics: []
        )
        var places: [(topic: Int, partitions: [Int])] = []
        for (topicIndex, asked) in request.topics.enumerated() {
            let topic = call.version >= 10 ? table.topic(id: asked.topicID) : table.topic(named: asked.name)
            let unknown: ErrorCode = call.version >= 10 && topic == nil ? .unknownTopicID : .unknownTopicOrPartition
            var answer = OffsetCommitResponse.Topic(name: asked.name, topicID: asked.topicID)
            var partitions: [CommitRequest.Partition] = []
            var indices: [Int] = []
            for (index, partition) in asked.partitions.enumerated() {
                let exists = topic.map {
                    $0.has(partition.partitionIndex)
                }
                answer.partitions.append(
                    OffsetCommitResponse.Partition(
                        partitionIndex: partition.partitionIndex,
                        errorCode: exists == true ? .none : unknown
                    )
                )
                guard exists == true else { continue }
                indices.append(index)
                partitions.append(
                    CommitRequest.Partition(
                        index: partition.partitionIndex,
                        offset: partition.committedOffset,
                        leaderEpoch: partition.committedLeaderEpoch.rawValue,
                        metadata: partition.committedMetadata
                    )
                )
            }
            response.topics.append(answer)
            guard let topic, !partitions.isEmpty else { continue }
            places.append((topicIndex, indices))
            commit.topics.append(
                CommitRequest.Topic(
                    name: topic.name,
                    // Kept only when the client named it: values without an ID can be read by older tools.
                    topicID: call.version >= 10 ? topic.id : .zero,
                    partitions: partitions
                )
            )
        }
        // Goes to the coordinator even when nothing is left: the group is checked, and the member has shown life.
        call.groups.write(commit.groupID.rawValue, on: call.eventLoop) { [commit] machine, context in
            let outcome = machine.offsetCommitRequested(commit, now: context.now)
            if let timeout = outcome.sessionTimeout {
                context.startTimer(.session(commit.groupID, commit.memberID), after: timeout)
            }
            context.append(outcome.write)
            return outcome.response
        } completion: { [response, places] result in
            var response = response
            for (position, place) in places.enumerated() {
                for (inner, index) in place.partitions.enumerated() {
                    let error: GroupError? =
                        switch result {
                        case .success(let outcome):
                            outcome.error ?? Self.error(outcome, topic: position, partition: inner)
                        case .failure(let error): GroupError(error)
                        }
                    response.topics[place.topic].partitions[index].errorCode = ErrorCode(error)
                }
            }
            completion(response)
        }
    }

    private static func error(_ outcome: OffsetChangeResponse, topic: Int, partition: Int) -> GroupError? {
        guard topic < outcome.topics.count, partition < outcome.topics[topic].partitions.count else { return nil }
        return outcome.topics[topic].partitions[partition].error
    }
}
