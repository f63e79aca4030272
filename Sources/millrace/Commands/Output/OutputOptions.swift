internal import ArgumentParser
internal import CommandCore
internal import Text

extension OutputFormat: ExpressibleByArgument {}

/// How a command prints its result.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customLong("output"), .customShort("o")],
        help: ArgumentHelp(
            """
            How to print the result: text or wide for people; json, jsonl (an element on each line), yaml or csv for \
            programs; name for only the names.
            """,
            valueName: "format"
        )
    )
    var format: OutputFormat = .text

    /// Whether the result is printed as a document instead of a text.
    var isJSON: Bool { self.format == .json || self.format == .jsonl || self.format == .yaml }

    /// Prints a result in the form that was asked for.
    ///
    /// - Parameters:
    ///   - table: what `text` and `wide` align, and `csv` has.
    ///   - before: lines for people before the table.
    ///   - names: for `-o name`; the table's first column where it is `nil`.
    ///   - json: the whole as a document; made only when it is printed.
    func publish(
        _ table: TextTable,
        before: String = "",
        names: [String]? = nil,
        json: @autoclosure () throws -> JSONLine
    ) throws {
        switch self.format {
        case .text: try ResultOutput.write(before + table.text)
        case .wide: try ResultOutput.write(before + table.wideText)
        case .csv: try ResultOutput.write(table.csv)
        case .name: try ResultOutput.write((names ?? table.names).map { $0 + "\n" }.joined())
        case .json, .jsonl, .yaml: try self.write(json())
        }
    }

    /// Prints a document as JSON, as its elements, or as YAML.
    func write(_ json: JSONLine) throws {
        switch self.format {
        case .jsonl: try ResultOutput.write(JSONLines.split(json.bytes))
        case .yaml: try ResultOutput.write(YAMLText.text(json: json.bytes))
        default: try ResultOutput.write(json.bytes)
        }
    }

    /// Says that something was done: `deleted topic orders`, or `{"name":"orders","deleted":true}` on a line.
    func confirm(_ participle: String, _ kind: String, _ name: String) throws {
        guard self.isJSON else {
            return try ResultOutput.write(self.format == .name ? "\(name)\n" : "\(participle) \(kind) \(name)\n")
        }
        var json = JSONLine()
        json.object { json in
            json.key("name")
            json.string(name)
            json.key(participle)
            json.boolean(true)
        }
        json.endLine()
        try self.write(json)
    }

    /// Refuses the formats that records, which have no end, cannot be printed in.
    func requireRecordFormat() throws {
        guard [.text, .json, .jsonl].contains(self.format) else {
            throw ValidationError("Records are printed with -o text, json or jsonl, or with -f.")
        }
    }
}
