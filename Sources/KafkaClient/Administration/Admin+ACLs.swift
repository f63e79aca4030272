package import AccessControl
internal import KafkaProtocol
internal import Model

extension Admin {
    /// The ACLs that a filter means.
    ///
    /// - Throws: `ClientError` with `.server(.securityDisabled)` when the server has no authorizer.
    package func listACLs(_ filter: ACLFilter) async throws -> [ACL] {
        let request = DescribeAclsRequest(
            resourceTypeFilter: filter.resourceType?.rawValue ?? 1,
            resourceNameFilter: filter.resourceName,
            patternTypeFilter: filter.pattern.rawValue,
            principalFilter: filter.principal,
            hostFilter: filter.host,
            operation: filter.operation?.rawValue ?? 1,
            permissionType: filter.permission?.rawValue ?? 1
        )
        let response = try await self.cluster.anyConnection().send(request)
        guard response.errorCode == .none else {
            throw ClientError.server(response.errorCode, "ACLs", message: response.errorMessage)
        }
        return response.resources.flatMap { resource in
            resource.acls.compactMap { acl in
                Self.acl(
                    resource.resourceType,
                    resource.resourceName,
                    resource.patternType,
                    acl.principal,
                    acl.host,
                    acl.operation,
                    acl.permissionType
                )
            }
        }
    }

    /// Adds ACLs; those that exist already stay.
    package func addACLs(_ acls: [ACL]) async throws {
        let request = CreateAclsRequest(
            creations: acls.map { acl in
                .init(
                    resourceType: acl.resourceType.rawValue,
                    resourceName: acl.resourceName,
                    resourcePatternType: acl.patternType.rawValue,
                    principal: acl.principal.description,
                    host: acl.host,
                    operation: acl.operation.rawValue,
                    permissionType: acl.permission.rawValue
                )
            }
        )
        let response = try await self.cluster.controllerConnection().send(request, wait: .seconds(30))
        for (acl, result) in zip(acls, response.results) where result.errorCode != .none {
            throw ClientError.server(result.errorCode, "ACL \(acl)", message: result.errorMessage)
        }
    }

    /// Removes the ACLs that filters mean.
    ///
    /// - Returns: what was removed.
    package func removeACLs(_ filters: [ACLFilter]) async throws -> [ACL] {
        let request = DeleteAclsRequest(
            filters: filters.map { filter in
                .init(
                    resourceTypeFilter: filter.resourceType?.rawValue ?? 1,
                    resourceNameFilter: filter.resourceName,
                    patternTypeFilter: filter.pattern.rawValue,
                    principalFilter: filter.principal,
                    hostFilter: filter.host,
                    operation: filter.operation?.rawValue ?? 1,
                    permissionType: filter.permission?.rawValue ?? 1
                )
            }
        )
        let response = try await self.cluster.controllerConnection().send(request, wait: .seconds(30))
        var removed: [ACL] = []
        for result in response.filterResults {
            guard result.errorCode == .none else {
                throw ClientError.server(result.errorCode, "ACLs", message: result.errorMessage)
            }
            removed += result.matchingAcls.compactMap { acl in
                Self.acl(
                    acl.resourceType,
                    acl.resourceName,
                    acl.patternType,
                    acl.principal,
                    acl.host,
                    acl.operation,
                    acl.permissionType
                )
            }
        }
        return removed
    }

    /// `nil` for codes that this client does not know.
    private static func acl(
        _ type: Int8,
        _ name: String,
        _ pattern: Int8,
        _ principal: String,
        _ host: String,
        _ operation: Int8,
        _ permission: Int8
    ) -> ACL? {
        guard let type = ResourceType(rawValue: type), let pattern = PatternType(rawValue: pattern),
            let principal = Principal(parsing: principal), let operation = ACLOperation(rawValue: operation),
            let permission = Permission(rawValue: permission)
        else { return nil }
        return ACL(permission, operation, on: type, name, pattern, to: principal, from: host)
    }
}
