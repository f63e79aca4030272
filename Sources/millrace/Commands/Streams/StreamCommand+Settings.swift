internal import ArgumentParser
internal import CommandCore
internal import Text

extension StreamCommand {
    struct SetMode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "mode",
            abstract: "Say who decides how many shards a stream has.",
            discussion: """
                provisioned: you, by `millrace stream scale`, `split` and `merge`. on-demand: the server, which splits \
                busy shards where throughput limits hold (kinesis.limits=aws).

                Example:
                  millrace stream mode clicks on-demand
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Argument(help: "provisioned or on-demand.")
        var mode: Mode

        func run() async throws {
            try await Reporting.run {
                try await self.kinesis.client().setMode(self.name, self.mode.wireName)
                try self.output.confirm("changed", "stream", self.name)
            }
        }
    }

    struct Retention: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change how long a stream keeps its records.",
            discussion: """
                Kinesis knows 24 hours to 365 days; `millrace topic alter --set retention.ms=…` sets any time.

                Examples:
                  millrace stream retention clicks 48h
                  millrace stream retention clicks 7d
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Argument(help: "How long, in hours (48 or 48h) or days (7d).")
        var time: String

        private func hours() throws -> Int {
            let factor = self.time.hasSuffix("d") ? 24 : 1
            let digits = self.time.hasSuffix("d") || self.time.hasSuffix("h") ? self.time.dropLast() : self.time[...]
            guard let count = Int(digits), (1...8760).contains(count) else {
                throw ValidationError("The time is a number of hours or days: 48, 48h or 7d.")
            }
            return count * factor
        }

        func validate() throws { _ = try self.hours() }

        func run() async throws {
            try await Reporting.run {
                let changed = try await self.kinesis.client().setRetention(self.name, hours: try self.hours())
                try self.output.confirm(changed ? "changed" : "unchanged", "stream", self.name)
            }
        }
    }

    struct Tags: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List, set and remove the tags of a stream.",
            discussion: """
                Examples:
                  millrace stream tags clicks
                  millrace stream tags clicks --set team=web --set env=test --remove owner
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Option(parsing: .singleValue, help: ArgumentHelp("A tag to set; repeatable.", valueName: "key=value"))
        var set: [String] = []

        @Option(parsing: .singleValue, help: ArgumentHelp("A tag to remove; repeatable.", valueName: "key"))
        var remove: [String] = []

        private func pairs() throws -> [(key: String, value: String)] {
            try self.set.map { text in
                guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                    throw ValidationError("--set takes KEY=VALUE, not \(text).")
                }
                return (String(text[..<equals]), String(text[text.index(after: equals)...]))
            }
        }

        func validate() throws { _ = try self.pairs() }

        func run() async throws {
            try await Reporting.run {
                let client = try self.kinesis.client()
                let added = try self.pairs()
                if !self.remove.isEmpty { try await client.removeTags(self.remove, from: self.name) }
                if !added.isEmpty { try await client.addTags(added, to: self.name) }
                try self.print(try await client.tags(of: self.name))
            }
        }

        private func print(_ tags: [KinesisClient.Tag]) throws {
            var table = TextTable(["KEY", "VALUE"])
            for tag in tags { table.add([tag.Key, tag.Value]) }
            var json = JSONLine()
            json.object { json in
                for tag in tags {
                    json.key(tag.Key)
                    json.string(tag.Value)
                }
            }
            json.endLine()
            try self.output.publish(table, json: json)
        }
    }

    struct Consumers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List, register and deregister consumers of enhanced fan-out.",
            discussion: """
                Examples:
                  millrace stream consumers clicks
                  millrace stream consumers clicks --register billing
                  millrace stream consumers clicks --deregister billing
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Option(parsing: .singleValue, help: ArgumentHelp("A consumer to register; repeatable.", valueName: "name"))
        var register: [String] = []

        @Option(parsing: .singleValue, help: ArgumentHelp("A consumer to deregister; repeatable.", valueName: "name"))
        var deregister: [String] = []

        func run() async throws {
            try await Reporting.run {
                let client = try self.kinesis.client()
                for consumer in self.deregister {
                    try await client.changeConsumer("DeregisterStreamConsumer", consumer, of: self.name)
                }
                for consumer in self.register {
                    try await client.changeConsumer("RegisterStreamConsumer", consumer, of: self.name)
                }
                try self.print(try await client.consumers(of: self.name))
            }
        }

        private func print(_ consumers: [KinesisClient.Consumer]) throws {
            var table = TextTable(["NAME", "STATUS", "ARN"])
            for consumer in consumers {
                table.add([consumer.ConsumerName, consumer.ConsumerStatus, consumer.ConsumerARN])
            }
            var json = JSONLine()
            json.array { json in
                for consumer in consumers {
                    json.object { json in
                        json.key("name")
                        json.string(consumer.ConsumerName)
                        json.key("status")
                        json.string(consumer.ConsumerStatus)
                        json.key("arn")
                        json.string(consumer.ConsumerARN)
                    }
                }
            }
            json.endLine()
            try self.output.publish(table, json: json)
        }
    }
}
