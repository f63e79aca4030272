internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model

/// DescribeProducers (key 61), version 0: the producers that have state in a partition (KIP-664).
enum DescribeProducersAPI: KafkaAPI {
    typealias Request = DescribeProducersRequest
    typealias Response = DescribeProducersResponse

    static func start(_ request: DescribeProducersRequest, _ call: Call<DescribeProducersResponse>) {
        let table = call.broker.topics.current
        call.answer(
            DescribeProducersResponse(
                topics: request.topics.map { topic in
                    let hosted = table.topic(named: topic.name)
                    return DescribeProducersResponse.Topic(
                        name: topic.name,
                        partitions: topic.partitionIndexes.map { Self.describe($0, of: hosted) }
                    )
                }
            )
        )
    }

    private static func describe(_ number: Int32, of topic: HostedTopic?) -> DescribeProducersResponse.Partition {
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(number)
        } catch {
            return DescribeProducersResponse.Partition(
                partitionIndex: number,
                errorCode: ErrorCode(error),
                errorMessage: error.message
            )
        }
        return DescribeProducersResponse.Partition(
            partitionIndex: number,
            activeProducers: partition.log.producers.map { producer in
                DescribeProducersResponse.ActiveProducer(
                    producerID: producer.producerID,
                    producerEpoch: Int32(producer.producerEpoch.rawValue),
                    lastSequence: producer.lastSequence,
                    lastTimestamp: producer.lastTimestamp,
                    coordinatorEpoch: producer.coordinatorEpoch,
                    currentTxnStartOffset: producer.currentTransactionFirstOffset ?? -1
                )
            }
        )
    }
}
