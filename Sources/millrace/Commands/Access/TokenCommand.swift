internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import KafkaClient
internal import Text

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Create, renew, expire and list delegation tokens.",
        discussion: """
            A delegation token lets its bearer act as its owner for some time. The server needs \
            delegation.token.secret.key, and the command an authenticated user.

            Examples:
              millrace token create --user alice --password-file alice.secret
              millrace token list --user alice --password-file alice.secret
              millrace token renew HMAC --user alice --password-file alice.secret
              millrace token expire HMAC --user alice --password-file alice.secret
            A bearer gives the token's ID for its name and the HMAC for its password:
              millrace topic list --user ID --password-file hmac --delegation-token
            """,
        subcommands: [Create.self, Renew.self, Expire.self, List.self]
    )

    /// More than there is of time is all of it.
    fileprivate static func milliseconds(_ seconds: Int64?) -> Int64? {
        seconds.map { seconds in
            let (milliseconds, isOver) = seconds.multipliedReportingOverflow(by: 1000)
            return isOver ? (seconds < 0 ? .min : .max) : milliseconds
        }
    }

    fileprivate static func print(_ token: TokenDescription, _ json: inout JSONLine) {
        json.object { json in
            for (key, value) in [("id", token.id), ("hmac", token.hmac), ("owner", token.owner)] {
                json.key(key)
                json.string(value)
            }
            json.key("renewers")
            json.array { json in
                for renewer in token.renewers { json.string(renewer) }
            }
            for (key, value) in [
                ("issuedAt", token.issuedAt), ("expiresAt", token.expiresAt), ("endsAt", token.endsAt),
            ] {
                json.key(key)
                json.number(value)
            }
        }
    }

    fileprivate static func date(_ milliseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
        return date.formatted(.iso8601)
    }

    fileprivate static func hmac(_ text: String) throws(Failure) -> [UInt8] {
        guard let bytes = Base64.decode(Array(text.utf8)), !bytes.isEmpty else {
            throw Failure("an HMAC is given in base64, as `millrace token create` prints it")
        }
        return bytes
    }

    fileprivate static func print(expiry: Int64, _ output: OutputOptions) throws {
        guard output.isJSON else { return try ResultOutput.write("expires \(Self.date(expiry))\n") }
        var json = JSONLine()
        json.object { json in
            json.key("expiresAt")
            json.number(expiry)
        }
        json.endLine()
        try output.write(json)
    }
}

extension TokenCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a token of the authenticated user, and print its ID and its HMAC."
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "A user who may renew the token besides its owner; repeatable.")
        var renewer: [String] = []

        @Option(help: "Seconds after which it cannot be renewed any more. (default: as long as the server allows)")
        var lifetime: Int64?

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let token = try await Admin(cluster: cluster).createToken(
                        renewers: self.renewer,
                        lifetimeMilliseconds: TokenCommand.milliseconds(self.lifetime)
                    )
                    guard self.output.isJSON else {
                        return try ResultOutput.write(
                            "id       \(token.id)\nhmac     \(token.hmac)\nexpires  "
                                + "\(TokenCommand.date(token.expiresAt))\nends     \(TokenCommand.date(token.endsAt))\n"
                        )
                    }
                    var json = JSONLine()
                    TokenCommand.print(token, &json)
                    json.endLine()
                    try self.output.write(json)
                }
            }
        }
    }

    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Move the expiry of a token.")

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "Seconds from now. (default: as long as the server allows)")
        var period: Int64?

        @Argument(help: "The token's HMAC.")
        var hmac: String

        func run() async throws {
            try await Reporting.run {
                let hmac = try TokenCommand.hmac(self.hmac)
                try await self.kafka.withCluster { cluster in
                    let expiry = try await Admin(cluster: cluster).renewToken(
                        hmac: hmac,
                        periodMilliseconds: TokenCommand.milliseconds(self.period)
                    )
                    try TokenCommand.print(expiry: expiry, self.output)
                }
            }
        }
    }

    struct Expire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a token, or let it expire sooner.")

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "Seconds from now. (default: at once)")
        var period: Int64?

        @Argument(help: "The token's HMAC.")
        var hmac: String

        func run() async throws {
            try await Reporting.run {
                let hmac = try TokenCommand.hmac(self.hmac)
                try await self.kafka.withCluster { cluster in
                    let expiry = try await Admin(cluster: cluster).expireToken(
                        hmac: hmac,
                        periodMilliseconds: TokenCommand.milliseconds(self.period)
                    )
                    try TokenCommand.print(expiry: expiry, self.output)
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens that the authenticated user owns or may renew."
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let tokens = try await Admin(cluster: cluster).listTokens()
                    var table = TextTable(["ID", "OWNER", "RENEWERS", "EXPIRES", "ENDS"])
                    for token in tokens {
                        table.add([
                            token.id, token.owner, token.renewers.joined(separator: ","),
                            TokenCommand.date(token.expiresAt), TokenCommand.date(token.endsAt),
                        ])
                    }
                    var json = JSONLine()
                    json.array { json in
                        for token in tokens { TokenCommand.print(token, &json) }
                    }
                    json.endLine()
                    try self.output.publish(table, json: json)
                }
            }
        }
    }
}
