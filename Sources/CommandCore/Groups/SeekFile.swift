package import KafkaClient
package import Model

/// A file of offsets: a line `TOPIC PARTITION OFFSET` for each, separated by blanks, tabs or commas.
///
/// `rpk group seek --to-file` and `kafka-consumer-groups.sh --from-file` read the same lines. Empty lines, lines that
/// begin with `#` and a first line of titles are left out.
package enum SeekFile {
    package static func parse(_ text: String) throws(OptionError) -> [NamedPartition: Offset] {
        var offsets: [NamedPartition: Offset] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let cells = line.split(whereSeparator: { $0 == "," || $0.isWhitespace })
            guard let first = cells.first, !first.hasPrefix("#") else { continue }
            if offsets.isEmpty, first.lowercased() == "topic" { continue }
            guard cells.count >= 3, let partition = Int32(cells[1]), partition >= 0, let offset = Offset(cells[2]),
                offset >= 0
            else { throw OptionError("line \(index + 1) is not TOPIC PARTITION OFFSET: \(line)") }
            let named = NamedPartition(topic: String(first), partition: partition)
            guard offsets.updateValue(offset, forKey: named) == nil else {
                throw OptionError("line \(index + 1) names \(named) a second time")
            }
        }
        guard !offsets.isEmpty else { throw OptionError("it has no offsets") }
        return offsets
    }

    /// The lines of these offsets, in order.
    package static func text(_ offsets: [NamedPartition: Offset]) -> String {
        offsets.sorted { $0.key < $1.key }
            .map { "\($0.key.topic) \($0.key.partition) \($0.value)\n" }
            .joined()
    }
}
