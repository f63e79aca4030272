/// A topic on the command line, with or without some of its partitions: `orders`, `orders:0,2-4`.
package struct PartitionSelection: Equatable, Sendable {
    package var topic: String
    /// In ascending order; `nil` for all.
    package var partitions: [Int32]?

    /// A range has at most this many, so that a slip of the finger does not take all memory.
    private static let partitionsMax = 100_000

    package init(_ text: String) throws(OptionError) {
        guard let colon = text.firstIndex(of: ":") else {
            self.topic = text
            if text.isEmpty { throw OptionError("A topic has a name.") }
            return
        }
        self.topic = String(text[..<colon])
        var numbers: Set<Int32> = []
        for part in text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                .map { Int32($0) ?? -1 }
            guard let first = sides.first, let last = sides.last, first >= 0, last >= first,
                numbers.count + Int(last - first) < Self.partitionsMax
            else {
                throw OptionError("'\(text)' does not name partitions; TOPIC or TOPIC:0,2-4 does.")
            }
            numbers.formUnion(first...last)
        }
        guard !self.topic.isEmpty else { throw OptionError("'\(text)' does not name a topic.") }
        self.partitions = numbers.sorted()
    }
}
