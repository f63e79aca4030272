internal import KafkaProtocol
internal import Model

// How the APIs that touch records say that a whole request failed: as Kafka's request classes do.

extension ProduceAPI {
    static func errorResponse(to request: ProduceRequest, _ error: ErrorCode, version: Int16) -> ProduceResponse? {
        // Without acknowledgement the client reads nothing; Kafka closes the connection so that it notices.
        guard request.acks != 0 else { return nil }
        return ProduceResponse(
            topics: request.topics.map { topic in
                ProduceResponse.Topic(
                    name: topic.name,
                    topicID: topic.topicID,
                    partitions: topic.partitions.map {
                        ProduceResponse.Partition(partitionIndex: $0.partitionIndex, errorCode: error, baseOffset: -1)
                    }
                )
            }
        )
    }
}

extension FetchAPI {
    static func errorResponse(to request: FetchRequest, _ error: ErrorCode, version: Int16) -> FetchResponse? {
        var response = FetchResponse(errorCode: error, sessionID: request.sessionID)
        // From version 13 on the code of the whole answer is enough; older clients look at each partition.
        guard version < 13 else { return response }
        response.topics = request.topics.map { topic in
            FetchResponse.Topic(
                name: topic.name,
                partitions: topic.partitions.map {
                    FetchResponse.Partition(
                        partitionIndex: $0.partitionIndex,
                        errorCode: error,
                        highWatermark: -1,
                        lastStableOffset: -1,
                        logStartOffset: -1,
                        records: RecordsParts()
                    )
                }
            )
        }
        return response
    }
}

extension ListOffsetsAPI {
    static func errorResponse(
        to request: ListOffsetsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ListOffsetsResponse? {
        ListOffsetsResponse(
            topics: request.topics.map { topic in
                ListOffsetsResponse.Topic(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        ListOffsetsResponse.Partition(partitionIndex: $0.partitionIndex, errorCode: error)
                    }
                )
            }
        )
    }
}

extension OffsetForLeaderEpochAPI {
    static func errorResponse(
        to request: OffsetForLeaderEpochRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> OffsetForLeaderEpochResponse? {
        OffsetForLeaderEpochResponse(
            topics: request.topics.map { topic in
                OffsetForLeaderEpochResponse.Topic(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        OffsetForLeaderEpochResponse.Partition(errorCode: error, partitionIndex: $0.partitionIndex)
                    }
                )
            }
        )
    }
}

extension DeleteRecordsAPI {
    static func errorResponse(
        to request: DeleteRecordsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DeleteRecordsResponse? {
        DeleteRecordsResponse(
            topics: request.topics.map { topic in
                DeleteRecordsResponse.Topic(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        DeleteRecordsResponse.Partition(
                            partitionIndex: $0.partitionIndex,
                            lowWatermark: -1,
                            errorCode: error
                        )
                    }
                )
            }
        )
    }
}

extension InitProducerIDAPI {
    static func errorResponse(
        to request: InitProducerIdRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> InitProducerIdResponse? {
        InitProducerIdResponse(errorCode: error, producerID: .none, producerEpoch: .none)
    }
}

extension DescribeProducersAPI {
    static func errorResponse(
        to request: DescribeProducersRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeProducersResponse? {
        DescribeProducersResponse(
            topics: request.topics.map { topic in
                DescribeProducersResponse.Topic(
                    name: topic.name,
                    partitions: topic.partitionIndexes.map {
                        DescribeProducersResponse.Partition(partitionIndex: $0, errorCode: error)
                    }
                )
            }
        )
    }
}
