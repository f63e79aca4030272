internal import KafkaProtocol

// How the APIs of topics, settings and the cluster say that a whole request failed: as Kafka's request classes do.

extension ApiVersionsAPI {
    static func errorResponse(
        to request: ApiVersionsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ApiVersionsResponse? {
        ApiVersionsResponse(errorCode: error)
    }
}

extension MetadataAPI {
    static func errorResponse(to request: MetadataRequest, _ error: ErrorCode, version: Int16) -> MetadataResponse? {
        MetadataResponse(
            topics: (request.topics ?? []).map {
                MetadataResponse.Topic(errorCode: error, name: $0.name ?? "", topicID: $0.topicID)
            },
            errorCode: error
        )
    }
}

extension CreateTopicsAPI {
    static func errorResponse(
        to request: CreateTopicsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> CreateTopicsResponse? {
        CreateTopicsResponse(topics: request.topics.map { CreateTopicsResponse.Topic(name: $0.name, errorCode: error) })
    }
}

extension DeleteTopicsAPI {
    static func errorResponse(
        to request: DeleteTopicsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DeleteTopicsResponse? {
        guard version >= 6 else {
            return DeleteTopicsResponse(
                topics: request.topicNames.map { DeleteTopicsResponse.Topic(name: $0, errorCode: error) }
            )
        }
        return DeleteTopicsResponse(
            topics: request.topics.map {
                DeleteTopicsResponse.Topic(name: $0.name, topicID: $0.topicID, errorCode: error)
            }
        )
    }
}

extension CreatePartitionsAPI {
    static func errorResponse(
        to request: CreatePartitionsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> CreatePartitionsResponse? {
        CreatePartitionsResponse(
            topics: request.topics.map { CreatePartitionsResponse.Topic(name: $0.name, errorCode: error) }
        )
    }
}

extension DescribeTopicPartitionsAPI {
    static func errorResponse(
        to request: DescribeTopicPartitionsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeTopicPartitionsResponse? {
        DescribeTopicPartitionsResponse(
            topics: request.topics.map { DescribeTopicPartitionsResponse.Topic(errorCode: error, name: $0.name) }
        )
    }
}

extension DescribeConfigsAPI {
    static func errorResponse(
        to request: DescribeConfigsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeConfigsResponse? {
        DescribeConfigsResponse(
            resources: request.resources.map {
                DescribeConfigsResponse.Resource(
                    errorCode: error,
                    resourceType: $0.resourceType,
                    resourceName: $0.resourceName
                )
            }
        )
    }
}

extension AlterConfigsAPI {
    static func errorResponse(
        to request: AlterConfigsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> AlterConfigsResponse? {
        AlterConfigsResponse(
            resources: request.resources.map {
                AlterConfigsResponse.Resource(
                    errorCode: error,
                    resourceType: $0.resourceType,
                    resourceName: $0.resourceName
                )
            }
        )
    }
}

extension IncrementalAlterConfigsAPI {
    static func errorResponse(
        to request: IncrementalAlterConfigsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> IncrementalAlterConfigsResponse? {
        IncrementalAlterConfigsResponse(
            resources: request.resources.map {
                IncrementalAlterConfigsResponse.Resource(
                    errorCode: error,
                    resourceType: $0.resourceType,
                    resourceName: $0.resourceName
                )
            }
        )
    }
}

extension DescribeClusterAPI {
    static func errorResponse(
        to request: DescribeClusterRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeClusterResponse? {
        DescribeClusterResponse(errorCode: error)
    }
}

extension DescribeClientQuotasAPI {
    static func errorResponse(
        to request: DescribeClientQuotasRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeClientQuotasResponse? {
        Self.failed(error, nil)
    }
}

extension AlterClientQuotasAPI {
    static func errorResponse(
        to request: AlterClientQuotasRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> AlterClientQuotasResponse? {
        AlterClientQuotasResponse(
            entries: request.entries.map { entry in
                .init(
                    errorCode: error,
                    entity: entry.entity.map { .init(entityType: $0.entityType, entityName: $0.entityName) }
                )
            }
        )
    }
}
