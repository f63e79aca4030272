internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Text

struct QuotaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota",
        abstract: "List, set and remove quotas of users, client IDs and addresses.",
        discussion: """
            A quota is for a user, for a client ID, for a user's client ID, or for an address; a `-default` form \
            is for all that have none of their own. Of several that are for a client the most specific one holds: \
            first those of its user and client ID, then of its user, then of its client ID.

              producer_byte_rate         bytes of produce requests and Kinesis puts a second
              consumer_byte_rate         bytes of records read a second, by fetches, GetRecords and SubscribeToShard
              request_percentage         time of one event loop that Kafka requests take, in per cent
              controller_mutation_rate   partitions created and deleted a second
              connection_creation_rate   connections a second (of addresses only)

            A Kafka client beyond its quota has its answer at once and must pause; a Kinesis client is refused with \
            ProvisionedThroughputExceededException, which SDKs try again. Changes hold at once.

            Examples:
              millrace quota list
              millrace quota set --user alice producer_byte_rate=1048576
              millrace quota set --user alice --client-id-default consumer_byte_rate=2097152
              millrace quota set --client-id-default request_percentage=50
              millrace quota set --ip 10.0.0.1 connection_creation_rate=20
              millrace quota remove --user alice producer_byte_rate
            """,
        subcommands: [List.self, Set.self, Remove.self]
    )
}

/// Whom a command is about.
struct QuotaSubjectOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The user, as in `User:NAME`.", valueName: "name"))
    var user: String?

    @Flag(help: "All users without a quota of their own.")
    var userDefault = false

    @Option(help: ArgumentHelp("What a client calls itself; of Kinesis clients the access key ID.", valueName: "id"))
    var clientID: String?

    @Flag(help: "All client IDs without a quota of their own.")
    var clientIDDefault = false

    @Option(help: ArgumentHelp("An address from which clients connect.", valueName: "address"))
    var ip: String?

    @Flag(help: "All addresses without a quota of their own.")
    var ipDefault = false

    func validate() throws {
        for (name, isDefault, option) in [
            (self.user, self.userDefault, "--user"), (self.clientID, self.clientIDDefault, "--client-id"),
            (self.ip, self.ipDefault, "--ip"),
        ] where name != nil && isDefault {
            throw ValidationError("Give either \(option) or \(option)-default.")
        }
        guard !self.subject.parts.isEmpty else {
            throw ValidationError(
                "Whom is the quota for? Give --user, --client-id or --ip, or one of their -default forms."
            )
        }
        guard self.subject.parts.count == 1 || (self.ip == nil && !self.ipDefault) else {
            throw ValidationError("--ip cannot be combined with --user or --client-id.")
        }
    }

    var subject: QuotaSubject {
        var parts: [(type: String, name: String?)] = []
        if self.user != nil || self.userDefault { parts.append(("user", self.user)) }
        if self.clientID != nil || self.clientIDDefault { parts.append(("client-id", self.clientID)) }
        if self.ip != nil || self.ipDefault { parts.append(("ip", self.ip)) }
        return QuotaSubject(parts)
    }
}

extension QuotaSubject {
    /// For people: `user alice, client-id (default)`.
    var text: String { self.parts.map { "\($0.type) \($0.name ?? "(default)")" }.joined(separator: ", ") }
}

extension QuotaCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all quotas that are set.", aliases: ["ls"])

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let listings = try await Admin(cluster: cluster).listQuotas()
                    try self.output.publish(Self.table(listings), json: Self.json(listings))
                }
            }
        }

        private static func table(_ listings: [QuotaListing]) -> TextTable {
            var table = TextTable(["FOR", "QUOTA", "VALUE"])
            for listing in listings {
                for quota in listing.quotas { table.add([listing.subject.text, quota.name, Self.text(quota.value)]) }
            }
            return table
        }

        /// Whole numbers without a fraction.
        private static func text(_ value: Double) -> String { Int64(exactly: value).map { "\($0)" } ?? "\(value)" }

        private static func json(_ listings: [QuotaListing]) -> JSONLine {
            var json = JSONLine()
            json.array { json in
                for listing in listings {
                    json.object { json in
                        for part in listing.subject.parts {
                            json.key(part.type)
                            json.string(part.name)
                        }
                        for quota in listing.quotas {
                            json.key(quota.name)
                            json.literal(Self.text(quota.value))
                        }
                    }
                }
            }
            json.endLine()
            return json
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set quotas; those that are not named stay as they are."
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var subject: QuotaSubjectOptions

        @Argument(help: ArgumentHelp("Quotas and their values.", valueName: "name=value"))
        var quotas: [String]

        private func changes() throws -> [(name: String, value: Double?)] {
            try self.quotas.map { text in
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let value = Double(parts[1]) else {
                    throw ValidationError(
                        "\(text): give NAME=VALUE with a number, for example producer_byte_rate=1048576."
                    )
                }
                return (String(parts[0]), value)
            }
        }

        func validate() throws { _ = try self.changes() }

        func run() async throws {
            try await Reporting.run {
                let changes = try self.changes()
                try await self.kafka.withCluster { cluster in
                    try await Admin(cluster: cluster).alterQuotas(self.subject.subject, changes)
                    try self.output.confirm("set", "quotas of", self.subject.subject.text)
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove quotas; a less specific one may hold then."
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var subject: QuotaSubjectOptions

        @Argument(help: "The quotas' names.")
        var names: [String]

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    try await Admin(cluster: cluster).alterQuotas(self.subject.subject, self.names.map { ($0, nil) })
                    try self.output.confirm("removed", "quotas of", self.subject.subject.text)
                }
            }
        }
    }
}
