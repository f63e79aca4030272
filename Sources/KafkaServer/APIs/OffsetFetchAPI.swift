internal import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model

/// OffsetFetch (key 9), versions 1–10.
///
/// | version | change |
/// | --- | --- |
/// | 2 | null topics mean all; top-level error |
/// | 5 | leader epoch |
/// | 7 | stable offsets only (KIP-447) |
/// | 8 | several groups (KIP-709) |
/// | 9 | member epoch (KIP-848) |
/// | 10 | topic IDs |
enum OffsetFetchAPI: GroupAPI {
    typealias Request = OffsetFetchRequest
    typealias Response = OffsetFetchResponse

    static func serve(
        _ request: OffsetFetchRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (OffsetFetchResponse) -> Void
    ) {
        if call.version < 8 {
            Self.serveOneGroup(request, call, completion: completion)
        } else {
            Self.serveGroups(request, call, completion: completion)
        }
    }

    /// What the groups' newest durable commits say.
    private static func fetch(
        _ queries: [OffsetQuery],
        _ call: GroupCall,
        completion: @escaping @Sendable ([OffsetAnswer]) -> Void
    ) {
        call.groups.readEach(queries, key: \.groupID.rawValue, on: call.eventLoop) { machine, query in
            machine.offsetsRequested(query)
        } completion: { results in
            let answers = zip(queries, results).map { query, result in
                switch result {
                case .success(let answer):
                    return answer
                case .failure(let error):
                    // Older consumers do not retry COORDINATOR_NOT_AVAILABLE here, so Kafka says NOT_COORDINATOR.
                    let error = error == .coordinatorNotAvailable ? .notCoordinator : error
                    return OffsetAnswer(groupID: query.groupID, error: GroupError(error))
                }
            }
            guard queries.contains(where: { LeaseTableService.isApplication($0.groupID) }) else {
                return completion(answers)
            }
            call.applications(queries.map(\.groupID)) { applications in
                completion(
                    queries.indices.map { index in
                        applications[index].map { OffsetAnswer($0, to: queries[index]) } ?? answers[index]
                    }
                )
            }
        }
    }

    private static func serveOneGroup(
        _ request: OffsetFetchRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (OffsetFetchResponse) -> Void
    ) {
        let query = OffsetQuery(
            groupID: request.groupID,
            topics: request.topics?.map { OffsetQuery.Topic(name: $0.name, partitions: $0.partitionIndexes) },
            requireStable: request.requireStable
        )
        Self.fetch([query], call) { answers in
            guard let answer = answers.first else {
                return completion(OffsetFetchResponse(errorCode: .unknownServerError))
            }
            var response = OffsetFetchResponse()
            let error = ErrorCode(answer.error)
            if answer.error != nil, call.version < 2 {
                // There is no place for a group's error but in each partition.
                response.topics = (request.topics ?? []).map { topic in
                    OffsetFetchResponse.LegacyTopic(
                        name: topic.name,
                        partitions: topic.partitionIndexes.map {
                            OffsetFetchResponse.LegacyPartition(
                                partitionIndex: $0,
                                committedOffset: -1,
                                metadata: "",
                                errorCode: error
                            )
                        }
                    )
                }
                return completion(response)
            }
            response.errorCode = error
            response.topics = answer.topics.map { topic in
                OffsetFetchResponse.LegacyTopic(
                    name: topic.name,
                    partitions: topic.partitions.map { partition in
                        OffsetFetchResponse.LegacyPartition(
                            partitionIndex: partition.index,
                            committedOffset: partition.offset,
                            committedLeaderEpoch: LeaderEpoch(partition.leaderEpoch),
                            metadata: partition.metadata,
                            errorCode: ErrorCode(partition.error)
                        )
                    }
                )
            }
            completion(response)
        }
    }

    private static func serveGroups(
        _ request: OffsetFetchRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (OffsetFetchResponse) -> Void
    ) {
        let usesIDs = call.version >= 10
        let table = call.topics
        let queries = request.groups.map { group in
            OffsetQuery(
                groupID: group.groupID,
                topics: group.topics?.compactMap { topic in
                    let name = usesIDs ? table.topic(id: topic.topicID)?.name : topic.name
                    return name.map {
                        OffsetQuery.Topic(name: $0, topicID: topic.topicID, partitions: topic.partitionIndexes)
                    }
                },
                requireStable: request.requireStable,
                memberID: group.memberID,
                memberEpoch: group.memberEpoch
            )
        }
        Self.fetch(queries, call) { answers in
            completion(
                OffsetFetchResponse(
                    groups: zip(request.groups, answers).map { asked, answer in
                        var group = Self.group(answer, usesIDs: usesIDs, table: table)
                        if usesIDs, answer.error == nil {
                            group.topics += Self.unknownTopics(of: asked, table: table)
                        }
                        return group
                    }
                )
            )
        }
    }

    private static func group(
        _ answer: OffsetAnswer,
        usesIDs: Bool,
        table: TopicTable
    ) -> OffsetFetchResponse.Group {
        OffsetFetchResponse.Group(
            groupID: answer.groupID,
            topics: answer.topics.compactMap { topic in
                var id = topic.topicID
                if usesIDs, id == .zero {
                    // Offsets of topics that are gone cannot be told by ID.
                    guard let known = table.topic(named: topic.name)?.id else { return nil }
                    id = known
                }
                return OffsetFetchResponse.Topic(
                    name: topic.name,
                    topicID: id,
                    partitions: topic.partitions.map { partition in
                        OffsetFetchResponse.Partition(
                            partitionIndex: partition.index,
                            committedOffset: partition.offset,
                            committedLeaderEpoch: LeaderEpoch(partition.leaderEpoch),
                            metadata: partition.metadata,
                            errorCode: ErrorCode(partition.error)
                        )
                    }
                )
            },
            errorCode: ErrorCode(answer.error)
        )
    }

    private static func unknownTopics(
        of asked: OffsetFetchRequest.Group,
        table: TopicTable
    ) -> [OffsetFetchResponse.Topic] {
        (asked.topics ?? []).filter { table.topic(id: $0.topicID) == nil }.map { topic in
            OffsetFetchResponse.Topic(
                topicID: topic.topicID,
                partitions: topic.partitionIndexes.map {
                    OffsetFetchResponse.Partition(
                        partitionIndex: $0,
                        committedOffset: -1,
                        metadata: "",
                        errorCode: .unknownTopicID
                    )
                }
            )
        }
    }
}
