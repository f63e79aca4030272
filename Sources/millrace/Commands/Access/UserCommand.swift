internal import ArgumentParser
internal import Authentication
internal import CommandCore
internal import KafkaClient
internal import KafkaProtocol
internal import Text

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Add, list and remove users of Kafka listeners with SASL, and set their passwords.",
        discussion: """
            A user is a name with a password for SCRAM; PLAIN accepts the same password. The password stays in this \
            command: what the server gets and keeps is derived from it.

            The first user is made by the server itself: \
            `millrace serve --initial-user NAME --initial-password-file FILE`.

            Examples:
              millrace user add alice --new-password-file alice.secret --user admin --password-file admin.secret
              echo secret | millrace user password alice
              millrace user list
              millrace user remove alice
            """,
        subcommands: [Add.self, Password.self, List.self, Remove.self]
    )

    /// The mechanisms that a password is set for.
    struct MechanismOptions: ParsableArguments {
        @Option(help: "SCRAM-SHA-256 or SCRAM-SHA-512; repeatable. (default: both)")
        var mechanism: [String] = []

        var hashes: [ScramHash] {
            get throws(Failure) {
                guard !self.mechanism.isEmpty else { return ScramHash.allCases }
                var hashes: [ScramHash] = []
                for name in self.mechanism {
                    guard let hash = SaslMechanism(rawValue: name.uppercased())?.scramHash else {
                        throw Failure("--mechanism is SCRAM-SHA-256 or SCRAM-SHA-512, not \(name)")
                    }
                    hashes.append(hash)
                }
                return hashes
            }
        }
    }

    /// The password that is set.
    struct PasswordToSetOptions: ParsableArguments {
        @Option(
            help: "The file that has the new password. (default: a line of standard input)",
            completion: .file()
        )
        var newPasswordFile: String?

        @Option(help: "How often the password is hashed, 4096 to 16384.")
        var iterations = ScramHash.iterations.lowerBound

        func validate() throws {
            guard ScramHash.iterations.contains(self.iterations) else {
                throw ValidationError("--iterations must be from 4096 to 16384")
            }
        }

        func read() throws(Failure) -> String {
            if let path = self.newPasswordFile { return try PasswordInput.read(file: path) }
            return try PasswordInput.readLine()
        }
    }

    fileprivate static func setPassword(
        of name: String,
        _ password: PasswordToSetOptions,
        _ mechanisms: MechanismOptions,
        _ admin: Admin
    ) async throws {
        let text = try password.read()
        for hash in try mechanisms.hashes {
            try await admin.setPassword(of: name, text, hash: hash, iterations: password.iterations)
        }
    }
}

extension UserCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user.")

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var mechanisms: MechanismOptions
        @OptionGroup var password: PasswordToSetOptions

        @Argument(help: "The user's name.")
        var name: String

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    guard try await !admin.listUsers().contains(where: { $0.name == self.name }) else {
                        throw Failure("user \(self.name) exists; `millrace user password` sets another password")
                    }
                    try await UserCommand.setPassword(of: self.name, self.password, self.mechanisms, admin)
                    try self.output.confirm("added", "user", self.name)
                }
            }
        }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set another password. Connections of the user stay until they authenticate again."
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var mechanisms: MechanismOptions
        @OptionGroup var password: PasswordToSetOptions

        @Argument(help: "The user's name.")
        var name: String

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    guard try await admin.listUsers().contains(where: { $0.name == self.name }) else {
                        throw NotFound(description: "there is no user \(self.name)")
                    }
                    try await UserCommand.setPassword(of: self.name, self.password, self.mechanisms, admin)
                    try self.output.confirm("changed", "user", self.name)
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove users. Connections of a user stay until they authenticate again."
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var mechanisms: MechanismOptions

        @Argument(help: "The users' names.")
        var names: [String]

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    let users = try await admin.listUsers()
                    for name in self.names {
                        guard let user = users.first(where: { $0.name == name }) else {
                            throw NotFound(description: "there is no user \(name)")
                        }
                        let hashes = try self.mechanisms.hashes
                        for hash in hashes where user.mechanisms.contains(where: { $0.mechanism == hash.mechanism }) {
                            try await admin.removePassword(of: name, hash: hash)
                        }
                        try self.output.confirm("removed", "user", name)
                    }
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the users and what they have passwords for.",
            aliases: ["ls"]
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let users = try await Admin(cluster: cluster).listUsers()
                    try self.output.publish(Self.table(users), json: Self.json(users))
                }
            }
        }

        private static func table(_ users: [UserDescription]) -> TextTable {
            var table = TextTable(["NAME", "MECHANISMS"])
            for user in users {
                let mechanisms = user.mechanisms.map { "\($0.mechanism.rawValue) (\($0.iterations))" }
                table.add([user.name, mechanisms.joined(separator: ", ")])
            }
            return table
        }

        private static func json(_ users: [UserDescription]) -> JSONLine {
            var json = JSONLine()
            json.array { json in
                for user in users {
                    json.object { json in
                        json.key("name")
                        json.string(user.name)
                        json.key("mechanisms")
                        json.object { json in
                            for (mechanism, iterations) in user.mechanisms {
                                json.key(mechanism.rawValue)
                                json.number(iterations)
                            }
                        }
                    }
                }
            }
            json.endLine()
            return json
        }
    }
}
