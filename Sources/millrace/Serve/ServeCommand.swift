internal import ArgumentParser
internal import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a server.",
        discussion: """
            When it accepts connections it prints one line on standard output: \
            `ready kafka=HOST:PORT kinesis=HOST:PORT admin=HOST:PORT start_ms=N`. Logs go to standard error. \
            SIGTERM and SIGINT stop it: requests in flight are finished, everything is flushed, the exit code is 0. \
            SIGHUP has certificates read again, which also happens by itself when their files change.

            Settings are taken from the command line, else from MILLRACE_* environment variables \
            (MILLRACE_DATA_DIR, MILLRACE_KAFKA, MILLRACE_KINESIS, MILLRACE_ADMIN, MILLRACE_LOG_LEVEL, \
            MILLRACE_CONFIG, MILLRACE_PROPERTIES, and MILLRACE_SET_NUM_PARTITIONS for num.partitions and so on), else \
            from the KAFKA_* variables of Kafka's container image, else from --properties, else from the \
            configuration file, else from the defaults. What is changed by Kafka's admin API while the server runs \
            holds over all of them.
            """
    )

    @Option(help: "Where everything is kept; created when missing.", completion: .directory)
    var dataDir: String?

    @Option(
        help:
            "Address of the Kafka listener, HOST:PORT; port 0 picks a free one; `off` for none. (default: 127.0.0.1:9092)"
    )
    var kafka: String?

    @Option(help: "Address of the Kinesis listener; several with commas between them. (default: 127.0.0.1:4567)")
    var kinesis: String?

    @Option(
        help:
            "Streams that are created when they are missing: NAME[:SHARDS[:REGION]], several with commas between them. INITIALIZE_STREAMS and KINESIS_INITIALIZE_STREAMS in the environment are read too."
    )
    var initializeStreams: String?

    @Flag(
        help:
            "Stand in for LocalStack or kinesis-mock: listen for Kinesis on 0.0.0.0 ports 4566, 4567 and 4568, with TLS beside plain text, and print `Ready.` as well, unless another option says otherwise."
    )
    var localstack = false

    @Option(
        help:
            "One more line for standard output when connections are accepted: the words that a program waits for in another server's log."
    )
    var readyText: String?

    @Flag(
        help:
            "Serve TLS on the Kinesis port too, beside plain text. Without --kinesis-tls-cert by a certificate of an authority of its own, which clients trust by DATA-DIR/tls/ca.pem."
    )
    var kinesisTls = false

    @Option(help: "The certificate to serve TLS with, in PEM, and those that vouch for it.", completion: .file())
    var kinesisTlsCert: String?

    @Option(help: "Its key, in PEM. (default: the same file)", completion: .file())
    var kinesisTlsKey: String?

    @Flag(help: "As --kinesis-tls, and clients in plain text are closed.")
    var kinesisTlsOnly = false

    @Option(
        help: "The authorities of clients' certificates, in PEM: clients of the Kinesis port must show one.",
        completion: .file()
    )
    var kinesisTlsClientCa: String?

    @Option(help: "required, or requested: a client may do without a certificate. (default: required)")
    var kinesisTlsClientAuth: String?

    @Option(
        help:
            "Access keys in the form of AWS's credentials file, one for each profile: requests to the Kinesis port must be signed by one of them. (default: all requests are carried out)",
        completion: .file()
    )
    var kinesisCredentials: String?

    @Option(help: "Address of health and metrics. (default: 127.0.0.1:8080)")
    var admin: String?

    @Option(
        help: "The certificate to serve TLS with on the admin port, in PEM, and those that vouch for it.",
        completion: .file()
    )
    var adminTlsCert: String?

    @Option(help: "Its key, in PEM. (default: the same file)", completion: .file())
    var adminTlsKey: String?

    @Option(
        help: "The authorities of clients' certificates, in PEM: clients of the admin port must show one.",
        completion: .file()
    )
    var adminTlsClientCa: String?

    @Option(help: "A YAML file with the same settings.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help:
            "Kafka's server.properties: its listeners, log.dirs and all else that Millrace has; what has no effect here is logged.",
        completion: .file(extensions: ["properties"])
    )
    var properties: String?

    @Flag(help: "Log properties that neither Millrace nor Kafka knows, instead of refusing to start.")
    var tolerateUnknown = false

    @Option(
        help: ArgumentHelp(
            "A user that is made at the start if there is none of this name, for Kafka listeners with SASL.",
            valueName: "name"
        )
    )
    var initialUser: String?

    @Option(
        help: ArgumentHelp(
            "The file that has the password of --initial-user. (default: $MILLRACE_INITIAL_PASSWORD)",
            valueName: "file"
        ),
        completion: .file()
    )
    var initialPasswordFile: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    @Option(
        help:
            "What the server may use of memory, for example 256MiB. (default: a quarter of the machine's, at most 512MiB)"
    )
    var memoryLimit: String?

    @Option(
        help:
            "Bytes of what it wrote that may stay in the system's page cache; off lets the system decide. (default: half of the available memory, measured again as it writes)"
    )
    var pageCacheLimit: String?

    @Option(
        help:
            "Bytes of stored data a second that are verified in the background, for example 50MiB; off for none. (default: 10MiB)"
    )
    var scrubRate: String?

    @OptionGroup(title: "Security options") var security: SecurityOptions

    @OptionGroup(title: "Cluster options") var cluster: ClusterOptions

    @Option(
        name: .customLong("set"),
        parsing: .singleValue,
        help: "A Kafka broker property, NAME=VALUE, for example num.partitions=3; repeatable."
    )
    var settings: [String] = []

    @Option(
        help:
            "Where administrative acts and refusals are noted as lines of JSON: a file that is appended to, or stderr. The same as --set audit.log=FILE. (default: nowhere)",
        completion: .file()
    )
    var auditLog: String?

    @Flag(
        help:
            "Set aside the data of partitions that the metadata does not know, instead of refusing to start. Nothing is deleted."
    )
    var acceptMetadataLoss = false

    func run() async throws {
        let started = ContinuousClock.now
        do {
            var configuration = try ServeConfiguration.resolve(
                commandLine: ServeConfiguration.Layer(
                    dataDirectory: self.dataDir,
                    kafka: self.kafka,
                    kinesis: self.kinesis,
                    initialStreams: self.initializeStreams,
                    localStack: self.localstack ? "on" : nil,
                    readyText: self.readyText,
                    kinesisTLS: self.kinesisTlsOnly ? "only" : self.kinesisTls ? "on" : nil,
                    kinesisTLSCertificate: self.kinesisTlsCert,
                    kinesisTLSKey: self.kinesisTlsKey,
                    kinesisTLSClientCA: self.kinesisTlsClientCa,
                    kinesisTLSClientAuth: self.kinesisTlsClientAuth,
                    adminTLSCertificate: self.adminTlsCert,
                    adminTLSKey: self.adminTlsKey,
                    adminTLSClientCA: self.adminTlsClientCa,
                    kinesisCredentials: self.kinesisCredentials,
                    admin: self.admin,
                    logLevel: self.logLevel,
                    memoryLimit: self.memoryLimit,
                    pageCacheLimit: self.pageCacheLimit,
                    scrubRate: self.scrubRate,
                    security: self.security.layer,
                    cluster: self.cluster.layer,
                    properties: try self.settings.map(ServeConfiguration.property)
                        + (self.auditLog.map { [("audit.log", $0)] } ?? [])
                ),
                file: self.config,
                properties: self.properties,
                toleratesUnknown: self.tolerateUnknown
            )
            configuration.acceptsMetadataLoss = self.acceptMetadataLoss
            configuration.initialUser = try InitialUser(
                name: self.initialUser ?? Environment.value("MILLRACE_INITIAL_USER"),
                passwordFile: self.initialPasswordFile
            )
            try await ServerProcess.run(configuration, started: started)
        } catch let failure as Failure {
            StandardError.write("millrace: \(failure)\n")
            throw ExitCode(failure.exitCode)
        }
    }
}
