/// How a result is printed: `-o`.
package enum OutputFormat: String, CaseIterable, Sendable {
    /// Aligned columns for people.
    case text
    /// The same with more columns.
    case wide
    /// One document on one line.
    case json
    /// The document's elements, each on a line of its own.
    case jsonl
    case yaml
    /// The widest table, as RFC 4180 has it.
    case csv
    /// Only names, one a line: for loops of a shell.
    case name
}
