internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import Text

struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Keep the addresses and credentials of servers under names.",
        discussion: """
            A profile says what options and environment variables say otherwise: \(ProfileSetting.names).

            An option of a command comes first, then the profile that -P names, then the environment, then the profile \
            that $MILLRACE_PROFILE names or `millrace profile use` has chosen. Profiles are in \
            $XDG_CONFIG_HOME/millrace/profiles.yaml (~/.config), which only its owner can read; secrets in it are \
            never \
            printed.

            Examples:
              millrace profile create staging bootstrap=broker.example.org:9093 tls=true user=anna --secret password
              millrace profile use staging
              millrace topic list -P staging
              millrace profile import rpk ~/.config/rpk/rpk.yaml
            """,
        subcommands: [
            Create.self, Set.self, Use.self, List.self, Show.self, Edit.self, Delete.self, Import.self,
        ]
    )

    /// Reads the profiles, changes them and writes them.
    static func changing(_ body: (inout ProfileBook) throws -> Void) throws {
        let file = ProfileFile.standard
        var book = try file.read()
        do {
            try body(&book)
        } catch let error as OptionError {
            throw Failure(error.description)
        }
        try file.write(book)
    }
}

/// Settings on the command line and secrets on standard input.
struct ProfileSettingsOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Settings.", valueName: "name=value"))
    var settings: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A setting whose value is read from a line of standard input; repeatable, in order.",
            valueName: "name"
        )
    )
    var secret: [String] = []

    func validate() throws {
        do throws(OptionError) {
            for text in self.settings { _ = try ProfileSetting.assignment(text) }
            for name in self.secret { _ = try ProfileSetting(name: name) }
        } catch {
            throw ValidationError(error.description)
        }
    }

    func values() throws -> ProfileBook.Profile {
        var profile: ProfileBook.Profile = [:]
        for text in self.settings {
            let (setting, value) = try ProfileSetting.assignment(text)
            profile[setting] = value
        }
        for name in self.secret { profile[try ProfileSetting(name: name)] = try PasswordInput.readLine() }
        return profile
    }
}

extension ProfileCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a profile.")

        @OptionGroup var output: OutputOptions
        @Argument(help: "The profile's name.") var name: String
        @OptionGroup var options: ProfileSettingsOptions

        func run() async throws {
            try await Reporting.run {
                let profile = try self.options.values()
                try ProfileCommand.changing { try $0.add(self.name, profile) }
                try self.output.confirm("created", "profile", self.name)
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change settings of a profile.")

        @OptionGroup var output: OutputOptions
        @Argument(help: "The profile's name.") var name: String
        @OptionGroup var options: ProfileSettingsOptions

        @Option(parsing: .singleValue, help: ArgumentHelp("A setting to take away; repeatable.", valueName: "name"))
        var unset: [String] = []

        func run() async throws {
            try await Reporting.run {
                var changes: [ProfileSetting: String?] = [:]
                for (setting, value) in try self.options.values() { changes[setting] = .some(value) }
                for name in self.unset { changes[try ProfileSetting(name: name)] = .some(nil) }
                try ProfileCommand.changing { try $0.change(self.name, changes) }
                try self.output.confirm("changed", "profile", self.name)
            }
        }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Choose the profile that commands use.")

        @OptionGroup var output: OutputOptions
        @Argument(help: "The profile's name.") var name: String

        func run() async throws {
            try await Reporting.run {
                try ProfileCommand.changing { try $0.use(self.name) }
                try self.output.confirm("using", "profile", self.name)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the profiles.", aliases: ["ls"])

        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await Reporting.run {
                let book = try ProfileFile.standard.read()
                var table = TextTable(["NAME", "IN USE", "KAFKA", "KINESIS", "ADMIN", "USER"])
                var json = JSONLine()
                json.array { json in
                    for name in book.names {
                        let profile = book[name] ?? [:]
                        table.add([
                            name, name == book.current ? "yes" : "-", profile[.bootstrap] ?? "-",
                            profile[.endpoint] ?? "-", profile[.admin] ?? "-", profile[.user] ?? "-",
                        ])
                        json.object { json in
                            json.key("name")
                            json.string(name)
                            json.key("inUse")
                            json.boolean(name == book.current)
                            for (key, value) in ProfileBook.lines(profile) {
                                json.key(key)
                                json.string(value)
                            }
                        }
                    }
                }
                json.endLine()
                try self.output.publish(table, json: json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a profile, without its secrets.",
            aliases: ["info"]
        )

        @OptionGroup var output: OutputOptions
        @Argument(help: "The profile's name. (default: the one in use)") var name: String?

        func run() async throws {
            try await Reporting.run {
                let book = try ProfileFile.standard.read()
                guard let name = self.name ?? book.current else {
                    throw NotFound(description: "no profile is in use; `millrace profile use NAME` chooses one")
                }
                guard let profile = book[name] else {
                    throw NotFound(description: "there is no profile \(name); see `millrace profile list`")
                }
                var table = TextTable(["SETTING", "VALUE", "VARIABLE"], wide: [2])
                var json = JSONLine()
                json.object { json in
                    json.key("name")
                    json.string(name)
                    for (key, value) in ProfileBook.lines(profile) {
                        table.add([key, value, ProfileSetting(rawValue: key)?.variable ?? "-"])
                        json.key(key)
                        json.string(value)
                    }
                }
                json.endLine()
                try self.output.publish(table, before: "profile \(name)\n\n", names: [name], json: json)
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete profiles.", aliases: ["rm"])

        @OptionGroup var output: OutputOptions
        @Argument(help: "The profiles' names.") var names: [String]

        func run() async throws {
            try await Reporting.run {
                try await Reporting.each(self.names) { name in
                    guard try ProfileFile.standard.read()[name] != nil else {
                        throw NotFound(description: "there is no profile \(name); see `millrace profile list`")
                    }
                    try ProfileCommand.changing { try $0.remove(name) }
                    try self.output.confirm("deleted", "profile", name)
                }
            }
        }
    }
}
