internal import ArgumentParser
internal import Broker
internal import CommandCore
internal import Metadata
internal import NIOHTTP1
internal import Secrets

/// Roles and tokens of the admin port.
struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin",
        abstract: "Say who may do what on the admin port: roles of users, and tokens that stand for them.",
        discussion: """
            Roles, each of which may do what those before it may: viewer-without-records sees topics, groups, \
            settings and metrics; viewer sees records too; operator changes topics, groups and settings; admin \
            changes who may do what. A token is sent as `Authorization: Bearer TOKEN`.

                millrace admin role set prometheus viewer-without-records --data-dir DIR
                millrace admin token create --user prometheus --days 365 --data-dir DIR
            """,
        subcommands: [Role.self, Token.self]
    )

    struct Role: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Roles of users on the admin port.",
            subcommands: [Set.self, List.self, Remove.self]
        )

        private struct Body: Encodable { var role: String }
        private struct Entry: Decodable {
            var user: String
            var role: String
            var isConfigured: Bool
        }
        private struct Answer: Decodable { var roles: [Entry] }

        struct Set: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Give a user a role.")

            @OptionGroup var options: AdminOptions
            @Argument(help: "The user: alice, or User:alice.") var user: String
            @Argument(help: "viewer-without-records, viewer, operator or admin.") var role: String

            func run() async throws {
                try await Reporting.run {
                    guard let user = UserName.parse(self.user) else {
                        throw Failure("\(self.user) is not the name of a user")
                    }
                    guard let role = AdminRole(rawValue: self.role) else {
                        throw Failure("a role is one of \(AdminRole.names), not \(self.role)")
                    }
                    switch try await self.options.target() {
                    case .server(let client):
                        let path = "/api/v1/admin-roles/" + AdminClient.segment(user)
                        try await client.call(.PUT, path, Body(role: role.rawValue))
                    case .directory(let offline):
                        try await offline.changing { try await offline.access.setRole(role, of: user) }
                    }
                    try ResultOutput.write("\(user) is \(role.rawValue)\n")
                }
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Show who has which role.")

            @OptionGroup var options: AdminOptions

            func run() async throws {
                try await Reporting.run {
                    var table = TextTable(["USER", "ROLE", "FROM"])
                    switch try await self.options.target() {
                    case .server(let client):
                        let answer = try await client.call(
                            .GET,
                            "/api/v1/admin-roles",
                            NoBody?.none,
                            as: Answer.self
                        )
                        for entry in answer.roles {
                            table.add([entry.user, entry.role, entry.isConfigured ? "configuration" : "metadata"])
                        }
                    case .directory(let offline):
                        for (user, role, _) in offline.access.allRoles { table.add([user, role.rawValue, "metadata"]) }
                    }
                    try ResultOutput.write(table.text)
                }
            }
        }

        struct Remove: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Take a user's role away.")

            @OptionGroup var options: AdminOptions
            @Argument(help: "The user: alice, or User:alice.") var user: String

            func run() async throws {
                try await Reporting.run {
                    guard let user = UserName.parse(self.user) else {
                        throw Failure("\(self.user) is not the name of a user")
                    }
                    switch try await self.options.target() {
                    case .server(let client):
                        let path = "/api/v1/admin-roles/" + AdminClient.segment(user)
                        try await client.call(.DELETE, path, NoBody?.none)
                    case .directory(let offline):
                        try await offline.changing { try await offline.access.setRole(nil, of: user) }
                    }
                    try ResultOutput.write("\(user) has no role\n")
                }
            }
        }
    }

    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tokens of users for the admin port.",
            subcommands: [Create.self, List.self, Delete.self]
        )

        private struct Body: Encodable {
            var user: String
            var lifeSeconds: Int64
        }
        private struct Entry: Decodable {
            var tokenID: String
            var user: String
            var expiresAt: Int64
            var token: String?
        }
        private struct Answer: Decodable { var tokens: [Entry] }

        struct Create: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Make a token and print it, once.")

            @OptionGroup var options: AdminOptions
            @Option(help: "Whose token it is: alice, or User:alice.") var user: String
            @Option(help: "How many days it is good for.") var days: Int64 = 30

            func run() async throws {
                try await Reporting.run {
                    guard let user = UserName.parse(self.user) else {
                        throw Failure("\(self.user) is not the name of a user")
                    }
                    guard (1...731).contains(self.days) else { throw Failure("--days is from 1 to 731") }
                    let seconds = self.days * 86_400
                    let text: String
                    switch try await self.options.target() {
                    case .server(let client):
                        let body = Body(user: user, lifeSeconds: seconds)
                        text = try await client.call(.POST, "/api/v1/admin-tokens", body, as: Entry.self).token ?? ""
                    case .directory(let offline):
                        let made = try await offline.changing {
                            try await offline.access.createToken(user: user, lifeMilliseconds: seconds * 1000)
                        }
                        text = made.text.withBytes { String(decoding: $0, as: UTF8.self) }
                    }
                    try ResultOutput.write(text + "\n")
                    StandardError.write("The token is not shown again.\n")
                }
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Show the tokens, without their texts.")

            @OptionGroup var options: AdminOptions

            func run() async throws {
                try await Reporting.run {
                    var tokens: [(id: String, user: String, expiresAt: Int64)] = []
                    switch try await self.options.target() {
                    case .server(let client):
                        let answer = try await client.call(
                            .GET,
                            "/api/v1/admin-tokens",
                            NoBody?.none,
                            as: Answer.self
                        )
                        tokens = answer.tokens.map { ($0.tokenID, $0.user, $0.expiresAt) }
                    case .directory(let offline):
                        tokens = offline.access.allTokens.map { ($0.id, $0.user, $0.expiresAt) }
                    }
                    var table = TextTable(["TOKEN ID", "USER", "STATE"])
                    let now = OfflineAccess.now
                    for token in tokens {
                        let days = (token.expiresAt - now) / 86_400_000
                        table.add([token.id, token.user, token.expiresAt > now ? "\(days) days left" : "over"])
                    }
                    try ResultOutput.write(table.text)
                }
            }
        }

        struct Delete: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Remove a token: it is refused from then on.")

            @OptionGroup var options: AdminOptions
            @OptionGroup var output: OutputOptions
            @Argument(help: "The token's ID.") var id: String

            func run() async throws {
                try await Reporting.run {
                    switch try await self.options.target() {
                    case .server(let client):
                        try await client.call(
                            .DELETE,
                            "/api/v1/admin-tokens/" + AdminClient.segment(self.id),
                            NoBody?.none
                        )
                    case .directory(let offline):
                        try await offline.changing { try await offline.access.deleteToken(self.id) }
                    }
                    try self.output.confirm("deleted", "token", self.id)
                }
            }
        }
    }
}
