internal import ArgumentParser
internal import LogCore
internal import LogFiles

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify everything in a data directory that no server has open.",
        discussion: """
            Reads every byte: the metadata and its copy, the journal, the checkpoints, and of every partition all \
            batches, their checksums, offsets and records, and the indexes. Nothing is changed.

            Exit codes: 0 everything is whole; 1 something is damaged; 64 the command line is wrong; 66 there is no \
            such data directory; 74 something could not be read, and the rest is whole; 75 a server has the directory \
            open.
            """
    )

    @Argument(help: "The data directory.", completion: .directory)
    var dataDirectory: String

    @OptionGroup var format: InspectionFormat

    func run() async throws {
        try await InspectionExit.run {
            let root = try InspectionExit.openRoot(self.dataDirectory)
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
    @Option(
        name: [.customLong("format"), .customLong("output"), .customShort("o")],
        help: "How to print the result: text for people, json for programs."
    )
    var format: OutputOptions.Format = .text

    var isJSON: Bool { self.format == .json }
}
