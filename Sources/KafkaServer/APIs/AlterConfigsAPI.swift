internal import Broker
internal import KafkaProtocol

/// AlterConfigs (key 33), versions 0–2: replaces all overrides of a topic or a group. Old tools send it; newer ones
/// send IncrementalAlterConfigs.
enum AlterConfigsAPI: KafkaAPI {
    typealias Request = AlterConfigsRequest
    typealias Response = AlterConfigsResponse

    static func start(_ request: AlterConfigsRequest, _ call: Call<AlterConfigsResponse>) {
        call.answer {
            var response = AlterConfigsResponse()
            for resource in request.resources {
                var answer = AlterConfigsResponse.Resource(
                    resourceType: resource.resourceType,
                    resourceName: resource.resourceName
                )
                do throws(BrokerError) {
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

    private static func alter(
        _ resource: AlterConfigsRequest.Resource,
        _ broker: Broker,
        validateOnly: Bool
    ) async throws(BrokerError) {
        var configs: [String: String] = [:]
        for config in resource.configs {
            guard let value = config.value else {
                throw BrokerError(.invalidConfig, "Null value not supported for : \(config.name)")
            }
            configs[config.name] = value
        }
        let wanted = configs
        switch ConfigResource(type: resource.resourceType, name: resource.resourceName) {
        case .topic(let name):
            _ = try await broker.control.alterConfigs(of: name, validateOnly: validateOnly) { _ in wanted }
        case .group(let name):
            try await broker.groupConfigs.alter(name, validateOnly: validateOnly) { _ in wanted }
        case .broker: throw ConfigResource.brokerIsStatic
        case .unsupported(let type): throw ConfigResource.unsupported(type)
        }
    }
}
