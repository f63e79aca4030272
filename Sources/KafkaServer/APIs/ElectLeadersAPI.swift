internal import Broker
internal import KafkaProtocol
internal import Model

/// ElectLeaders (key 43), versions 0–2 (1: kind of election, KIP-460; 2: flexible).
///
/// A partition has one replica, so its leader is the preferred one: no election is ever needed. A partition whose log
/// cannot be opened has no other replica to elect.
enum ElectLeadersAPI: KafkaAPI {
    typealias Request = ElectLeadersRequest
    typealias Response = ElectLeadersResponse

    private enum Election: Int8 {
        case preferred = 0
        case unclean = 1
    }

    static func start(_ request: ElectLeadersRequest, _ call: Call<ElectLeadersResponse>) {
        guard let election = Election(rawValue: request.electionType) else {
            call.answer(ElectLeadersResponse(errorCode: .invalidRequest, replicaElectionResults: []))
            return
        }
        let table = call.broker.topics.current
        guard let asked = request.topicPartitions else {
            // Asked for all, Kafka leaves out those that need no election.
            call.answer(
                ElectLeadersResponse(
                    replicaElectionResults: table.sorted.compactMap { topic in
                        let results = (0..<Int32(topic.partitionCount))
                            .map { Self.result($0, of: topic, election) }
                            .filter { $0.errorCode != .electionNotNeeded }
                        return results.isEmpty ? nil : .init(topic: topic.name, partitionResults: results)
                    }
                )
            )
            return
        }
        call.answer(
            ElectLeadersResponse(
                replicaElectionResults: asked.map { asked in
                    let topic = table.topic(named: asked.topic)
                    return .init(
                        topic: asked.topic,
                        partitionResults: asked.partitions.map { Self.result($0, of: topic, election) }
                    )
                }
            )
        )
    }

    private static func result(
        _ number: Int32,
        of topic: HostedTopic?,
        _ election: Election
    ) -> ElectLeadersResponse.Partition {
        guard let topic, topic.has(number) else {
            return .init(
                partitionID: number,
                errorCode: .unknownTopicOrPartition,
                errorMessage: "No such topic or partition."
            )
        }
        if case .offline = topic.placements[Int(number)] {
            return .init(
                partitionID: number,
                errorCode: election == .preferred ? .preferredLeaderNotAvailable : .eligibleLeadersNotAvailable,
                errorMessage: "The only replica of the partition is offline."
            )
        }
        return .init(
            partitionID: number,
            errorCode: .electionNotNeeded,
            errorMessage: "The preferred replica leads the partition already."
        )
    }
}
