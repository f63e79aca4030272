internal import AccessControl
internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import KafkaProtocol
internal import Model
internal import Text

/// Access control lists, as kafka-acls keeps them.
struct ACLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acl",
        abstract: "List, add and remove access control lists: who may do what.",
        discussion: """
            ACLs decide when the server runs with authorizer.class.name=true. Then nobody may do anything that no ACL \
            allows, except super.users (`--set super.users=User:admin`). A denial wins over every permission. READ, \
            WRITE, DELETE and ALTER include DESCRIBE; ALTER_CONFIGS includes DESCRIBE_CONFIGS. The same ACLs hold for \
            Kinesis clients: a stream is a topic, PutRecord needs WRITE and GetRecords needs READ.

            Examples:
              millrace acl add --allow User:alice --producer --topic orders
              millrace acl add --allow User:bob --consumer --topic orders --group billing
              millrace acl add --allow User:ops --operation all --topic '*' --cluster
              millrace acl add --deny User:eve --operation read --topic secret- --prefixed
              millrace acl list --topic orders --pattern match
              millrace acl remove --principal User:alice
            """,
        subcommands: [List.self, Add.self, Remove.self]
    )
}

/// Which resources ACLs are about.
struct ACLResourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A topic, or `*` for every one; repeatable.", valueName: "name"))
    var topic: [String] = []

    @Option(help: ArgumentHelp("A consumer group, or `*`; repeatable.", valueName: "name"))
    var group: [String] = []

    @Option(help: ArgumentHelp("A transactional ID, or `*`; repeatable.", valueName: "id"))
    var transactionalId: [String] = []

    @Flag(help: "The cluster as a whole.")
    var cluster = false

    var all: [(type: ResourceType, name: String)] {
        self.topic.map { (.topic, $0) } + self.group.map { (.group, $0) }
            + self.transactionalId.map { (.transactionalID, $0) }
            + (self.cluster ? [(.cluster, ResourceType.clusterName)] : [])
    }
}

extension ACLOperation {
    /// As people write it: `describe-configs`, `DescribeConfigs` or `DESCRIBE_CONFIGS`.
    fileprivate init?(text: String) {
        let plain = { (name: String) in name.lowercased().filter { $0 != "_" && $0 != "-" } }
        guard let operation = Self.allCases.first(where: { plain($0.name) == plain(text) }) else { return nil }
        self = operation
    }

    fileprivate static func parse(_ text: String) throws(Failure) -> ACLOperation {
        guard let operation = ACLOperation(text: text) else {
            let names = Self.allCases.map { $0.name.lowercased() }.joined(separator: ", ")
            throw Failure("\(text) is not an operation; there are \(names)")
        }
        return operation
    }
}

/// What every subcommand prints.
private enum ACLOutput {
    static func write(_ acls: [ACL], _ output: OutputOptions) throws {
        let acls = acls.sorted { "\($0)" < "\($1)" }
        var table = TextTable(["PRINCIPAL", "PERMISSION", "OPERATION", "RESOURCE", "NAME", "PATTERN", "HOST"])
        for acl in acls {
            table.add([
                "\(acl.principal)", acl.permission.name, acl.operation.name, acl.resourceType.name,
                acl.resourceName, acl.patternType.name, acl.host,
            ])
        }
        var json = JSONLine()
        json.array { json in
            for acl in acls {
                json.object { json in
                    for (key, value) in [
                        ("principal", "\(acl.principal)"), ("permission", acl.permission.name),
                        ("operation", acl.operation.name), ("resourceType", acl.resourceType.name),
                        ("resourceName", acl.resourceName), ("patternType", acl.patternType.name), ("host", acl.host),
                    ] {
                        json.key(key)
                        json.string(value)
                    }
                }
            }
        }
        json.endLine()
        try output.publish(table, json: json)
    }

    /// What helps when the server has no authorizer.
    static func run(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ClientError where error.serverCode == .securityDisabled {
            throw Failure("the server has no authorizer: start it with --set authorizer.class.name=true")
        }
    }
}

extension ACLCommand {
    struct List: AsyncParsableCommand {
        enum Pattern: String, ExpressibleByArgument, CaseIterable {
            case any, match, literal, prefixed

            var filter: ACLFilter.Pattern {
                switch self {
                case .any: .any
                case .match: .match
                case .literal: .literal
                case .prefixed: .prefixed
                }
            }
        }

        static let configuration = CommandConfiguration(abstract: "List ACLs.")

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var resources: ACLResourceOptions

        @Option(help: ArgumentHelp("Only those of this principal, for example User:alice.", valueName: "principal"))
        var principal: String?

        @Option(help: "How names are compared; match finds all that are about a resource of the name.")
        var pattern: Pattern = .any

        func run() async throws {
            try await Reporting.run {
                try await ACLOutput.run {
                    try await self.kafka.withCluster { cluster in
                        var found: Set<ACL> = []
                        for filter in self.filters {
                            found.formUnion(try await Admin(cluster: cluster).listACLs(filter))
                        }
                        try ACLOutput.write(Array(found), self.output)
                    }
                }
            }
        }

        private var filters: [ACLFilter] {
            let base = ACLFilter(pattern: self.pattern.filter, principal: self.principal)
            let resources = self.resources.all
            if resources.isEmpty { return [base] }
            return resources.map { type, name in
                var filter = base
                filter.resourceType = type
                filter.resourceName = name
                return filter
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add ACLs. Those that exist already stay.")

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var resources: ACLResourceOptions

        @Option(help: ArgumentHelp("Who may: for example User:alice, User:* for everybody.", valueName: "principal"))
        var allow: [String] = []

        @Option(help: ArgumentHelp("Who may not.", valueName: "principal"))
        var deny: [String] = []

        @Option(help: "What: read, write, create, delete, alter, describe, describe-configs …, all; repeatable.")
        var operation: [String] = []

        @Option(help: ArgumentHelp("From which address only. (default: every one)", valueName: "ip"))
        var host: [String] = []

        @Flag(help: "The names are beginnings of names.")
        var prefixed = false

        @Flag(help: "What a producer needs: write, describe and create on --topic, and its --transactional-id.")
        var producer = false

        @Flag(help: "With --producer: writing idempotently where no topic may be written.")
        var idempotent = false

        @Flag(help: "What a consumer needs: read and describe on --topic, read on --group.")
        var consumer = false

        func run() async throws {
            try await Reporting.run {
                let acls = try self.acls()
                try await ACLOutput.run {
                    try await self.kafka.withCluster { cluster in
                        try await Admin(cluster: cluster).addACLs(acls)
                        try ACLOutput.write(acls, self.output)
                    }
                }
            }
        }

        private typealias Grant = (operation: ACLOperation, type: ResourceType, name: String)

        private func grants() throws(Failure) -> [Grant] {
            var grants: [Grant] = []
            for text in self.operation {
                let operation = try ACLOperation.parse(text)
                for (type, name) in self.resources.all {
                    guard operation == .all || type.operations.allows(operation) else {
                        throw Failure("\(operation.name) is not an operation on a \(type.name)")
                    }
                    grants.append((operation, type, name))
                }
            }
            if self.producer {
                guard !self.resources.topic.isEmpty else { throw Failure("--producer needs --topic") }
                for name in self.resources.topic {
                    grants += [(.write, .topic, name), (.describe, .topic, name), (.create, .topic, name)]
                }
                for id in self.resources.transactionalId {
                    grants += [(.write, .transactionalID, id), (.describe, .transactionalID, id)]
                }
                if self.idempotent { grants.append((.idempotentWrite, .cluster, ResourceType.clusterName)) }
            }
            if self.consumer {
                guard !self.resources.topic.isEmpty, !self.resources.group.isEmpty else {
                    throw Failure("--consumer needs --topic and --group")
                }
                for name in self.resources.topic { grants += [(.read, .topic, name), (.describe, .topic, name)] }
                for name in self.resources.group { grants.append((.read, .group, name)) }
            }
            guard !grants.isEmpty else {
                throw Failure(
                    "say what: --operation with --topic, --group, --transactional-id or --cluster, or "
                        + "--producer, or --consumer"
                )
            }
            return grants
        }

        private func acls() throws(Failure) -> [ACL] {
            guard !self.allow.isEmpty || !self.deny.isEmpty else {
                throw Failure("say who: --allow User:NAME or --deny User:NAME")
            }
            var acls: [ACL] = []
            let who = self.allow.map { (Permission.allow, $0) } + self.deny.map { (Permission.deny, $0) }
            for (permission, text) in who {
                guard let principal = Principal(parsing: text) else {
                    throw Failure("\(text) is not a principal; write User:\(text)")
                }
                for grant in try self.grants() {
                    for host in self.host.isEmpty ? [ACL.anyHost] : self.host {
                        // The cluster has one name; no other begins with it.
                        let isPrefix = self.prefixed && grant.type != .cluster
                        let acl = ACL(
                            permission,
                            grant.operation,
                            on: grant.type,
                            grant.name,
                            isPrefix ? .prefixed : .literal,
                            to: principal,
                            from: host
                        )
                        if !acls.contains(acl) { acls.append(acl) }
                    }
                }
            }
            return acls
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove ACLs: all that match what is given.",
            discussion: "Without any option nothing is removed; `--everything` removes all there are."
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var resources: ACLResourceOptions

        @Option(help: ArgumentHelp("Only those of this principal.", valueName: "principal"))
        var principal: String?

        @Option(help: "Only those about this operation.")
        var operation: String?

        @Option(help: ArgumentHelp("Only those of this address.", valueName: "ip"))
        var host: String?

        @Flag(help: "The names are those of prefixes.")
        var prefixed = false

        @Flag(help: "Remove every ACL.")
        var everything = false

        func run() async throws {
            try await Reporting.run {
                let filters = try self.filters()
                try await ACLOutput.run {
                    try await self.kafka.withCluster { cluster in
                        let removed = try await Admin(cluster: cluster).removeACLs(filters)
                        try ACLOutput.write(removed, self.output)
                    }
                }
            }
        }

        private func filters() throws(Failure) -> [ACLFilter] {
            var base = ACLFilter(pattern: .any, principal: self.principal, host: self.host)
            if let operation { base.operation = try ACLOperation.parse(operation) }
            let resources = self.resources.all
            guard !resources.isEmpty || base != ACLFilter() || self.everything else {
                throw Failure("say which: --topic, --group, --principal …, or --everything")
            }
            if resources.isEmpty { return [base] }
            return resources.map { type, name in
                var filter = base
                filter.resourceType = type
                filter.resourceName = name
                filter.pattern = self.prefixed ? .prefixed : .literal
                return filter
            }
        }
    }
}
