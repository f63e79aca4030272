internal import Broker
internal import KafkaProtocol

/// AlterConfigs (key 33), versions 0–2: replaces all that was set of a resource. Old tools send it; newer ones
/// send IncrementalAlterConfigs.
enum AlterConfigsAPI: KafkaAPI {
    typealias Request = AlterConfigsRequest
    typealias Response = AlterConfigsResponse

    static func start(_ request: AlterConfigsRequest, _ call: Call<AlterConfigsResponse>) {
        call.answer {
            var response = AlterConfigsResponse()
            let names = request.resources.map(Self.name)
            for resource in request.resources {
                var answer = AlterConfigsResponse.Resource(
                    resourceType: resource.resourceType,
                    resourceName: resource.resourceName
                )
                do throws(BrokerError) {
                    guard names.count(where: { $0 == Self.name(resource) }) == 1 else {
                        throw BrokerError(.invalidRequest, "Each resource must appear at most once.")
                    }
                    try await Self.alter(resource, call.broker, validateOnly: request.validateOnly)
                } catch {
                    answer.errorCode = ErrorCode(error)
                    answer.errorMessage = error.message
                }
                response.resources.append(answer)
            }
            return response
        }
    }

    private static func name(_ resource: AlterConfigsRequest.Resource) -> String {
        "\(resource.resourceType) \(resource.resourceName)"
    }

    private static func alter(
        _ resource: AlterConfigsRequest.Resource,
        _ broker: Broker,
        validateOnly: Bool
    ) async throws(BrokerError) {
        guard Set(resource.configs.map(\.name)).count == resource.configs.count else {
            throw BrokerError(.invalidRequest, "Error due to duplicate config keys")
        }
        var configs: [String: String] = [:]
        for config in resource.configs {
            guard let value = config.value else {
                throw BrokerError(.invalidRequest, "Null value not supported for : \(config.name)")
            }
            configs[config.name] = value
        }
        let wanted = configs
        try await ConfigResource(type: resource.resourceType, name: resource.resourceName)
            .alter(broker, validateOnly: validateOnly) { _ in wanted }
    }
}
