internal import Broker
internal import KafkaProtocol
internal import Metadata

/// IncrementalAlterConfigs (key 44), versions 0–1: changes single settings of a resource (KIP-339).
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
            let names = request.resources.map(Self.name)
            for resource in request.resources {
                var answer = IncrementalAlterConfigsResponse.Resource(
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

    private static func alter(
        _ resource: IncrementalAlterConfigsRequest.Resource,
        _ broker: Broker,
        validateOnly: Bool
    ) async throws(BrokerError) {
        guard Set(resource.configs.map(\.name)).count == resource.configs.count else {
            throw BrokerError(.invalidRequest, "Error due to duplicate config keys")
        }
        let target = ConfigResource(type: resource.resourceType, name: resource.resourceName)
        if case .brokerLogger(let name) = target {
            try Self.alterLoggers(resource, of: name, broker, validateOnly: validateOnly)
            return
        }
        try await target.alter(broker, validateOnly: validateOnly) { configs throws(BrokerError) in
            var edited = configs
            for config in resource.configs { try Self.apply(config, to: &edited, target, broker) }
            return edited
        }
    }

    private static func name(_ resource: IncrementalAlterConfigsRequest.Resource) -> String {
        "\(resource.resourceType) \(resource.resourceName)"
    }

    /// All changes of levels are made, or none.
    private static func alterLoggers(
        _ resource: IncrementalAlterConfigsRequest.Resource,
        of name: String,
        _ broker: Broker,
        validateOnly: Bool
    ) throws(BrokerError) {
        try ConfigResource.check(broker: name, broker)
        let levels = broker.environment.loggerLevels
        for config in resource.configs {
            guard levels.has(config.name) else {
                throw BrokerError(.invalidConfig, "Logger \(config.name) does not exist!")
            }
            switch Operation(rawValue: config.configOperation) {
            case .set:
                guard let value = config.value, LoggerLevels.levelNames.contains(value) else {
                    throw BrokerError(
                        .invalidConfig,
                        "Cannot set the log level of \(config.name) to \(config.value ?? "null") as it is not a "
                            + "supported log level. Valid log levels are \(LoggerLevels.levelNames.joined(separator: ", "))"
                    )
                }
            case .delete:
                guard config.name != LoggerLevels.root else {
                    throw BrokerError(.invalidRequest, "Removing the log level of the ROOT logger is not allowed")
                }
            case .append, .subtract, nil:
                throw BrokerError(
                    .invalidRequest,
                    "Operation \(config.configOperation) is not allowed for the BROKER_LOGGER resource"
                )
            }
        }
        guard !validateOnly else { return }
        for config in resource.configs {
            levels.set(config.name, to: config.configOperation == Operation.set.rawValue ? config.value : nil)
        }
    }

    private static func apply(
        _ change: IncrementalAlterConfigsRequest.Config,
        to configs: inout [String: String],
        _ resource: ConfigResource,
        _ broker: Broker
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
        guard let inherited = resource.defaultValue(of: change.name, broker), inherited.type == .list else {
            throw BrokerError(
                .invalidConfig,
                "Config value append is not allowed for config key: \(change.name)"
            )
        }
        let present = configs[change.name] ?? inherited.value
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
