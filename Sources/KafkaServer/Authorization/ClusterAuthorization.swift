internal import AccessControl
internal import KafkaProtocol
internal import Model

// The APIs of settings, ACLs and the cluster as a whole.

extension ApiVersionsAPI {
    /// What every client asks first, also one that is not known yet.
    static func authorize(_ request: inout ApiVersionsRequest, _ access: Access) -> Authorization<ApiVersionsResponse> {
        .granted
    }
}

extension GetTelemetrySubscriptionsAPI {
    /// Open to every client, as in Kafka: an administrator decides what is asked of whom.
    static func authorize(
        _ request: inout GetTelemetrySubscriptionsRequest,
        _ access: Access
    ) -> Authorization<GetTelemetrySubscriptionsResponse> { .granted }
}

extension PushTelemetryAPI {
    /// As `GetTelemetrySubscriptions`.
    static func authorize(
        _ request: inout PushTelemetryRequest,
        _ access: Access
    ) -> Authorization<PushTelemetryResponse> { .granted }
}

extension DescribeClusterAPI {
    /// Every client may know the brokers; what it may do is told truly.
    static func authorize(
        _ request: inout DescribeClusterRequest,
        _ access: Access
    ) -> Authorization<DescribeClusterResponse> {
        guard request.includeClusterAuthorizedOperations else { return .granted }
        return .partly { response in
            if response.errorCode == .none { response.clusterAuthorizedOperations = access.clusterOperations }
        }
    }
}

extension DescribeQuorumAPI {
    static func authorize(
        _ request: inout DescribeQuorumRequest,
        _ access: Access
    ) -> Authorization<DescribeQuorumResponse> { access.requireOnCluster(.describe) }
}

extension UpdateFeaturesAPI {
    static func authorize(
        _ request: inout UpdateFeaturesRequest,
        _ access: Access
    ) -> Authorization<UpdateFeaturesResponse> { access.requireOnCluster(.alter) }
}

extension UnregisterBrokerAPI {
    static func authorize(
        _ request: inout UnregisterBrokerRequest,
        _ access: Access
    ) -> Authorization<UnregisterBrokerResponse> { access.requireOnCluster(.alter) }
}

extension ElectLeadersAPI {
    static func authorize(
        _ request: inout ElectLeadersRequest,
        _ access: Access
    ) -> Authorization<ElectLeadersResponse> { access.requireOnCluster(.alter) }
}

extension AlterPartitionReassignmentsAPI {
    static func authorize(
        _ request: inout AlterPartitionReassignmentsRequest,
        _ access: Access
    ) -> Authorization<AlterPartitionReassignmentsResponse> { access.requireOnCluster(.alter) }
}

extension ListPartitionReassignmentsAPI {
    static func authorize(
        _ request: inout ListPartitionReassignmentsRequest,
        _ access: Access
    ) -> Authorization<ListPartitionReassignmentsResponse> { access.requireOnCluster(.describe) }
}

extension DescribeLogDirsAPI {
    static func authorize(
        _ request: inout DescribeLogDirsRequest,
        _ access: Access
    ) -> Authorization<DescribeLogDirsResponse> { access.requireOnCluster(.describe) }
}

extension AlterReplicaLogDirsAPI {
    static func authorize(
        _ request: inout AlterReplicaLogDirsRequest,
        _ access: Access
    ) -> Authorization<AlterReplicaLogDirsResponse> { access.requireOnCluster(.alter) }
}

extension ListConfigResourcesAPI {
    static func authorize(
        _ request: inout ListConfigResourcesRequest,
        _ access: Access
    ) -> Authorization<ListConfigResourcesResponse> { access.requireOnCluster(.describeConfigs) }
}

extension DescribeClientQuotasAPI {
    static func authorize(
        _ request: inout DescribeClientQuotasRequest,
        _ access: Access
    ) -> Authorization<DescribeClientQuotasResponse> { access.requireOnCluster(.describeConfigs) }
}

extension AlterClientQuotasAPI {
    static func authorize(
        _ request: inout AlterClientQuotasRequest,
        _ access: Access
    ) -> Authorization<AlterClientQuotasResponse> { access.requireOnCluster(.alterConfigs) }
}

extension DescribeAclsAPI {
    static func authorize(_ request: inout DescribeAclsRequest, _ access: Access) -> Authorization<DescribeAclsResponse>
    {
        access.requireOnCluster(.describe)
    }
}

extension CreateAclsAPI {
    static func authorize(_ request: inout CreateAclsRequest, _ access: Access) -> Authorization<CreateAclsResponse> {
        access.requireOnCluster(.alter)
    }
}

extension DeleteAclsAPI {
    static func authorize(_ request: inout DeleteAclsRequest, _ access: Access) -> Authorization<DeleteAclsResponse> {
        access.requireOnCluster(.alter)
    }
}

// MARK: Settings

extension ConfigResource {
    /// Whose rights decide about these settings, and how a refusal is told. An unknown type is refused by the handler.
    fileprivate var guarded: (type: AccessControl.ResourceType, name: String, error: ErrorCode)? {
        switch self {
        case .topic(let name): (.topic, name, .topicAuthorizationFailed)
        case .group(let name): (.group, name, .groupAuthorizationFailed)
        case .broker, .brokerLogger, .clientMetrics:
            (.cluster, AccessControl.ResourceType.clusterName, .clusterAuthorizationFailed)
        case .unsupported: nil
        }
    }

    /// Takes the resources out that the client may not do this to.
    fileprivate static func takeRefused<Item>(
        from items: inout [Item],
        _ operation: ACLOperation,
        _ access: Access,
        resource: (Item) -> ConfigResource
    ) -> [(item: Item, error: ErrorCode)] {
        var refused: [(item: Item, error: ErrorCode)] = []
        items.removeAll { item in
            guard let guarded = resource(item).guarded, !access.allows(operation, on: guarded.type, guarded.name) else {
                return false
            }
            refused.append((item, guarded.error))
            return true
        }
        return refused
    }
}

extension DescribeConfigsAPI {
    static func authorize(
        _ request: inout DescribeConfigsRequest,
        _ access: Access
    ) -> Authorization<DescribeConfigsResponse> {
        let refused = ConfigResource.takeRefused(from: &request.resources, .describeConfigs, access) {
            ConfigResource(type: $0.resourceType, name: $0.resourceName)
        }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.resources += refused.map { item, error in
                .init(errorCode: error, resourceType: item.resourceType, resourceName: item.resourceName)
            }
        }
    }
}

extension AlterConfigsAPI {
    static func authorize(_ request: inout AlterConfigsRequest, _ access: Access) -> Authorization<AlterConfigsResponse>
    {
        let refused = ConfigResource.takeRefused(from: &request.resources, .alterConfigs, access) {
            ConfigResource(type: $0.resourceType, name: $0.resourceName)
        }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.resources += refused.map { item, error in
                .init(errorCode: error, resourceType: item.resourceType, resourceName: item.resourceName)
            }
        }
    }
}

extension IncrementalAlterConfigsAPI {
    static func authorize(
        _ request: inout IncrementalAlterConfigsRequest,
        _ access: Access
    ) -> Authorization<IncrementalAlterConfigsResponse> {
        let refused = ConfigResource.takeRefused(from: &request.resources, .alterConfigs, access) {
            ConfigResource(type: $0.resourceType, name: $0.resourceName)
        }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.resources += refused.map { item, error in
                .init(errorCode: error, resourceType: item.resourceType, resourceName: item.resourceName)
            }
        }
    }
}
