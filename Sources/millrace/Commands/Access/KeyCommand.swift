internal import ArgumentParser
internal import Broker
internal import CommandCore
internal import Metadata
internal import NIOHTTP1
internal import Secrets
internal import Text

/// Access keys of users, with which AWS's clients sign.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make and manage access keys, with which clients of the Kinesis API sign their requests.",
        discussion: """
            An access key belongs to a user: `millrace key create --user alice --data-dir DIR` prints its ID and \
            its secret, once. Clients take them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; their requests are \
            `User:alice`'s. From the first key on, requests to the Kinesis port have to be signed; removing the last \
            key does not open it again (`millrace serve --kinesis-auth off` does).

            Secrets are stored encrypted under the key in DATA-DIR/secrets.key (or --secrets-key-file). Keep a copy \
            of that file, apart from backups of the data.
            """,
        subcommands: [Create.self, List.self, Enable.self, Disable.self, Delete.self, RotateSecrets.self]
    )

    /// As the API has it.
    struct Key: Codable {
        var accessKeyID: String
        var user: String
        var isEnabled: Bool
        var createdAt: Int64
        var secretAccessKey: String?

        init(_ key: AccessKey, secret: SecretBytes? = nil) {
            self.accessKeyID = key.id
            self.user = key.user
            self.isEnabled = key.isEnabled
            self.createdAt = key.createdAt
            self.secretAccessKey = secret?.withBytes { String(decoding: $0, as: UTF8.self) }
        }

        func write(to json: inout JSONLine) {
            json.object { json in
                json.key("accessKeyID")
                json.string(self.accessKeyID)
                json.key("user")
                json.string(self.user)
                json.key("isEnabled")
                json.boolean(self.isEnabled)
                json.key("createdAt")
                json.number(self.createdAt)
                if let secretAccessKey {
                    json.key("secretAccessKey")
                    json.string(secretAccessKey)
                }
            }
        }
    }

    private struct KeyList: Decodable { var accessKeys: [Key] }
    private struct UserBody: Encodable { var user: String }

    private static let path = "/api/v1/access-keys"

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an access key and print it, once.")

        @OptionGroup var options: AdminOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "Whose key it is: alice, or User:alice.")
        var user: String

        func run() async throws {
            try await Reporting.run {
                guard let user = UserName.parse(self.user) else {
                    throw Failure("\(self.user) is not the name of a user")
                }
                let key: Key
                switch try await self.options.target() {
                case .server(let client):
                    key = try await client.call(.POST, KeyCommand.path, UserBody(user: user), as: Key.self)
                case .directory(let offline):
                    let made = try await offline.create(user)
                    key = Key(made.key, secret: made.secret)
                }
                guard !self.output.isJSON else {
                    var json = JSONLine()
                    key.write(to: &json)
                    json.endLine()
                    return try self.output.write(json)
                }
                try ResultOutput.write(
                    """
                    user               \(key.user)
                    access key ID      \(key.accessKeyID)
                    secret access key  \(key.secretAccessKey ?? "")

                    """
                )
                StandardError.write("The secret is not shown again.\n")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the access keys, without their secrets.")

        @OptionGroup var options: AdminOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "Of this user only.")
        var user: String?

        func run() async throws {
            try await Reporting.run {
                var keys: [Key]
                switch try await self.options.target() {
                case .server(let client):
                    keys = try await client.call(.GET, KeyCommand.path, NoBody?.none, as: KeyList.self).accessKeys
                case .directory(let offline): keys = offline.keys.keys.map { Key($0) }
                }
                if let user { keys = keys.filter { $0.user == UserName.parse(user) } }
                var table = TextTable(["ACCESS KEY ID", "USER", "STATE"])
                for key in keys { table.add([key.accessKeyID, key.user, key.isEnabled ? "enabled" : "disabled"]) }
                var json = JSONLine()
                json.array { json in for key in keys { key.write(to: &json) } }
                json.endLine()
                try self.output.publish(table, json: json)
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a disabled access key sign again.")

        @OptionGroup var options: AdminOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The access key ID.")
        var id: String

        func run() async throws {
            try await Reporting.run {
                try await self.options.setEnabled(true, self.id)
                try self.output.confirm("enabled", "access key", self.id)
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse requests that an access key signs, until it is enabled again."
        )

        @OptionGroup var options: AdminOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The access key ID.")
        var id: String

        func run() async throws {
            try await Reporting.run {
                try await self.options.setEnabled(false, self.id)
                try self.output.confirm("disabled", "access key", self.id)
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an access key for good.")

        @OptionGroup var options: AdminOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The access key ID.")
        var id: String

        func run() async throws {
            try await Reporting.run {
                switch try await self.options.target() {
                case .server(let client):
                    try await client.call(
                        .DELETE,
                        KeyCommand.path + "/" + AdminClient.segment(self.id),
                        NoBody?.none
                    )
                case .directory(let offline): try await offline.changing { try await offline.keys.delete(self.id) }
                }
                try self.output.confirm("deleted", "access key", self.id)
            }
        }
    }

    struct RotateSecrets: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-secrets",
            abstract: "Encrypt all stored secrets under a new key, and put it into the secrets' key file."
        )

        private struct Answer: Decodable {
            var keyID: String
            var secrets: Int
        }

        @OptionGroup var options: AdminOptions

        func run() async throws {
            try await Reporting.run {
                let (keyID, secrets): (String, Int)
                switch try await self.options.target() {
                case .server(let client):
                    let answer = try await client.call(
                        .POST,
                        "/api/v1/secrets-key/rotate",
                        NoBody?.none,
                        as: Answer.self
                    )
                    (keyID, secrets) = (answer.keyID, answer.secrets)
                case .directory(let offline):
                    (keyID, secrets) = try await offline.changing {
                        // Nothing is sealed again unless everything can be opened.
                        try await offline.keys.load()
                        return try await offline.keys.rotateSecretsKey()
                    }
                }
                try ResultOutput.write("\(secrets) secrets are encrypted under the new key \(keyID)\n")
            }
        }
    }
}

extension AdminOptions {
    fileprivate func setEnabled(_ isEnabled: Bool, _ id: String) async throws {
        switch try await self.target() {
        case .server(let client):
            let action = isEnabled ? "enable" : "disable"
            try await client.call(
                .POST,
                "/api/v1/access-keys/\(AdminClient.segment(id))/\(action)",
                NoBody?.none
            )
        case .directory(let offline):
            try await offline.changing { try await offline.keys.setEnabled(isEnabled, of: id) }
        }
    }
}

extension OfflineAccess {
    fileprivate func create(_ user: String) async throws -> (key: AccessKey, secret: SecretBytes) {
        try await self.changing {
            try await self.keys.load()
            return try await self.keys.create(user: user, now: Self.now)
        }
    }

    /// Runs a change, with its error as a command reports it.
    @discardableResult
    func changing<Result>(_ change: () async throws -> Result) async throws -> Result {
        do {
            return try await change()
        } catch let error as BrokerError {
            if error.code == .unknownTopicOrPartition { throw NotFound(description: error.message) }
            throw Failure(error.message)
        }
    }
}
