internal import ArgumentParser
internal import CommandCore
internal import KinesisProtocol
internal import Model
internal import Text

struct DebugSequence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sequence",
        abstract: "Say what a Kinesis sequence number stands for: shard, offset, and when the shard was created."
    )

    @Argument(help: "The sequence numbers.")
    var numbers: [String]

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Reporting.run {
            var table = TextTable(["SEQUENCE NUMBER", "KIND", "SHARD", "OFFSET", "SHARD CREATED"], numbers: [3])
            var json = JSONLine()
            try json.array { json in
                for number in self.numbers {
                    guard !number.isEmpty, number.allSatisfy({ $0.isASCII && $0.isNumber }) else {
                        throw Failure("\(number) is not a sequence number: it has only digits")
                    }
                    let row = Self.decode(number)
                    table.add([
                        number, row.kind, row.shard ?? "-", row.offset.map { "\($0)" } ?? "-", row.created ?? "-",
                    ])
                    json.object { json in
                        json.key("sequenceNumber")
                        json.string(number)
                        json.key("kind")
                        json.string(row.kind)
                        json.key("shard")
                        json.string(row.shard)
                        json.key("offset")
                        json.number(row.offset)
                        json.key("shardCreated")
                        json.string(row.created)
                    }
                }
            }
            json.endLine()
            try self.output.publish(table, json: json)
        }
    }

    private struct Row {
        var kind: String
        var shard: String?
        var offset: Offset?
        var created: String?
    }

    private static func decode(_ number: String) -> Row {
        func row(_ kind: String, _ sequence: SequenceNumber) -> Row {
            Row(
                kind: kind,
                shard: "\(ShardID(sequence.ordinal))",
                offset: sequence.offset,
                created: CalendarTime(Int64(sequence.shardCreated) * 1000).rfc3339
            )
        }
        switch ParsedSequenceNumber(number) {
        case .record(let sequence): return row("record", sequence)
        case .placeBefore(let sequence): return row("place before a record", sequence)
        case .foreign(let ordinal): return Row(kind: "of another server", shard: ShardID.text(Int64(ordinal)))
        case .invalid: return Row(kind: "invalid")
        }
    }
}
