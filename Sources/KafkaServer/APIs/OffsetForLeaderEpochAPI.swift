internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model

/// OffsetForLeaderEpoch (key 23), versions 2–4: where a leader epoch ends, with which a consumer finds out whether
/// its position still exists (KIP-320).
enum OffsetForLeaderEpochAPI: KafkaAPI {
    typealias Request = OffsetForLeaderEpochRequest
    typealias Response = OffsetForLeaderEpochResponse

    static func start(_ request: OffsetForLeaderEpochRequest, _ call: Call<OffsetForLeaderEpochResponse>) {
        let table = call.broker.topics.current
        call.answer(
            OffsetForLeaderEpochResponse(
                topics: request.topics.map { topic in
                    let hosted = table.topic(named: topic.name)
                    return OffsetForLeaderEpochResponse.Topic(
                        name: topic.name,
                        partitions: topic.partitions.map { Self.answer($0, in: hosted) }
                    )
                }
            )
        )
    }

    private static func answer(
        _ asked: OffsetForLeaderEpochRequest.Partition,
        in topic: HostedTopic?
    ) -> OffsetForLeaderEpochResponse.Partition {
        var answer = OffsetForLeaderEpochResponse.Partition(partitionIndex: asked.partitionIndex)
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(asked.partitionIndex)
        } catch {
            answer.errorCode = ErrorCode(error)
            return answer
        }
        let epoch = partition.leaderEpoch
        if asked.currentLeaderEpoch.rawValue >= 0, asked.currentLeaderEpoch != epoch {
            answer.errorCode = asked.currentLeaderEpoch < epoch ? .fencedLeaderEpoch : .unknownLeaderEpoch
            return answer
        }
        if let end = partition.log.endOffset(for: asked.leaderEpoch) {
            answer.leaderEpoch = end.epoch
            answer.endOffset = end.endOffset
        }
        return answer
    }
}
