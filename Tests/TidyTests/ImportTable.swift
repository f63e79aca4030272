/// Which target may import which outside module, and which of our own targets it may see.
///
/// Transcribed from the style guide's import table and its "arrows point down only"; widening a row is a decision to
/// record in `docs/decisions/`.
enum ImportTable {
    static let cores: Set<String> = [
        "Model", "KafkaProtocol", "RecordBatch", "LogCore", "Metadata", "Coordination", "GroupCoordinator",
        "TransactionCoordinator", "ShareCoordinator", "LeaseTables", "AccessControl", "Authentication",
        "Quotas", "ResourcePolicies", "ClusterControl", "RecordSearch",
    ]
    static let servers: Set<String> = ["KafkaServer", "KinesisServer", "AdminServer"]
    static let adapters: Set<String> = [
        "LogFiles", "MetadataSQLite", "ObjectStore", "LogObjects", "MetadataEtcd", "ObjectEngine",
    ]
    static let executables: Set<String> = ["millrace"]
    /// What stores data; chosen and made by the executable alone.
    static let engines = adapters

    /// C shims of system libraries: seen only by the target that wraps them.
    static let cModules = "C"

    /// Modules that are part of the language and never need a row.
    static let language: Set<String> = ["Swift", "Synchronization", "_Concurrency"]

    private static let network = servers.union([
        "ClientTLS", "ServerTLS", "KafkaClient", "LoadGenerator", "BearerTokens", "InterBroker",
    ])
    .union(executables)
    private static let bufferOnly: Set<String> = [
        "KafkaProtocol", "KinesisProtocol", "RecordBatch", "LogCore", "CommandCore", "RecordSearch",
    ]
    private static let foundation = servers.union(adapters).union(executables)
        .union(["KinesisProtocol", "KafkaClient", "BearerTokens", "Console"])

    /// Outside module to the targets that may import it.
    static let outside: [String: Set<String>] = [
        "NIOCore": network.union(bufferOnly)
            .union(["Broker", "CoordinatorRuntime", "LogFiles", "Threads", "Serving", "Simulation"])
            .union(["MetadataEtcd", "ObjectStore", "LogObjects", "ObjectEngine", "Console"]),
        // Decisions 0058 and 0059: clients of etcd and of object stores, on NIO alone.
        "NIOPosix": network.union(["MetadataEtcd", "ObjectStore"]),
        // Decisions 0012 and 0048: one target of the clients and one of the servers know the TLS library.
        "NIOSSL": ["ClientTLS", "ServerTLS"],
        "NIOTLS": ["ClientTLS", "ServerTLS"],
        "NIOConcurrencyHelpers": network,
        "NIOFoundationCompat": servers.union(executables),
        "NIOHTTP1": ["KinesisServer", "AdminServer", "BearerTokens", "millrace", "ObjectStore"],
        "NIOHTTP2": ["KinesisServer", "AdminServer", "MetadataEtcd"],
        "NIOHPACK": ["MetadataEtcd"],
        // Decision 0049: signatures of tokens.
        "JWTKit": ["BearerTokens"],
        "Hummingbird": ["KinesisServer", "AdminServer"],
        "AsyncHTTPClient": ["ObjectStore", "MetadataEtcd"],
        "GRPCCore": ["ObjectStore", "MetadataEtcd"],
        "GRDB": ["MetadataSQLite"],
        "SystemPackage": ["LogFiles"],
        // Decision 0021: the simulated disk speaks in the system's error numbers.
        // Decision 0065: a directory as an object store.
        "Glibc": [
            "LogFiles", "MetadataSQLite", "ObjectStore", "Threads", "Simulation", "LoadGenerator", "ServerTLS",
            "millrace",
        ],
        "Histogram": ["LoadGenerator"],
        // Decision 0021: NIO's `EventLoop` names a dispatch queue, so a simulated one must.
        "Dispatch": executables.union(["Simulation"]),
        "FoundationEssentials": foundation,
        "Foundation": foundation,
        "ArgumentParser": executables,
        "ServiceLifecycle": executables,
        "UnixSignals": executables,
        "Yams": executables,
        "Logging": network.union(adapters).union([
            "Broker", "CoordinatorRuntime", "Serving", "Simulation", "ClusterMember",
        ]),
        "Crypto": ["KinesisProtocol", "KafkaServer", "KinesisServer", "Broker", "millrace"],
    ]

    /// How far up a target is; it may import targets of a lower level only. C shims are below everything.
    static let level: [String: Int] = [
        "Model": 0, "Threads": 0, "Text": 0, "Secrets": 0,
        "Quotas": 1, "ResourcePolicies": 1, "Serving": 2, "Certificates": 1, "AccessControl": 1, "Authentication": 1,
        "KafkaProtocol": 1, "KinesisProtocol": 1, "Coordination": 1,
        "RecordBatch": 2, "ServerTLS": 3,
        "LogCore": 3, "Metadata": 3, "GroupCoordinator": 3, "TransactionCoordinator": 3, "ShareCoordinator": 3,
        "LeaseTables": 3,
        "LogFiles": 4, "MetadataSQLite": 4, "ObjectStore": 4, "LogObjects": 5, "MetadataEtcd": 4,
        "RecordSearch": 4,
        "CoordinatorRuntime": 4,
        "Broker": 6, "ObjectEngine": 6, "ClusterControl": 6, "ClusterMember": 7, "BearerTokens": 2,
        "KafkaServer": 7, "KinesisServer": 7, "AdminServer": 7, "ClientTLS": 1, "KafkaClient": 4,
        "Simulation": 5, "LoadGenerator": 5, "CommandCore": 5,
        "InterBroker": 7, "Console": 8,
        "millrace": 9,
    ]

    /// The seam between the broker and the log engines: it names event loops as addresses to call back on (decision
    /// 0005) and runs nothing on them.
    static let namesEventLoops: Set<String> = [
        "Sources/LogCore/PartitionLog.swift", "Sources/LogCore/ReadWaiter.swift",
        "Sources/LogCore/Partition/Wakeups.swift",
    ]

    /// Why `target` may not import `module`, or nil when it may.
    static func objection(to module: String, in target: String) -> String? {
        if language.contains(module) || target.hasPrefix(cModules) { return nil }
        if module.hasPrefix(cModules), module.dropFirst().first?.isUppercase == true, outside[module] == nil {
            return nil
        }
        if let allowed = outside[module] {
            if allowed.contains(target) { return nil }
            return "\(target) may not import \(module) (allowed: \(allowed.sorted().joined(separator: ", ")))"
        }
        guard let theirs = level[module] else {
            return "\(module) is not in the import table"
        }
        guard let ours = level[target] else {
            return "target \(target) is not in the import table"
        }
        if target == "Broker", engines.contains(module) {
            return "Broker may not import \(module): it reaches engines through the interfaces of LogCore and Metadata"
        }
        return theirs < ours ? nil : "\(target) may not import \(module): arrows point down only"
    }

    /// The module of an `import` line with any access level, attributes and kind; nil for other lines.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0]
            .split(whereSeparator: \.isWhitespace)
        let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) { words.removeFirst() }
        guard words.first == "import", words.count > 1 else { return nil }
        words.removeFirst()
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "var", "let"]
        if kinds.contains(words[0]), words.count > 1 { words.removeFirst() }
        return words[0].split(separator: ".").first.map(String.init)
    }
}
