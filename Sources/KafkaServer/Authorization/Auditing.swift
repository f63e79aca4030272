internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import Model
internal import Serving

/// What a request did, for the audit log.
struct AuditedAct {
    /// For example `TOPIC:orders`.
    var resource: String
    var error: ErrorCode
    var message: String?

    init(_ resource: String, _ error: ErrorCode, _ message: String? = nil) {
        self.resource = resource
        self.error = error
        self.message = message
    }
}

extension KafkaAPI {
    /// Most APIs change nothing that an auditor asks about.
    static func acts(_ request: Request, _ response: Response) -> [AuditedAct]? { nil }

    /// Has the acts of an administrative request noted when it is answered.
    static func audited(_ request: Request, _ call: Call<Response>) -> Call<Response> {
        let audit = call.broker.environment.audit
        guard audit.isEnabled, self.isAdministrative else { return call }
        let session = call.session
        return call.amended { response in
            for act in Self.acts(request, response) ?? [] {
                audit.record(
                    AuditEvent(
                        .administration,
                        session: session,
                        face: "kafka",
                        operation: Request.apiKey.name,
                        resource: act.resource,
                        outcome: act.error == .none ? .succeeded : Self.isRefusal(act.error) ? .refused : .failed,
                        reason: act.error == .none ? nil : act.message ?? "\(act.error)"
                    )
                )
            }
        }
    }

    private static func isRefusal(_ error: ErrorCode) -> Bool {
        [
            .topicAuthorizationFailed, .groupAuthorizationFailed, .clusterAuthorizationFailed,
            .transactionalIDAuthorizationFailed, .policyViolation, .securityDisabled,
        ].contains(error)
    }
}

extension CreateTopicsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: CreateTopicsRequest, _ response: CreateTopicsResponse) -> [AuditedAct]? {
        // A check of what would be done does nothing.
        if request.validateOnly { return [] }
        return response.topics.map { AuditedAct("TOPIC:\($0.name)", $0.errorCode, $0.errorMessage) }
    }
}

extension DeleteTopicsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: DeleteTopicsRequest, _ response: DeleteTopicsResponse) -> [AuditedAct]? {
        response.topics.map { AuditedAct("TOPIC:\($0.name ?? "\($0.topicID)")", $0.errorCode, $0.errorMessage) }
    }
}

extension CreatePartitionsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: CreatePartitionsRequest, _ response: CreatePartitionsResponse) -> [AuditedAct]? {
        if request.validateOnly { return [] }
        return response.topics.map { AuditedAct("TOPIC:\($0.name)", $0.errorCode, $0.errorMessage) }
    }
}

extension DeleteRecordsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: DeleteRecordsRequest, _ response: DeleteRecordsResponse) -> [AuditedAct]? {
        response.topics.map { topic in
            AuditedAct("TOPIC:\(topic.name)", topic.partitions.map(\.errorCode).first { $0 != .none } ?? .none)
        }
    }
}

extension DeleteGroupsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: DeleteGroupsRequest, _ response: DeleteGroupsResponse) -> [AuditedAct]? {
        response.groups.map { AuditedAct("GROUP:\($0.groupID)", $0.errorCode) }
    }
}

extension OffsetDeleteAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: OffsetDeleteRequest, _ response: OffsetDeleteResponse) -> [AuditedAct]? {
        let errors = [response.errorCode] + response.topics.flatMap { $0.partitions.map(\.errorCode) }
        return [AuditedAct("GROUP:\(request.groupID)", errors.first { $0 != .none } ?? .none)]
    }
}

extension ConfigResource {
    /// As the audit log names it. Values are left out: they may be secret.
    fileprivate static func audited(_ type: Int8, _ name: String, _ configs: [String]) -> String {
        let kind =
            switch ConfigResource(type: type, name: name) {
            case .topic: "TOPIC"
            case .broker: "BROKER"
            case .brokerLogger: "BROKER_LOGGER"
            case .clientMetrics: "CLIENT_METRICS"
            case .group: "GROUP"
            case .unsupported: "UNKNOWN"
            }
        return "\(kind):\(name) \(configs.sorted().joined(separator: ","))"
    }
}

/// A resource whose settings were to be changed, by its type's number.
private struct AlteredResource: Hashable {
    var type: Int8
    var name: String

    /// One act for each answer.
    ///
    /// - Parameter asked: names of settings; of the first request where a resource is named twice.
    static func acts(
        asked: [(resource: AlteredResource, configs: [String])],
        answered: [(resource: AlteredResource, error: ErrorCode, message: String?)]
    ) -> [AuditedAct] {
        let configs = Dictionary(asked.map { ($0.resource, $0.configs) }) { first, _ in first }
        return answered.map { resource, error, message in
            let names = configs[resource] ?? []
            return AuditedAct(ConfigResource.audited(resource.type, resource.name, names), error, message)
        }
    }
}

extension AlterConfigsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: AlterConfigsRequest, _ response: AlterConfigsResponse) -> [AuditedAct]? {
        if request.validateOnly { return [] }
        return AlteredResource.acts(
            asked: request.resources.map {
                (AlteredResource(type: $0.resourceType, name: $0.resourceName), $0.configs.map(\.name))
            },
            answered: response.resources.map {
                (AlteredResource(type: $0.resourceType, name: $0.resourceName), $0.errorCode, $0.errorMessage)
            }
        )
    }
}

extension AlterClientQuotasAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: AlterClientQuotasRequest, _ response: AlterClientQuotasResponse) -> [AuditedAct]? {
        if request.validateOnly { return [] }
        return zip(request.entries, response.entries).map { asked, entry in
            let subject = entry.entity.map { "\($0.entityType) \($0.entityName ?? "(default)")" }
            let quotas = asked.ops.map { $0.remove ? "-\($0.key)" : "\($0.key)=\($0.value)" }
            return AuditedAct(
                "QUOTA:\(subject.joined(separator: ",")) \(quotas.joined(separator: " "))",
                entry.errorCode,
                entry.errorMessage
            )
        }
    }
}

extension IncrementalAlterConfigsAPI {
    static var isAdministrative: Bool { true }

    static func acts(
        _ request: IncrementalAlterConfigsRequest,
        _ response: IncrementalAlterConfigsResponse
    ) -> [AuditedAct]? {
        if request.validateOnly { return [] }
        return AlteredResource.acts(
            asked: request.resources.map {
                (AlteredResource(type: $0.resourceType, name: $0.resourceName), $0.configs.map(\.name))
            },
            answered: response.resources.map {
                (AlteredResource(type: $0.resourceType, name: $0.resourceName), $0.errorCode, $0.errorMessage)
            }
        )
    }
}

extension CreateAclsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: CreateAclsRequest, _ response: CreateAclsResponse) -> [AuditedAct]? {
        zip(request.creations, response.results).map { creation, result in
            let operation = ACLOperation(rawValue: creation.operation)?.name ?? "\(creation.operation)"
            let permission = Permission(rawValue: creation.permissionType)?.name ?? "\(creation.permissionType)"
            let type = ResourceType(rawValue: creation.resourceType)?.name ?? "\(creation.resourceType)"
            let pattern = PatternType(rawValue: creation.resourcePatternType)?.name ?? ""
            return AuditedAct(
                "ACL:\(permission) \(operation) on \(type):\(pattern):\(creation.resourceName) to "
                    + "\(creation.principal) from \(creation.host)",
                result.errorCode,
                result.errorMessage
            )
        }
    }
}

extension DeleteAclsAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: DeleteAclsRequest, _ response: DeleteAclsResponse) -> [AuditedAct]? {
        response.filterResults.flatMap { result -> [AuditedAct] in
            if result.errorCode != .none { return [AuditedAct("ACL", result.errorCode, result.errorMessage)] }
            return result.matchingAcls.map { acl in
                let operation = ACLOperation(rawValue: acl.operation)?.name ?? "\(acl.operation)"
                let permission = Permission(rawValue: acl.permissionType)?.name ?? "\(acl.permissionType)"
                let type = ResourceType(rawValue: acl.resourceType)?.name ?? "\(acl.resourceType)"
                let pattern = PatternType(rawValue: acl.patternType)?.name ?? ""
                return AuditedAct(
                    "ACL:\(permission) \(operation) on \(type):\(pattern):\(acl.resourceName) to \(acl.principal) "
                        + "from \(acl.host)",
                    acl.errorCode,
                    acl.errorMessage
                )
            }
        }
    }
}

extension UnregisterBrokerAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: UnregisterBrokerRequest, _ response: UnregisterBrokerResponse) -> [AuditedAct]? {
        [AuditedAct("CLUSTER:broker \(request.brokerID)", response.errorCode)]
    }
}

extension UpdateFeaturesAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: UpdateFeaturesRequest, _ response: UpdateFeaturesResponse) -> [AuditedAct]? {
        if request.validateOnly { return [] }
        return [AuditedAct("CLUSTER:features", response.errorCode, response.errorMessage)]
    }
}

extension ElectLeadersAPI {
    static var isAdministrative: Bool { true }

    static func acts(_ request: ElectLeadersRequest, _ response: ElectLeadersResponse) -> [AuditedAct]? {
        [AuditedAct("CLUSTER:leaders", response.errorCode)]
    }
}

extension AlterPartitionReassignmentsAPI {
    static var isAdministrative: Bool { true }

    static func acts(
        _ request: AlterPartitionReassignmentsRequest,
        _ response: AlterPartitionReassignmentsResponse
    ) -> [AuditedAct]? {
        [AuditedAct("CLUSTER:reassignments", response.errorCode, response.errorMessage)]
    }
}
