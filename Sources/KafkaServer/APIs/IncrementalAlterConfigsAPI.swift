internal import Broker
internal import KafkaProtocol
internal import Metadata

/// IncrementalAlterConfigs (key 44), versions 0–1: changes single settings of a topic (KIP-339)
/// or a group (KIP-848).
enum IncrementalAlterConfigsAPI: KafkaAPI {
    typealias Request = IncrementalAlterConfigsRequest
    typealias Response = IncrementalAlterConfigsResponse

    private enum Operation: Int8 {
        case set = 0
        case delete = 1
        case append = 2
        case subtract = 3
    }

    static func start(_ request: IncrementalAlterConfigsRequest, _ call: Call<IncrementalAlterConfigsResponse>) {
        call.answer {
            var response = IncrementalAlterConfigsResponse()
            for resource in request.resources {
                var answer = IncrementalAlterConfigsResponse.Resource(
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
        _ resource: IncrementalAlterConfigsRequest.Resource,
        _ broker: Broker,
        validateOnly: Bool
    ) async throws(BrokerError) {
        guard Set(resource.configs.map(\.name)).count == resource.configs.count else {
            throw BrokerError(.invalidRequest, "Error due to duplicate config keys")
        }
        switch ConfigResource(type: resource.resourceType, name: resource.resourceName) {
        case .group(let name):
            try await broker.groupConfigs.alter(name, validateOnly: validateOnly) { configs throws(BrokerError) in
                var edited = configs
                for config in resource.configs { try Self.apply(config, to: &edited, broker.settings.configs) }
                return edited
            }
        case .topic(let name):
            let defaults = broker.settings.configs
            _ = try await broker.control.alterConfigs(of: name, validateOnly: validateOnly) {
                configs throws(BrokerError) in
                var edited = configs
                for config in resource.configs { try Self.apply(config, to: &edited, defaults) }
                return edited
            }
        case .broker: throw ConfigResource.brokerIsStatic
        case .unsupported(let type): throw ConfigResource.unsupported(type)
        }
    }

    private static func apply(
        _ change: IncrementalAlterConfigsRequest.Config,
        to configs: inout [String: String],
        _ defaults: BrokerConfigs
    ) throws(BrokerError) {
        guard let operation = Operation(rawValue: change.configOperation) else {
            throw BrokerError(.invalidRequest, "Unknown operation type \(change.configOperation)")
        }
        if operation == .delete {
            configs[change.name] = nil
            return
        }
        guard let value = change.value else {
            throw BrokerError(.invalidRequest, "Null value not supported for : \(change.name)")
        }
        if operation == .set {
            configs[change.name] = value
            return
        }
        guard let definition = TopicConfigs.all[change.name]?.definition, definition.type == .list else {
            throw BrokerError(
                .invalidConfig,
                "Config value append is not allowed for config key: \(change.name)"
            )
        }
        let present = configs[change.name] ?? defaults.topicDefault(change.name).value
        var items = Self.items(present)
        for item in Self.items(value) {
            if operation == .append {
                if !items.contains(item) { items.append(item) }
            } else {
                items.removeAll { $0 == item }
            }
        }
        configs[change.name] = items.joined(separator: ",")
    }

    private static func items(_ list: String) -> [String] {
        list.split(separator: ",").map { item in
            String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
