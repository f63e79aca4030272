internal import Broker
internal import KafkaProtocol
internal import LogCore

/// DeleteRecords (key 21), versions 0–2: moves log start offsets up (KIP-107). Offset -1 means the high watermark.
enum DeleteRecordsAPI: KafkaAPI {
    typealias Request = DeleteRecordsRequest
    typealias Response = DeleteRecordsResponse

    static func start(_ request: DeleteRecordsRequest, _ call: Call<DeleteRecordsResponse>) {
        // Off the event loop: a request may name many partitions, and the new offsets are durable before the answer.
        call.answer {
            let table = call.broker.topics.current
            var response = DeleteRecordsResponse(
                topics: request.topics.map { topic in
                    let hosted = table.topic(named: topic.name)
                    return DeleteRecordsResponse.Topic(
                        name: topic.name,
                        partitions: topic.partitions.map { Self.delete($0, of: hosted) }
                    )
                }
            )
            do throws(BrokerError) {
                try await call.broker.persistLogStarts()
            } catch {
                // Done in memory; a crash could bring the records back.
                for topic in response.topics.indices {
                    for index in response.topics[topic].partitions.indices
                    where response.topics[topic].partitions[index].errorCode == .none {
                        response.topics[topic].partitions[index].errorCode = ErrorCode(reading: error)
                        response.topics[topic].partitions[index].lowWatermark = -1
                    }
                }
            }
            return response
        }
    }

    private static func delete(
        _ asked: DeleteRecordsRequest.Partition,
        of topic: HostedTopic?
    ) -> DeleteRecordsResponse.Partition {
        do throws(BrokerError) {
            let partition = try topic.partition(asked.partitionIndex)
            // Kafka refuses for its internal topics, and where the cleanup policy does not include delete.
            guard !partition.isInternal else {
                throw BrokerError(.invalidTopicName, "\(partition.topicName) is the broker's own topic.")
            }
            let start = try partition.deleteRecords(before: asked.offset)
            return DeleteRecordsResponse.Partition(partitionIndex: asked.partitionIndex, lowWatermark: start)
        } catch {
            return DeleteRecordsResponse.Partition(
                partitionIndex: asked.partitionIndex,
                lowWatermark: -1,
                errorCode: ErrorCode(reading: error)
            )
        }
    }
}
