// swift-tools-version: 6.2
import PackageDescription

/// `make fuzz` builds our own code with libFuzzer's counters. Other builds see nothing of it.
let isFuzzing = Context.environment["MILLRACE_FUZZ"] != nil

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK: Target.Dependency = .product(name: "NIOHPACK", package: "swift-nio-http2")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")

/// What the fuzz targets read with.
let fuzzed: [Target.Dependency] = [
    "Model", "KafkaProtocol", "KafkaSamples", "RecordBatch", "LogCore", "LogFiles", "Authentication", "BearerTokens",
    "Metadata", "Coordination", "CoordinatorRuntime", "GroupCoordinator", "TransactionCoordinator", "Broker",
    "KafkaServer", "KinesisProtocol", "KinesisServer", "LogObjects", "RecordSearch",
    "Text", nio, nioHTTP1,
]

/// What makes a release binary small (decision 0061): nothing is exported from it, so that what is not used can go, and
/// functions of the same instructions are one.
let releaseLink = ["-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--icf=safe"]

func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A core with files that are not Swift, which something else embeds.
func core(_ name: String, _ dependencies: [Target.Dependency], exclude: [String]) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.byName(name: name), "TestSupport"] + dependencies,
        swiftSettings: settings
    )
}

func systemLibrary(_ name: String, pkgConfig: String?, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

/// The fuzz targets under mutations, in `swift test`.
let fuzzTests: Target = .testTarget(
    name: "FuzzTests",
    dependencies: fuzzed + ["TestSupport"],
    path: "FuzzTesting",
    exclude: ["Driver"],
    swiftSettings: settings
)

/// The same targets under libFuzzer. The toolchain's own linker cannot read the debug information of these objects.
let fuzzDriver: Target = .executableTarget(
    name: "fuzz",
    dependencies: fuzzed,
    path: "FuzzTesting",
    exclude: ["Tests"],
    swiftSettings: settings,
    linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]
)

let package = Package(
    name: "millrace",
    products: [.executable(name: "millrace", targets: ["millrace"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
    ],
    targets: [
        .target(name: "CMillraceBase64"),
        .target(name: "CMillraceHash"),
        .target(name: "CLinuxShim"),
        .target(
            name: "CMillraceICU",
            cSettings: [.define("MILLRACE_EMPTY_ICU_DATA", .when(configuration: .release))]
        ),
        systemLibrary("CSystemZlib", pkgConfig: "zlib", debian: "zlib1g-dev"),
        systemLibrary("CSystemLZ4", pkgConfig: "liblz4", debian: "liblz4-dev"),
        systemLibrary("CSystemZstd", pkgConfig: "libzstd", debian: "libzstd-dev"),
        systemLibrary("CSystemSnappy", pkgConfig: nil, debian: "libsnappy-dev"),
        systemLibrary("CSystemCrypto", pkgConfig: "libcrypto", debian: "libssl-dev"),

        core("Model"),
        core("Secrets", ["CSystemCrypto"]),
        core("Certificates", ["Text", "CSystemCrypto"]),
        core("Authentication", ["Model", "Text", "CSystemCrypto"]),
        core("Threads", ["CLinuxShim", nio]),
        core("Text", ["CMillraceBase64"]),
        core("Quotas", ["Model"]),
        core("ResourcePolicies", ["Model"]),
        core("Serving", ["Model", "Quotas", "Threads", "Text", nio, logging]),
        core("KafkaProtocol", ["Model", nio]),
        core(
            "RecordBatch",
            ["Model", "CMillraceHash", "CSystemZlib", "CSystemLZ4", "CSystemZstd", "CSystemSnappy", nio]
        ),
        core("LogCore", ["Model", "Text", "RecordBatch", nio]),
        core("LogFiles", ["Model", "Threads", "RecordBatch", "LogCore", "CLinuxShim", nio, logging]),
        core("AccessControl", ["Model", "Text"]),
        core("Metadata", ["Model", "Text", "AccessControl", "Authentication"]),
        core("MetadataSQLite", ["Metadata", "RecordBatch", grdb]),
        core("MetadataEtcd", ["ClientTLS", "Metadata", nio, nioPosix, nioHPACK, nioHTTP2, logging]),
        core("ObjectStore", ["Model", "Text", "ClientTLS", "KinesisProtocol", nio, nioPosix, nioHTTP1]),
        core("LogObjects", ["Model", "Text", "RecordBatch", "LogCore", "Metadata", nio]),
        core(
            "ObjectEngine",
            [
                "Model", "Threads", "RecordBatch", "LogCore", "Metadata", "ObjectStore", "LogObjects", nio, logging,
            ]
        ),
        core("ClusterControl", ["Model", "Metadata", "LogObjects"]),
        core("RecordSearch", ["Model", "Text", "KinesisProtocol", "RecordBatch", "LogCore", nio]),
        core("Simulation", ["Model", "Threads", "RecordBatch", "LogCore", "LogFiles", nio, logging]),
        core("Coordination", ["Model"]),
        core("CoordinatorRuntime", ["Model", "Text", "RecordBatch", "LogCore", "Coordination", nio, logging]),
        core("GroupCoordinator", ["Model", "Text", "Coordination"]),
        core("TransactionCoordinator", ["Model", "Coordination"]),
        core("LeaseTables", ["Model", "Coordination"]),
        core(
            "Broker",
            [
                "Quotas",
                "Model", "Threads", "Serving", "Text", "Secrets", "KafkaProtocol", "KinesisProtocol", "RecordBatch",
                "LogCore", "AccessControl", "Authentication", "Metadata", "Coordination", "CoordinatorRuntime",
                "GroupCoordinator",
                "TransactionCoordinator", "LeaseTables", nio,
                logging,
            ]
        ),
        core(
            "KafkaServer",
            [
                "Quotas",
                "Model", "Text", "Authentication", "Serving", "CLinuxShim", "KafkaProtocol", "RecordBatch", "LogCore",
                "AccessControl",
                "Metadata", "Coordination", "CoordinatorRuntime", "GroupCoordinator", "TransactionCoordinator",
                "Broker", "ServerTLS", nio, nioPosix, logging,
            ]
        ),
        core(
            "ClusterMember",
            ["Model", "Metadata", "LogObjects", "ClusterControl", "Broker", logging]
        ),
        core("KinesisProtocol", ["Model", "Text", "Secrets", "CSystemCrypto", "CSystemZlib", nio]),
        core(
            "KinesisServer",
            [
                "Quotas", "ResourcePolicies",
                "Model", "Serving", "Text", "KinesisProtocol", "RecordBatch", "LogCore", "AccessControl", "Metadata",
                "Coordination", "CoordinatorRuntime", "LeaseTables", "Broker", "ServerTLS", nio, nioPosix, nioHTTP1,
                nioHTTP2, logging,
            ]
        ),
        core(
            "AdminServer",
            [
                "Model", "Text", "Secrets", "Serving", "ServerTLS", "KinesisProtocol", "RecordBatch", "LogCore",
                "RecordSearch", "Metadata", "Coordination", "CoordinatorRuntime", "GroupCoordinator", "Broker", nio,
                nioPosix, nioHTTP1, logging,
            ]
        ),
        // Its style and modules are embedded by scripts/generate-console (decision 0068).
        core(
            "Console",
            ["Model", "Text", "AccessControl", "LogCore", "Metadata", "Broker", "AdminServer", nio],
            exclude: ["Web"]
        ),
        core("ServerTLS", ["Model", "Certificates", "Serving", nio, nioPosix, nioTLS, nioSSL, logging]),
        core("ClientTLS", [nio, nioPosix, nioTLS, nioSSL]),
        core("BearerTokens", ["Text", "Authentication", "ClientTLS", jwt, nio, nioPosix, nioHTTP1, logging]),
        core(
            "KafkaClient",
            ["Model", "AccessControl", "Authentication", "ClientTLS", "KafkaProtocol", "RecordBatch", nio, nioPosix]
        ),
        core("InterBroker", ["Model", "KafkaProtocol", "KafkaClient", "Broker", nio]),
        core(
            "CommandCore",
            [
                "Model", "Text", "KafkaProtocol", "KinesisProtocol", "RecordBatch", "LogCore", "CoordinatorRuntime",
                "KafkaClient", nio,
            ]
        ),
        core(
            "LoadGenerator",
            [
                "Model", "Text", "ClientTLS", "KafkaProtocol", "RecordBatch", "KinesisProtocol", "KafkaClient",
                "CSystemCrypto", nio, nioPosix, histogram,
            ]
        ),
        .executableTarget(
            name: "millrace",
            dependencies: [
                "Quotas",
                "Model", "Threads", "Serving", "Text", "Secrets", "Authentication", "BearerTokens", "Certificates",
                "CLinuxShim", "CMillraceICU",
                "KafkaProtocol", "RecordBatch", "LogCore", "LogFiles", "AccessControl", "Metadata", "MetadataSQLite",
                "MetadataEtcd", "ObjectStore", "LogObjects", "ObjectEngine", "ClusterMember", "Broker",
                "InterBroker", "KafkaServer", "KinesisProtocol", "KinesisServer",
                "AdminServer", "Console", "ServerTLS",
                "ClientTLS", "KafkaClient", "CommandCore", "LoadGenerator", nio, nioPosix, nioHTTP1, logging,
                .product(name: "Yams", package: "Yams"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(releaseLink, .when(configuration: .release))]
        ),

        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: settings),
        .target(
            name: "LogTestSupport",
            dependencies: ["Model", "RecordBatch", "LogCore", "CoordinatorRuntime", nio],
            path: "Tests/LogSupport",
            swiftSettings: settings
        ),
        .target(
            name: "MetadataTestSupport",
            dependencies: ["Metadata"],
            path: "Tests/MetadataSupport",
            swiftSettings: settings
        ),
        .target(
            name: "EtcdTestSupport",
            dependencies: ["MetadataEtcd", nio, nioPosix, logging],
            path: "Tests/EtcdSupport",
            swiftSettings: settings
        ),
        .target(
            name: "KafkaSamples",
            dependencies: ["Model", "KafkaProtocol", nio],
            path: "Tests/KafkaSamples",
            swiftSettings: settings
        ),
        .testTarget(name: "TidyTests", swiftSettings: settings),
        tests("Quotas", ["Model"]),
        tests("ResourcePolicies", ["Model"]),
        tests("Serving", ["Model", "Quotas", "Threads", nio, nioEmbedded, logging]),
        tests("Text"),
        tests("Secrets"),
        tests("Certificates", ["Text", nioSSL]),
        tests(
            "AdminServer",
            [
                "Model", "Serving", "Secrets", "KinesisProtocol", "RecordBatch", "LogCore", "Metadata",
                "GroupCoordinator", "Broker", "LogTestSupport", nio, nioPosix, nioEmbedded, nioHTTP1,
            ]
        ),
        tests("Console", ["AdminServer", "Broker", "LogCore", "Metadata", "Model", "Serving", nio]),
        tests("Authentication", ["Model", "Text"]),
        tests("BearerTokens", ["Authentication", jwt, logging]),
        tests("ServerTLS", ["Model", "Certificates", "Serving", nio, nioPosix, nioEmbedded, nioTLS, nioSSL, logging]),
        tests("KafkaProtocol", ["Model", "KafkaSamples", nio]),
        tests("RecordBatch", ["Model", "CSystemZlib", "CSystemZstd", nio]),
        tests("LogCore", ["Model", "RecordBatch", nio, nioEmbedded]),
        tests(
            "LogFiles",
            [
                "Model", "Threads", "Simulation", "RecordBatch", "LogCore", "LogTestSupport", nio, nioPosix,
                nioEmbedded,
                logging,
            ]
        ),
        tests("Simulation", ["Model", "Threads", "RecordBatch", "LogCore", "LogFiles", nio, logging]),
        tests("AccessControl", ["Model"]),
        tests("Metadata", ["Model", "Text", "AccessControl", "Authentication"]),
        tests("MetadataSQLite", ["Metadata", "MetadataTestSupport", "Model", grdb]),
        tests(
            "MetadataEtcd",
            ["Metadata", "MetadataTestSupport", "EtcdTestSupport", "Certificates", "ClientTLS", nio, nioPosix, logging]
        ),
        tests("ObjectStore", ["Model", "KinesisProtocol", nio, nioPosix, nioHTTP1]),
        tests("RecordSearch", ["Model", "Text", "KinesisProtocol", "RecordBatch", "LogCore", nio]),
        tests("LogObjects", ["Model", "RecordBatch", "LogCore", "Metadata", "MetadataTestSupport", nio]),
        tests(
            "ObjectEngine",
            [
                "Model", "Threads", "RecordBatch", "LogCore", "LogTestSupport", "Metadata", "MetadataEtcd",
                "MetadataTestSupport", "EtcdTestSupport", "ObjectStore", "LogObjects", nio, nioPosix, logging,
            ]
        ),
        tests(
            "ClusterMember",
            [
                "Model", "Metadata", "MetadataSQLite", "LogCore", "LogObjects", "ClusterControl", "CoordinatorRuntime",
                "Broker", "Serving", "AccessControl", "Authentication", "Quotas", "Secrets",
                "LogTestSupport", nio, nioPosix, logging,
            ]
        ),
        tests("ClusterControl", ["Model", "Metadata", "MetadataTestSupport", "LogObjects"]),
        tests("Coordination"),
        tests(
            "CoordinatorRuntime",
            ["Model", "RecordBatch", "LogCore", "Coordination", "LogTestSupport", nio, nioEmbedded, logging]
        ),
        tests("GroupCoordinator", ["Model", "Coordination"]),
        tests("TransactionCoordinator", ["Model", "Coordination"]),
        tests("LeaseTables", ["Model", "Coordination"]),
        tests(
            "Broker",
            [
                "Quotas",
                "Model", "Serving", "KafkaProtocol", "RecordBatch", "LogCore", "AccessControl", "Authentication",
                "Metadata", "MetadataTestSupport",
                "Coordination", "CoordinatorRuntime", "GroupCoordinator", "TransactionCoordinator", "LeaseTables",
                "LogTestSupport",
                nio, nioPosix,
                nioEmbedded, logging,
            ]
        ),
        tests(
            "KafkaServer",
            [
                "Quotas",
                "Model", "Serving", "AccessControl", "KafkaProtocol", "KafkaSamples", "RecordBatch", "LogCore",
                "LogFiles", "Metadata", "MetadataSQLite", "Coordination", "CoordinatorRuntime", "GroupCoordinator",
                "Broker", "LogTestSupport", "ServerTLS", nio, nioPosix, nioEmbedded, logging,
            ]
        ),
        tests("CommandCore", ["Model", "Text", "KafkaClient", "KafkaProtocol", "RecordBatch", "LogCore", nio]),
        tests("KafkaClient", ["Model", "KafkaProtocol", "RecordBatch", nio, nioPosix]),
        tests("InterBroker", ["Model", "KafkaProtocol", "KafkaClient", "Broker", nio, nioPosix]),
        tests(
            "LoadGenerator",
            ["Model", "ClientTLS", "KafkaProtocol", "RecordBatch", "KinesisProtocol", "KafkaClient", nio]
        ),
        tests("KinesisProtocol", ["Model", "Text", "Secrets", nio]),
        tests(
            "KinesisServer",
            [
                "Quotas", "ResourcePolicies",
                "Model", "Serving", "Text", "AccessControl", "KinesisProtocol", "RecordBatch", "LogCore", "Metadata",
                "Broker", nio, nioEmbedded, nioHTTP1, logging,
            ]
        ),
    ] + (isFuzzing ? [fuzzDriver] : [fuzzTests])
)
