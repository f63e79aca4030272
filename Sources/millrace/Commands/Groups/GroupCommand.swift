internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import KafkaProtocol
internal import Text

struct GroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group",
        abstract: "List and describe consumer groups, see their lag, move and copy their offsets.",
        discussion: """
            A group comes into being when its first consumer joins: `millrace consume TOPIC --group NAME`.

            Examples:
              millrace group list
              millrace group describe billing
              millrace group lag --watch
              millrace group seek billing --to @-1h --dry-run
              millrace group clone billing billing-test
              millrace group delete billing
            """,
        subcommands: [
            List.self, Describe.self, Lag.self, Seek.self, Clone.self, DeleteOffsets.self, Delete.self,
        ]
    )
}

extension GroupCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the groups.", aliases: ["ls"])

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var watch: WatchOptions

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    try await self.watch.repeating {
                        let groups = try await Admin(cluster: cluster).listGroups()
                        try self.output.publish(Self.table(groups), json: Self.json(groups))
                    }
                }
            }
        }

        private static func table(_ groups: [GroupListing]) -> TextTable {
            var table = TextTable(["NAME", "STATE", "TYPE", "PROTOCOL"])
            for group in groups { table.add([group.groupID, group.state, group.type, group.protocolType]) }
            return table
        }

        private static func json(_ groups: [GroupListing]) -> JSONLine {
            var json = JSONLine()
            json.array { json in
                for group in groups {
                    json.object { json in
                        json.key("name")
                        json.string(group.groupID)
                        json.key("state")
                        json.string(group.state)
                        json.key("type")
                        json.string(group.type)
                        json.key("protocolType")
                        json.string(group.protocolType)
                    }
                }
            }
            json.endLine()
            return json
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete groups and their committed offsets. A group with members cannot be deleted.",
            aliases: ["rm"]
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The groups' names.", completion: .groupNames)
        var names: [String]

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    try await Reporting.each(self.names) { name in
                        do {
                            try await Admin(cluster: cluster).deleteGroup(name)
                        } catch let error as ClientError where error.serverCode == .nonEmptyGroup {
                            throw Failure(
                                "group \(name) has members; stop them (see `millrace group describe \(name)`) and try again"
                            )
                        }
                        try self.output.confirm("deleted", "group", name)
                    }
                }
            }
        }
    }

    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a group's members and how far it has come in each partition.",
            discussion: """
                With --admin, or --data-dir of a server on this machine, also why the group rebalanced lately.
                """,
            aliases: ["info"]
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var ports: PortOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var watch: WatchOptions

        @Argument(help: "The group's name.", completion: .groupNames)
        var name: String

        func run() async throws {
            try await Reporting.run {
                let history = try self.ports.adminClient(self.kafka.tlsFiles.filesOrDefault)
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    try await self.watch.repeating {
                        let group = try await admin.describeGroup(self.name)
                        let progress = try await admin.progress(
                            of: self.name,
                            also: group.members.flatMap(\.assignment)
                        )
                        let rebalances = try await history?.rebalances(of: self.name)
                        if self.output.format == .text || self.output.format == .wide {
                            return try Self.printText(group, progress, rebalances ?? [])
                        }
                        try self.output.publish(
                            Self.offsets(group, progress),
                            names: [group.groupID],
                            json: Self.json(group, progress, rebalances)
                        )
                    }
                }
            }
        }

        private static func printText(
            _ group: GroupDescription,
            _ progress: [GroupProgress],
            _ rebalances: [GroupRebalance]
        ) throws {
            var text = "name      \(group.groupID)\nstate     \(group.state)\n"
            if !group.protocolName.isEmpty { text += "assignor  \(group.protocolName)\n" }
            text += "members   \(group.members.count)\n"
            if !group.members.isEmpty {
                var members = TextTable(["MEMBER", "CLIENT", "HOST", "PARTITIONS"])
                for member in group.members.sorted(by: { $0.memberID < $1.memberID }) {
                    let partitions = member.assignment.map(\.description).joined(separator: " ")
                    members.add([
                        member.memberID, member.clientID, member.host, partitions.isEmpty ? "-" : partitions,
                    ])
                }
                text += "\n" + members.text
            }
            if !progress.isEmpty { text += "\n" + Self.offsets(group, progress).text }
            if !rebalances.isEmpty { text += "\n" + GroupRebalance.table(rebalances).text }
            try ResultOutput.write(text)
        }

        private static func offsets(_ group: GroupDescription, _ progress: [GroupProgress]) -> TextTable {
            var table = TextTable(
                ["TOPIC", "PARTITION", "OFFSET", "END", "LAG", "MEMBER"],
                numbers: [1, 2, 3, 4]
            )
            for entry in progress {
                let owner = group.members.first { $0.assignment.contains(entry.partition) }
                table.add([
                    entry.partition.topic,
                    "\(entry.partition.partition)",
                    entry.committed.map { "\($0)" } ?? "-",
                    entry.end.map { "\($0)" } ?? "-",
                    entry.lag.map { "\($0)" } ?? "-",
                    owner?.memberID ?? "-",
                ])
            }
            return table
        }

        private static func json(
            _ group: GroupDescription,
            _ progress: [GroupProgress],
            _ rebalances: [GroupRebalance]?
        ) -> JSONLine {
            var json = JSONLine()
            json.object { json in
                json.key("name")
                json.string(group.groupID)
                json.key("state")
                json.string(group.state)
                json.key("assignor")
                json.string(group.protocolName)
                json.key("members")
                json.array { json in
                    for member in group.members {
                        json.object { json in
                            json.key("memberID")
                            json.string(member.memberID)
                            json.key("instanceID")
                            json.string(member.instanceID)
                            json.key("clientID")
                            json.string(member.clientID)
                            json.key("host")
                            json.string(member.host)
                            json.key("partitions")
                            json.array { json in
                                for partition in member.assignment { Self.writeName(of: partition, to: &json) }
                            }
                        }
                    }
                }
                json.key("offsets")
                json.array { json in
                    for entry in progress {
                        json.object { json in
                            json.key("topic")
                            json.string(entry.partition.topic)
                            json.key("partition")
                            json.number(entry.partition.partition)
                            json.key("offset")
                            json.number(entry.committed)
                            json.key("end")
                            json.number(entry.end)
                            json.key("lag")
                            json.number(entry.lag)
                        }
                    }
                }
                if let rebalances { GroupRebalance.write(rebalances, to: &json) }
            }
            json.endLine()
            return json
        }

        private static func writeName(of partition: NamedPartition, to json: inout JSONLine) {
            json.object { json in
                json.key("topic")
                json.string(partition.topic)
                json.key("partition")
                json.number(partition.partition)
            }
        }
    }
}
