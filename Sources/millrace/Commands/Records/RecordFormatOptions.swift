internal import ArgumentParser
internal import CommandCore

/// How a command prints records, apart from `-o`.
struct RecordFormatOptions: ParsableArguments {
    enum Field: String, CaseIterable {
        case topic, partition, offset, timestamp, key, value, headers
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "How to print a record; the help of `millrace consume` has the verbs.",
            valueName: "format"
        )
    )
    var format: String?

    @Flag(help: "The format has kcat's meaning.")
    var kcat = false

    @Option(
        name: .customLong("print"),
        help: ArgumentHelp(
            "What to print of a record, separated by tabs: topic, partition, offset, timestamp, key, value, headers.",
            valueName: "fields"
        )
    )
    var fieldNames: String?

    func validate() throws {
        if self.kcat, self.format == nil { throw ValidationError("--kcat goes with -f.") }
        do throws(OptionError) {
            _ = try self.recordFormat()
        } catch {
            throw ValidationError(error.description)
        }
        _ = try self.fields()
    }

    func recordFormat() throws(OptionError) -> RecordFormat? {
        guard let format else { return nil }
        return self.kcat ? try RecordFormat(kcat: format) : try RecordFormat(rpk: format)
    }

    /// What `--print` names; `nil` without it.
    func fields() throws -> [Field]? {
        try self.fieldNames?.split(separator: ",").map { name in
            guard let field = Field(rawValue: String(name)) else {
                let known = Field.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--print does not know '\(name)'; it knows \(known).")
            }
            return field
        }
    }
}
