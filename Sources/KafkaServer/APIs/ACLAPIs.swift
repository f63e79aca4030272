internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import Model

/// DescribeAcls (key 29), versions 1–3 (2: flexible; 3: users as resources).
///
/// Without an authorizer this API and the two below answer SECURITY_DISABLED, as Kafka does.
enum DescribeAclsAPI: KafkaAPI {
    typealias Request = DescribeAclsRequest
    typealias Response = DescribeAclsResponse

    static func start(_ request: DescribeAclsRequest, _ call: Call<DescribeAclsResponse>) {
        guard call.broker.authorizer.isEnabled else {
            call.answer(
                DescribeAclsResponse(
                    errorCode: .securityDisabled,
                    errorMessage: "No Authorizer is configured on the broker"
                )
            )
            return
        }
        let filter = ACLFilter(
            resourceType: request.resourceTypeFilter,
            resourceName: request.resourceNameFilter,
            pattern: request.patternTypeFilter,
            principal: request.principalFilter,
            host: request.hostFilter,
            operation: request.operation,
            permission: request.permissionType
        )
        guard let filter else {
            call.answer(
                DescribeAclsResponse(
                    errorCode: .invalidRequest,
                    errorMessage: "DescribeAclsRequest contains UNKNOWN elements"
                )
            )
            return
        }
        call.answer(DescribeAclsResponse(resources: Self.resources(call.broker.authorizer.acls(matching: filter))))
    }

    /// One for each pattern.
    private static func resources(_ acls: [AccessControl.ACL]) -> [DescribeAclsResponse.Resource] {
        struct Pattern: Hashable {
            var type: Int8
            var name: String
            var pattern: Int8
        }
        var places: [Pattern: Int] = [:]
        var resources: [DescribeAclsResponse.Resource] = []
        for acl in acls {
            let pattern = Pattern(
                type: acl.resourceType.rawValue,
                name: acl.resourceName,
                pattern: acl.patternType.rawValue
            )
            let place = places[pattern] ?? resources.count
            if place == resources.count {
                places[pattern] = place
                resources.append(
                    .init(resourceType: pattern.type, resourceName: pattern.name, patternType: pattern.pattern)
                )
            }
            resources[place].acls.append(
                .init(
                    principal: acl.principal.description,
                    host: acl.host,
                    operation: acl.operation.rawValue,
                    permissionType: acl.permission.rawValue
                )
            )
        }
        return resources
    }

    static func errorResponse(
        to request: DescribeAclsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeAclsResponse? {
        DescribeAclsResponse(errorCode: error)
    }
}

/// CreateAcls (key 30), versions 1–3 (2: flexible; 3: users as resources).
///
/// Differences from Kafka: at most 10,000 ACLs are kept (POLICY_VIOLATION beyond), each name in them has at most 4,096
/// bytes (INVALID_REQUEST), and of one request a hundred ACLs at a time are added together or not at all.
enum CreateAclsAPI: KafkaAPI {
    typealias Request = CreateAclsRequest
    typealias Response = CreateAclsResponse

    static func start(_ request: CreateAclsRequest, _ call: Call<CreateAclsResponse>) {
        let authorizer = call.broker.authorizer
        guard authorizer.isEnabled else {
            call.answer(Self.refused(request, .securityDisabled, "No Authorizer is configured."))
            return
        }
        var response = CreateAclsResponse()
        var acls: [AccessControl.ACL] = []
        for creation in request.creations {
            do throws(ACLRefusal) {
                acls.append(try AccessControl.ACL(creation))
                response.results.append(.init(errorCode: .none, errorMessage: nil))
            } catch {
                response.results.append(.init(errorCode: .invalidRequest, errorMessage: error.message))
            }
        }
        call.answer { [response, acls] in
            var response = response
            do throws(BrokerError) {
                try await authorizer.add(acls)
            } catch {
                let code = error.code == .limitExceeded ? ErrorCode.policyViolation : ErrorCode(error)
                for index in response.results.indices where response.results[index].errorCode == .none {
                    response.results[index] = .init(errorCode: code, errorMessage: error.message)
                }
            }
            return response
        }
    }

    private static func refused(
        _ request: CreateAclsRequest,
        _ error: ErrorCode,
        _ message: String?
    ) -> CreateAclsResponse {
        CreateAclsResponse(results: request.creations.map { _ in .init(errorCode: error, errorMessage: message) })
    }

    static func errorResponse(to request: CreateAclsRequest, _ error: ErrorCode, version: Int16) -> CreateAclsResponse?
    {
        Self.refused(request, error, nil)
    }
}

/// DeleteAcls (key 31), versions 1–3 (2: flexible; 3: users as resources).
enum DeleteAclsAPI: KafkaAPI {
    typealias Request = DeleteAclsRequest
    typealias Response = DeleteAclsResponse

    static func start(_ request: DeleteAclsRequest, _ call: Call<DeleteAclsResponse>) {
        let authorizer = call.broker.authorizer
        guard authorizer.isEnabled else {
            call.answer(Self.refused(request, .securityDisabled, "No Authorizer is configured."))
            return
        }
        call.answer {
            var response = DeleteAclsResponse()
            for filter in request.filters {
                response.filterResults.append(await Self.remove(filter, authorizer))
            }
            return response
        }
    }

    private static func remove(
        _ asked: DeleteAclsRequest.Filter,
        _ authorizer: Authorizer
    ) async -> DeleteAclsResponse.FilterResult {
        let filter = ACLFilter(
            resourceType: asked.resourceTypeFilter,
            resourceName: asked.resourceNameFilter,
            pattern: asked.patternTypeFilter,
            principal: asked.principalFilter,
            host: asked.hostFilter,
            operation: asked.operation,
            permission: asked.permissionType
        )
        guard let filter else {
            return .init(errorCode: .invalidRequest, errorMessage: "Unknown patternFilter or entryFilter.")
        }
        do throws(BrokerError) {
            let removed = try await authorizer.remove(matching: filter)
            return .init(errorCode: .none, errorMessage: nil, matchingAcls: removed.map(Self.described))
        } catch {
            return .init(errorCode: ErrorCode(error), errorMessage: error.message)
        }
    }

    private static func described(_ acl: AccessControl.ACL) -> DeleteAclsResponse.MatchingACL {
        .init(
            errorCode: .none,
            errorMessage: nil,
            resourceType: acl.resourceType.rawValue,
            resourceName: acl.resourceName,
            patternType: acl.patternType.rawValue,
            principal: acl.principal.description,
            host: acl.host,
            operation: acl.operation.rawValue,
            permissionType: acl.permission.rawValue
        )
    }

    private static func refused(
        _ request: DeleteAclsRequest,
        _ error: ErrorCode,
        _ message: String?
    ) -> DeleteAclsResponse {
        DeleteAclsResponse(filterResults: request.filters.map { _ in .init(errorCode: error, errorMessage: message) })
    }

    static func errorResponse(to request: DeleteAclsRequest, _ error: ErrorCode, version: Int16) -> DeleteAclsResponse?
    {
        Self.refused(request, error, nil)
    }
}

/// Why an ACL is refused, in Kafka's words.
struct ACLRefusal: Error {
    var message: String
}

extension AccessControl.ACL {
    /// Throws `ACLRefusal` as Kafka's controller does.
    fileprivate init(_ creation: CreateAclsRequest.Creation) throws(ACLRefusal) {
        guard let resourceType = ResourceType(rawValue: creation.resourceType) else {
            throw ACLRefusal(message: "Invalid resourceType \(Self.name(creation.resourceType))")
        }
        guard let patternType = PatternType(rawValue: creation.resourcePatternType) else {
            let name = creation.resourcePatternType == 2 ? "MATCH" : Self.name(creation.resourcePatternType)
            throw ACLRefusal(message: "Invalid patternType \(name)")
        }
        guard let operation = ACLOperation(rawValue: creation.operation) else {
            throw ACLRefusal(message: "Invalid operation \(Self.name(creation.operation))")
        }
        guard let permission = Permission(rawValue: creation.permissionType) else {
            throw ACLRefusal(message: "Invalid permissionType \(Self.name(creation.permissionType))")
        }
        guard let principal = Principal(parsing: creation.principal) else {
            throw ACLRefusal(
                message: "Could not parse principal from `\(creation.principal)` (no colon is present separating the "
                    + "principal type from the principal name)"
            )
        }
        self.init(
            permission,
            operation,
            on: resourceType,
            creation.resourceName,
            patternType,
            to: principal,
            from: creation.host
        )
        if let problem = self.problem { throw ACLRefusal(message: problem) }
    }

    private static func name(_ code: Int8) -> String { code == 1 ? "ANY" : "UNKNOWN" }
}

extension ACLFilter {
    /// Of the protocol's codes, where 1 means any.
    ///
    /// - Returns: `nil` for codes that Kafka does not know.
    fileprivate init?(
        resourceType: Int8,
        resourceName: String?,
        pattern: Int8,
        principal: String?,
        host: String?,
        operation: Int8,
        permission: Int8
    ) {
        guard let pattern = Pattern(rawValue: pattern) else { return nil }
        self.init(resourceName: resourceName, pattern: pattern, principal: principal, host: host)
        if resourceType != 1 {
            guard let type = ResourceType(rawValue: resourceType) else { return nil }
            self.resourceType = type
        }
        if operation != 1 {
            guard let known = ACLOperation(rawValue: operation) else { return nil }
            self.operation = known
        }
        if permission != 1 {
            guard let known = Permission(rawValue: permission) else { return nil }
            self.permission = known
        }
    }
}
