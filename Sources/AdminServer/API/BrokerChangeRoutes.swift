internal import Broker
internal import Metadata
internal import Model
internal import NIOCore
internal import Text

/// Changes of the broker's own properties. What they are for the log and for clients takes effect at once.
struct BrokerChangeRoutes: Sendable {
    private struct Input: Decodable {
        var set: [String: String]?
        var reset: [String]?
        var validateOnly: Bool?
        var scope: Scope?
    }

    /// For whom a property is set. What is set for a broker goes before what is set for all of them.
    private enum Scope: String, Decodable {
        case broker
        case cluster
    }

    private let views: BrokerViews

    init(_ views: BrokerViews) { self.views = views }

    func routes(_ make: APIRoute) -> [AdminRoute] {
        let views = self.views
        return [
            make.change(
                .post,
                "/api/v1/settings",
                role: .admin,
                RouteDocumentation(
                    "alterSettings",
                    "Sets properties of the broker while it runs, or takes them back to what they were at its start.",
                    body: .object([
                        .init("set", .dictionary(.string), isRequired: false, "Values by Kafka's names."),
                        .init("reset", .array(.string), isRequired: false, "Names."),
                        .init("validateOnly", .boolean, isRequired: false, "Only says whether it could be done."),
                        .init("scope", .choice(["broker", "cluster"]), isRequired: false, "This broker, by default."),
                    ]),
                    success: .init(.object([.init("changed", .array(SettingRow.shape.schema))])),
                    errors: [409]
                )
            ) { request in
                let input: Input = try APIRoute.decode(request)
                let (set, reset) = (input.set ?? [:], input.reset ?? [])
                let isTrial = input.validateOnly ?? false
                guard !set.isEmpty || !reset.isEmpty else {
                    throw APIProblem.badRequest("There is nothing to change: set and reset are empty.")
                }
                try await views.broker.configStore.alter(
                    input.scope == .cluster ? .everyBroker : .thisBroker,
                    validateOnly: isTrial
                ) { configs throws(BrokerError) in
                    var configs = configs
                    for name in reset { configs[name] = nil }
                    return configs.merging(set) { $1 }
                }
                let names = Set(set.keys).union(reset).sorted()
                let answer = AdminAnswer.json { json in
                    json.object { json in
                        json.key("changed")
                        json.array { json in
                            for row in views.settings(named: names) { SettingRow.shape.write(row, to: &json) }
                        }
                    }
                }
                let action = isTrial ? "validate broker configs" : "alter broker configs"
                // Values may be secrets.
                let resource = "CLUSTER \(names.joined(separator: ","))"
                return (answer, APIRoute.Change(action: action, resource: resource))
            }
        ]
    }
}
