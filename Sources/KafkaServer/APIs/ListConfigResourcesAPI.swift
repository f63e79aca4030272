internal import Broker
internal import KafkaProtocol

/// ListConfigResources (key 74), versions 0–1 (1: all kinds of resources, KIP-1142).
///
/// Groups are listed that have settings of their own. Version 0 asks for client metrics only.
enum ListConfigResourcesAPI: KafkaAPI {
    typealias Request = ListConfigResourcesRequest
    typealias Response = ListConfigResourcesResponse

    private enum ResourceType: Int8 {
        case topic = 2
        case broker = 4
        case brokerLogger = 8
        case clientMetrics = 16
        case group = 32
    }

    static func start(_ request: ListConfigResourcesRequest, _ call: Call<ListConfigResourcesResponse>) {
        guard request.resourceTypes.allSatisfy({ ResourceType(rawValue: $0) != nil }) else {
            call.answer(ListConfigResourcesResponse(errorCode: .unsupportedVersion, configResources: []))
            return
        }
        var response = ListConfigResourcesResponse(configResources: [])
        let wants = { (type: ResourceType) in
            call.version >= 1 && (request.resourceTypes.isEmpty || request.resourceTypes.contains(type.rawValue))
        }
        if wants(.topic) {
            for topic in call.broker.topics.current.sorted {
                response.configResources.append(
                    .init(resourceName: topic.name, resourceType: ResourceType.topic.rawValue)
                )
            }
        }
        if wants(.broker) {
            response.configResources.append(
                .init(
                    resourceName: "\(call.broker.settings.nodeID)",
                    resourceType: ResourceType.broker.rawValue
                )
            )
        }
        if wants(.brokerLogger) {
            response.configResources.append(
                .init(
                    resourceName: "\(call.broker.settings.nodeID)",
                    resourceType: ResourceType.brokerLogger.rawValue
                )
            )
        }
        if call.version == 0 || wants(.clientMetrics) {
            for name in call.broker.clientMetrics.names {
                response.configResources.append(
                    .init(resourceName: name, resourceType: ResourceType.clientMetrics.rawValue)
                )
            }
        }
        if wants(.group) {
            for groupID in call.broker.groupConfigs.groupIDs {
                response.configResources.append(
                    .init(resourceName: groupID, resourceType: ResourceType.group.rawValue)
                )
            }
        }
        call.answer(response)
    }
}
