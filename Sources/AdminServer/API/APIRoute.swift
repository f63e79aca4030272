internal import Broker
internal import FoundationEssentials
internal import Metadata
internal import NIOCore

/// How routes of the API are made: refusals have one shape, and changes are written down.
struct APIRoute {
    /// What a change was, for the audit log.
    struct Change {
        var action: String
        /// For example `TOPIC:orders`.
        var resource: String
    }

    let audit: AdminAudit

    /// Something that is looked at.
    func read(
        _ pattern: String,
        role: AdminRole = .viewerWithoutRecords,
        _ documentation: RouteDocumentation,
        _ handle: @escaping @Sendable (AdminRequest) async throws -> AdminAnswer
    ) -> AdminRoute {
        AdminRoute(
            .get,
            pattern,
            access: .role(role),
            documentation: documentation,
            handler: .task { request in
                do {
                    return try await handle(request)
                } catch {
                    return Self.problem(error).answer
                }
            }
        )
    }

    /// A list: search, sort, limit, cursor.
    func list<Row>(
        _ pattern: String,
        _ documentation: (operation: String, summary: String),
        _ shape: JSONShape<Row>,
        sorts: [String],
        parameters: [RouteDocumentation.Parameter] = [],
        errors: [Int] = [],
        _ load: @escaping @Sendable (AdminRequest, PageRequest) async throws -> Page<Row>
    ) -> AdminRoute {
        self.read(
            pattern,
            RouteDocumentation(
                documentation.operation,
                documentation.summary,
                parameters: Self.pageParameters(sorts) + parameters,
                success: .init(JSONPage.schema(shape)),
                errors: errors
            )
        ) { request in
            JSONPage.answer(try await load(request, try PageRequest(request)), shape)
        }
    }

    /// Something that changes what there is.
    ///
    /// - Parameter bytesMax: of a body.
    func change(
        _ method: AdminMethod,
        _ pattern: String,
        role: AdminRole = .operator,
        bytesMax: Int = AdminRoute.bodyBytesMaxDefault,
        bodyTypes: [String] = AdminRoute.bodyTypesDefault,
        _ documentation: RouteDocumentation,
        _ handle: @escaping @Sendable (AdminRequest) async throws -> (AdminAnswer, Change)
    ) -> AdminRoute {
        AdminRoute(
            method,
            pattern,
            access: .role(role),
            bodyBytesMax: bytesMax,
            bodyTypes: bodyTypes,
            documentation: documentation,
            handler: .task { [audit] request in
                let user = request.identity.user
                do {
                    let (answer, change) = try await handle(request)
                    audit(AdminAct(.change, change.action, by: user, request, on: change.resource))
                    return answer
                } catch {
                    let problem = Self.problem(error)
                    let action = "\(method.rawValue) \(request.path)"
                    audit(AdminAct(.change, action, by: user, request, refusal: problem.message))
                    return problem.answer
                }
            }
        )
    }

    static func problem(_ error: any Error) -> APIProblem {
        switch error {
        case let problem as APIProblem: problem
        case let problem as PageProblem: APIProblem(problem)
        case let error as BrokerError: APIProblem(error)
        default: APIProblem(500, "failed", "The request failed.")
        }
    }

    /// The members of a JSON body; those that are not known are passed over.
    static func decode<Input: Decodable>(_ request: AdminRequest) throws(APIProblem) -> Input {
        guard let input = try? JSONDecoder().decode(Input.self, from: Data(request.body.readableBytesView)) else {
            throw .badRequest(
                "The body is not what this path takes.",
                hint: "GET \(OpenAPIDocument.path) describes it."
            )
        }
        return input
    }

    private static func pageParameters(_ sorts: [String]) -> [RouteDocumentation.Parameter] {
        let columns = (["name"] + sorts).flatMap { [$0, "-" + $0] }
        return [
            .init("search", .string, "Only what has this text in its name, in any case."),
            .init("sort", .choice(columns), "A column; - before it for descending."),
            .init("limit", .integer(minimum: 1, maximum: Int64(PageRequest.limitMax)), "Of items; 100 by default."),
            .init("offset", .integer(minimum: 0), "Of the first item."),
            .init("cursor", .string, "In place of offset: nextCursor of the page before."),
        ]
    }
}
