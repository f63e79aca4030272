internal import ArgumentParser
internal import ClientTLS
internal import CommandCore
internal import FoundationEssentials
internal import KafkaClient

struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Follow topics of a Kafka cluster into this server.",
        discussion: """
            Reads topics of any Kafka cluster and writes each partition into the partition of the same number here, in \
            order, with keys, headers and times; records of aborted transactions are left out. Topics that are missing \
            here are made with the same partitions and settings; what exists stays. It follows until it is stopped, or \
            with --once until it has what there was when it began.

            How far it has come is in the file --positions, with the offset here for every offset there. When it is \
            started again it finds out what it wrote after the file was saved: no record is lost and none is written \
            twice, as long as nothing else writes to those topics here. With --groups what the groups of the cluster \
            have committed is translated and committed here every ten seconds, for groups without members here: to cut \
            over, stop the consumers, let the mirror run ten seconds longer, and start them with the new address.

            Examples:
              millrace mirror --from old.example.org:9092 --topic orders --groups
              millrace mirror --from-properties old.properties --all --once --positions /var/lib/mirror.positions
            """
    )

    @OptionGroup var kafka: KafkaOptions

    @Option(help: ArgumentHelp("Address of the cluster that is read.", valueName: "host:port"))
    var from: String?

    @Option(
        help: ArgumentHelp("Kafka's client.properties for that cluster: address, TLS, password.", valueName: "file"),
        completion: .file(extensions: ["properties"])
    )
    var fromProperties: String?

    @Option(
        name: .shortAndLong,
        parsing: .singleValue,
        help: ArgumentHelp("A topic; repeatable.", valueName: "name")
    )
    var topic: [String] = []

    @Flag(help: "All topics that are not internal, those that are made later included.")
    var all = false

    @Flag(help: "Also what groups have committed.")
    var groups = false

    @Flag(help: "Stop when all is here that was there at the beginning.")
    var once = false

    @Option(help: ArgumentHelp("Where the positions are kept.", valueName: "file"), completion: .file())
    var positions = "millrace-mirror.positions"

    func validate() throws {
        guard self.from != nil || self.fromProperties != nil else {
            throw ValidationError("Name the cluster with --from or --from-properties.")
        }
        guard self.all != !self.topic.isEmpty else { throw ValidationError("Give either --topic or --all.") }
    }

    func run() async throws {
        try await Reporting.run {
            let source = try self.source()
            do {
                try await self.kafka.withCluster { target in
                    let run = MirrorRun(
                        source: source,
                        target: target,
                        topics: self.all ? nil : Set(self.topic),
                        mirrorsGroups: self.groups,
                        endsAtEnd: self.once,
                        path: self.positions
                    )
                    try await run.run()
                }
            } catch {
                await source.close()
                throw error
            }
            await source.close()
        }
    }

    private func source() throws -> KafkaCluster {
        let properties = try self.fromProperties.map { try ClientProperties(file: $0) }
        let text = self.from ?? properties?.bootstrap ?? ""
        guard let addresses = BrokerAddress.list(text) else {
            throw Failure("'\(text)' is not an address; give HOST:PORT, for example --from 127.0.0.1:9092")
        }
        var settings = ClientSettings()
        settings.clientID = "millrace-mirror"
        settings.softwareVersion = Version.number
        if let properties {
            settings.tls =
                properties.hasTLS
                ? try ClientTLS(
                    ClientTLS.Files(
                        authorities: properties.authorities,
                        certificate: properties.certificate,
                        key: properties.key
                    )
                ) : nil
            settings.login = try LoginOptions.login(of: properties)
        }
        return KafkaCluster(bootstrap: addresses, settings: settings)
    }
}
