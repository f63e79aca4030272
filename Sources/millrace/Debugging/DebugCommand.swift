internal import ArgumentParser

struct DebugCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug",
        abstract: "Look into files, numbers and tokens, and gather what a report of a fault needs.",
        discussion: """
            Examples:
              millrace debug bundle --data-dir /var/lib/millrace
              millrace debug segment data/orders-0/00000000000000000000.log --records
              millrace debug journal data/journal/00000000.journal
              millrace debug sequence 49590338271490256608559692538361571095921575989136588802
              millrace debug key customer-17 --topic orders
            """,
        subcommands: [
            DebugBundle.self, DebugSegment.self, DebugJournal.self, DebugSequence.self, DebugIterator.self,
            DebugKey.self,
        ]
    )
}
