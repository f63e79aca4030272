internal import Broker
internal import KafkaProtocol
internal import Metadata

/// CreatePartitions (key 37), versions 0–3 (2: flexible; 3: THROTTLING_QUOTA_EXCEEDED).
///
/// For Kinesis clients the same act is a split of the widest shards.
enum CreatePartitionsAPI: KafkaAPI {
    typealias Request = CreatePartitionsRequest
    typealias Response = CreatePartitionsResponse

    static func start(_ request: CreatePartitionsRequest, _ call: Call<CreatePartitionsResponse>) {
        call.answer {
            var response = CreatePartitionsResponse()
            var quota = MutationQuota(call, strictSince: 3)
            for topic in request.topics {
                var answer = CreatePartitionsResponse.Topic(name: topic.name)
                do throws(BrokerError) {
                    if request.topics.filter({ $0.name == topic.name }).count > 1 {
                        throw BrokerError(.invalidRequest, "Duplicate topic name.")
                    }
                    try quota.charge(try Self.addedPartitions(topic, call.broker))
                    _ = try await call.broker.control.createPartitions(
                        of: topic.name,
                        count: Int(topic.count),
                        validateOnly: request.validateOnly
                    )
                } catch {
                    answer.errorCode = ErrorCode(error)
                    answer.errorMessage = error.message
                }
                response.topics.append(answer)
            }
            response.throttleTimeMs = quota.throttleTimeMs
            return response
        }
    }

    /// - Returns: how many there are to be; 0 when there would be fewer, which is refused where it is done.
    private static func addedPartitions(
        _ asked: CreatePartitionsRequest.Topic,
        _ broker: Broker
    ) throws(BrokerError) -> Int {
        guard let topic = broker.topics.topic(named: asked.name) else {
            throw BrokerError(.unknownTopicOrPartition, "This server does not host this topic-partition.")
        }
        guard !topic.topic.isInternal else {
            throw BrokerError(.policyViolation, "\(topic.name) is the broker's own topic.")
        }
        let added = Int(asked.count) - topic.partitionCount
        guard let assignments = asked.assignments else { return max(0, added) }
        guard assignments.count == added else {
            throw BrokerError(
                .invalidReplicaAssignment,
                "Attempted to add \(added) additional partition(s), but only \(assignments.count) assignment(s) "
                    + "were specified."
            )
        }
        try broker.checkAssignments(assignments.map(\.brokerIDs))
        return max(0, added)
    }
}
