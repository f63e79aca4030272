internal import ArgumentParser
internal import CommandCore
internal import LogFiles
internal import Model
internal import Text

struct DebugJournal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Print the rounds of a journal file.",
        discussion: """
            Each round is one write; its entries are batches of partitions. Only the sound rounds of the file's \
            present \
            use are printed.

            Example:
              millrace debug journal data/journal/00000000.journal -o jsonl
            """
    )

    @Argument(help: "The file.", completion: .file())
    var file: String

    @OptionGroup var output: OutputOptions

    @Option(name: .shortAndLong, help: "Stop after so many rounds.")
    var max: Int?

    func run() async throws {
        try await Reporting.run {
            let parts = self.file.split(separator: "/", omittingEmptySubsequences: false)
            let name = String(parts.last ?? "")
            let folder = parts.dropLast().joined(separator: "/")
            let listing: JournalListing?
            do throws(FileError) {
                let directory = Directory(folder.isEmpty ? (self.file.hasPrefix("/") ? "/" : ".") : folder)
                listing = try JournalListing.read(directory, name, roundsMax: self.max ?? .max)
            } catch {
                throw NotFound(description: error.description)
            }
            guard let listing else { throw Failure("\(self.file) is not a journal file") }
            var table = TextTable(
                ["ROUND", "POSITION", "BYTES", "TOPIC ID", "PARTITION", "OFFSETS", "ENTRY BYTES"],
                numbers: [0, 1, 2, 4, 6]
            )
            for round in listing.rounds {
                let first = ["\(round.number)", "\(round.position)", "\(round.byteCount)"]
                for entry in round.entries {
                    table.add(
                        first + [
                            "\(entry.partition.topicID)", "\(entry.partition.partition)",
                            "\(entry.offsets.lowerBound)..<\(entry.offsets.upperBound)", "\(entry.byteCount)",
                        ]
                    )
                }
                if round.entries.isEmpty { table.add(first + ["-", "-", "-", "-"]) }
            }
            let head =
                "journal \(Hex.text(listing.journalID)), use \(listing.sequence), first round \(listing.firstRound), "
                + "needed from round \(listing.floor)\(listing.hasTornRound ? ", the last round is not whole" : "")\n\n"
            try self.output.publish(table, before: head, json: Self.json(listing))
        }
    }

    private static func json(_ listing: JournalListing) -> JSONLine {
        var json = JSONLine()
        json.array { json in
            for round in listing.rounds {
                json.object { json in
                    json.key("round")
                    json.number(round.number)
                    json.key("position")
                    json.number(round.position)
                    json.key("bytes")
                    json.number(round.byteCount)
                    json.key("entries")
                    json.array { json in
                        for entry in round.entries {
                            json.object { json in
                                json.key("topicID")
                                json.string("\(entry.partition.topicID)")
                                json.key("partition")
                                json.number(entry.partition.partition)
                                json.key("baseOffset")
                                json.number(entry.offsets.lowerBound)
                                json.key("endOffset")
                                json.number(entry.offsets.upperBound)
                                json.key("bytes")
                                json.number(entry.byteCount)
                            }
                        }
                    }
                }
            }
        }
        json.endLine()
        return json
    }
}
