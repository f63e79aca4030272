internal import ArgumentParser
internal import LogCore
internal import LogFiles

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify a data directory that no server has open, or look whether a running server is well.",
        discussion: """
            With a data directory: reads every byte: the metadata and its copy, the journal, the checkpoints, and of \
            every partition all \
            batches, their checksums, offsets and records, and the indexes. Nothing is changed.

            Without one: asks a running server, by its Kafka port and by the ports that options name, and prints one \
            line as plug-ins of Nagios, Icinga and Sensu do: partitions without a leader, health, ports that do not \
            answer, and with --lag-warning and --lag-critical how far groups are behind. Exit codes then: 0 well; 1 \
            warning; 2 critical; 3 unknown.

            Exit codes for a directory: 0 everything is whole; 1 something is damaged; 64 the command line is wrong; \
            66 there is no \
            such data directory; 74 something could not be read, and the rest is whole; 75 a server has the directory \
            open.
            """
    )

    @Argument(
        help: "The data directory of a server that is stopped. Without it a running server is checked.",
        completion: .directory
    )
    var dataDirectory: String?

    @OptionGroup var format: InspectionFormat
    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var ports: PortOptions
    @OptionGroup var limits: ServerCheckOptions

    func run() async throws {
        guard let dataDirectory else {
            return try await ServerCheck(kafka: self.kafka, ports: self.ports, limits: self.limits).run()
        }
        try await InspectionExit.run {
            let root = try InspectionExit.openRoot(dataDirectory)
            let lock = try InspectionExit.lockShared(root)
            let inspection = InspectionProgress.inspect(root)
            let next = InspectionText.next(inspection.report, directory: root.path)
            try ResultOutput.write(
                self.format.isJSON
                    ? InspectionText.json(inspection.report, directory: root.path, next: next)
                    : InspectionText.text(inspection.report, directory: root.path, next: next)
            )
            withExtendedLifetime(lock) {}
            try InspectionExit.end(inspection.report.verdict)
        }
    }
}

struct InspectionFormat: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(
        name: [.customLong("format"), .customLong("output"), .customShort("o")],
        help: "How to print the result: text for people, json for programs."
    )
    var format: Format = .text

    var isJSON: Bool { self.format == .json }
}
