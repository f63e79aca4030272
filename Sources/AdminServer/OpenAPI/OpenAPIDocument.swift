internal import Metadata
internal import NIOCore
internal import Text

/// The OpenAPI 3.1 description of `/api/v1`, made from the table of routes.
struct OpenAPIDocument {
    /// Under this every route is described.
    static let prefix = "/api/v1/"
    static let path = "/api/v1/openapi.json"

    private let routes: [AdminRoute]

    init(_ routes: [AdminRoute]) { self.routes = routes.filter { $0.documentation != nil } + [Self.route { "" }] }

    /// Serves the text, which is made once.
    static func route(_ text: @escaping @Sendable () -> String) -> AdminRoute {
        AdminRoute(
            .get,
            Self.path,
            access: .role(.viewerWithoutRecords),
            documentation: RouteDocumentation(
                "getOpenAPI",
                "This description of the API.",
                success: .init(.dictionary(.any))
            ),
            handler: .immediate { _ in
                AdminAnswer(status: 200, contentType: "application/json", body: ByteBuffer(string: text()))
            }
        )
    }

    var text: String {
        var json = JSONLine()
        var components: [String: JSONSchema] = ["Error": Self.errorSchema]
        json.object { json in
            json.key("openapi")
            json.string("3.1.0")
            json.key("info")
            json.object { json in
                json.key("title")
                json.string("Millrace admin API")
                json.key("version")
                json.string("1")
                json.key("description")
                json.string("Times are milliseconds since the epoch unless a name says otherwise.")
            }
            json.key("paths")
            json.object { json in
                for (pattern, routes) in self.byPattern {
                    json.key(pattern)
                    json.object { json in
                        for route in routes {
                            json.key(route.method.rawValue.lowercased())
                            Self.write(route, to: &json, &components)
                        }
                    }
                }
            }
            json.key("components")
            json.object { json in
                json.key("securitySchemes")
                json.object { json in
                    json.key("token")
                    json.object { json in
                        json.key("type")
                        json.string("http")
                        json.key("scheme")
                        json.string("bearer")
                    }
                }
                json.key("schemas")
                json.object { json in Self.write(&components, to: &json) }
            }
        }
        json.endLine()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private var byPattern: [(pattern: String, routes: [AdminRoute])] {
        var order: [String] = []
        for route in self.routes where !order.contains(route.pattern) { order.append(route.pattern) }
        return order.map { pattern in (pattern, self.routes.filter { $0.pattern == pattern }) }
    }

    /// A schema may name others, which are written then.
    private static func write(_ components: inout [String: JSONSchema], to json: inout JSONLine) {
        var written: Set<String> = []
        while let name = components.keys.filter({ !written.contains($0) }).min() {
            written.insert(name)
            guard let schema = components[name] else { continue }
            json.key(name)
            schema.write(to: &json, &components)
        }
    }

    private static func write(
        _ route: AdminRoute,
        to json: inout JSONLine,
        _ components: inout [String: JSONSchema]
    ) {
        guard let documentation = route.documentation else { return }
        json.object { json in
            json.key("operationId")
            json.string(documentation.operation)
            json.key("summary")
            json.string(documentation.summary)
            if case .role(let role) = route.access {
                json.key("description")
                json.string("Needs the role \(role.rawValue).")
            }
            json.key("parameters")
            json.array { json in
                for parameter in Self.parameters(route, documentation) {
                    Self.write(parameter.parameter, in: parameter.place, to: &json, &components)
                }
            }
            if let body = documentation.body {
                json.key("requestBody")
                json.object { json in
                    json.key("required")
                    json.boolean(true)
                    json.key("content")
                    json.object { json in
                        for type in route.bodyTypes {
                            json.key(type)
                            json.object { json in
                                json.key("schema")
                                (type == "application/json" ? body : .string).write(to: &json, &components)
                            }
                        }
                    }
                }
            }
            json.key("responses")
            json.object { json in Self.write(responsesOf: documentation, to: &json, &components) }
        }
    }

    private static func write(
        responsesOf documentation: RouteDocumentation,
        to json: inout JSONLine,
        _ components: inout [String: JSONSchema]
    ) {
        json.key(String(documentation.success.status))
        json.object { json in
            json.key("description")
            json.string("Done.")
            guard let schema = documentation.success.schema else { return }
            json.key("content")
            json.object { json in
                for type in ["application/json"] + documentation.success.otherTypes {
                    json.key(type)
                    json.object { json in
                        json.key("schema")
                        (type == "application/json" ? schema : .string).write(to: &json, &components)
                    }
                }
            }
        }
        for status in Set([400, 401, 403, 413, 415, 421, 429, 503] + documentation.errors).sorted() {
            json.key(String(status))
            json.object { json in
                json.key("description")
                json.string(Self.meaning(of: status))
                json.key("content")
                json.object { json in
                    json.key("application/json")
                    json.object { json in
                        json.key("schema")
                        JSONSchema.named("Error", Self.errorSchema).write(to: &json, &components)
                    }
                }
            }
        }
    }

    private static func meaning(of status: Int) -> String {
        switch status {
        case 400: "The request is not what this path takes."
        case 401: "Log in first."
        case 403: "Your role does not allow it, or it is allowed on the server's own machine only."
        case 404: "There is no such thing."
        case 409: "It cannot be done as things are."
        case 413: "The body is too long."
        case 415: "The body has the wrong media type."
        case 421: "The server is not known by this name."
        case 429: "Too often."
        case 503: "Not now; try again."
        default: "It failed."
        }
    }

    private static let errorSchema = JSONSchema.object([
        .init(
            "error",
            .object([
                .init("code", .string, "For programs."), .init("message", .string, "For people."),
                .init("hint", .string, isRequired: false, "What helps."),
            ])
        )
    ])

    /// What is in the path comes first, described or not.
    private static func parameters(
        _ route: AdminRoute,
        _ documentation: RouteDocumentation
    ) -> [(parameter: RouteDocumentation.Parameter, place: String)] {
        let names = route.pattern.split(separator: "/").filter { $0.hasPrefix("{") }.map {
            String($0.dropFirst().dropLast())
        }
        let inPath = names.map { name in
            var parameter = documentation.parameters.first { $0.name == name } ?? .init(name, .string, "")
            parameter.isRequired = true
            return (parameter, "path")
        }
        return inPath + documentation.parameters.filter { !names.contains($0.name) }.map { ($0, "query") }
    }

    private static func write(
        _ parameter: RouteDocumentation.Parameter,
        in place: String,
        to json: inout JSONLine,
        _ components: inout [String: JSONSchema]
    ) {
        json.object { json in
            json.key("name")
            json.string(parameter.name)
            json.key("in")
            json.string(place)
            json.key("required")
            json.boolean(parameter.isRequired)
            if !parameter.text.isEmpty {
                json.key("description")
                json.string(parameter.text)
            }
            json.key("schema")
            parameter.schema.write(to: &json, &components)
        }
    }
}

extension JSONSchema {
    /// - Parameter components: what has a name goes there, and is referred to.
    func write(to json: inout JSONLine, _ components: inout [String: JSONSchema]) {
        if case .named(let name, let schema) = self {
            components[name] = schema
            json.object { json in
                json.key("$ref")
                json.string("#/components/schemas/\(name)")
            }
            return
        }
        json.object { json in self.writeMembers(to: &json, &components) }
    }

    private func writeMembers(to json: inout JSONLine, _ components: inout [String: JSONSchema]) {
        switch self {
        case .named, .any: break
        case .string: Self.write(type: "string", to: &json)
        case .number: Self.write(type: "number", to: &json)
        case .boolean: Self.write(type: "boolean", to: &json)
        case .choice(let choices):
            Self.write(type: "string", to: &json)
            json.key("enum")
            json.array { json in for choice in choices { json.string(choice) } }
        case .integer(let minimum, let maximum):
            Self.write(type: "integer", to: &json)
            if let minimum {
                json.key("minimum")
                json.number(minimum)
            }
            if let maximum {
                json.key("maximum")
                json.number(maximum)
            }
        case .array(let element):
            Self.write(type: "array", to: &json)
            json.key("items")
            element.write(to: &json, &components)
        case .dictionary(let value):
            Self.write(type: "object", to: &json)
            json.key("additionalProperties")
            value.write(to: &json, &components)
        case .nullable(let schema):
            json.key("anyOf")
            json.array { json in
                schema.write(to: &json, &components)
                json.object { Self.write(type: "null", to: &$0) }
            }
        case .object(let members): Self.write(members, to: &json, &components)
        }
    }

    private static func write(
        _ members: [Member],
        to json: inout JSONLine,
        _ components: inout [String: JSONSchema]
    ) {
        Self.write(type: "object", to: &json)
        json.key("properties")
        json.object { json in
            for member in members {
                json.key(member.name)
                member.schema.write(to: &json, &components)
            }
        }
        json.key("required")
        json.array { json in for member in members where member.isRequired { json.string(member.name) } }
    }

    private static func write(type: String, to json: inout JSONLine) {
        json.key("type")
        json.string(type)
    }
}
