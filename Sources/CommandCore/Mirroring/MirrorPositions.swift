package import KafkaClient
package import Model

/// How far a mirror has come in each partition, and which offset of the target stands for which of the source.
///
/// The mirror is the only writer of its partitions, so that records keep their order and their number. Offsets
/// differ by
/// a constant until the source has a gap (a marker of a transaction, compaction): each such stretch is a *run*, and the
/// offset of every record between is exact.
///
/// As a file: a line `millrace-mirror 1 SOURCE TARGET` with both clusters' IDs, then for each partition a line `TOPIC
/// PARTITION NEXT-SOURCE NEXT-TARGET RUNS`, the runs as `SOURCE:TARGET,…` behind `+` when none was forgotten,
/// behind `-`
/// when the oldest were.
package struct MirrorPositions: Equatable, Sendable {
    package struct Run: Equatable, Sendable {
        package var source: Offset
        package var target: Offset
    }

    package struct Partition: Equatable, Sendable {
        /// The next offset to read.
        package fileprivate(set) var nextSource: Offset
        /// The offset that the next record gets.
        package fileprivate(set) var nextTarget: Offset
        fileprivate var runs: [Run] = []
        fileprivate var isComplete = true
    }

    /// More are forgotten, the oldest first.
    package static let runsMax = 10_000

    package let source: String
    package let target: String
    package private(set) var partitions: [NamedPartition: Partition] = [:]

    package init(source: String, target: String) {
        self.source = source
        self.target = target
    }

    /// Begins a partition.
    package mutating func begin(_ partition: NamedPartition, source: Offset, target: Offset) {
        self.partitions[partition] = Partition(nextSource: source, nextTarget: target)
    }

    /// Records were written.
    ///
    /// - Parameters:
    ///   - records: each one's offset in the source and in the target, in order.
    ///   - nextSource: where the source is read on.
    package mutating func wrote(
        _ records: [(source: Offset, target: Offset)],
        in partition: NamedPartition,
        nextSource: Offset
    ) {
        guard var position = self.partitions[partition] else { return }
        for record in records {
            if let last = position.runs.last, record.target - last.target == record.source - last.source { continue }
            position.runs.append(Run(source: record.source, target: record.target))
        }
        if position.runs.count > Self.runsMax {
            position.runs.removeFirst(position.runs.count - Self.runsMax)
            position.isComplete = false
        }
        if let last = records.last { position.nextTarget = last.target + 1 }
        position.nextSource = max(position.nextSource, nextSource)
        self.partitions[partition] = position
    }

    /// The offset in the target from which on a reader has what lies from `offset` on in the source; never past a
    /// record
    /// that was not read. `nil` when that is not known.
    package func target(of offset: Offset, in partition: NamedPartition) -> Offset? {
        guard let position = self.partitions[partition] else { return nil }
        if offset >= position.nextSource { return position.nextTarget }
        guard let index = position.runs.lastIndex(where: { $0.source <= offset }) else {
            guard position.isComplete else { return nil }
            return position.runs.first?.target ?? position.nextTarget
        }
        let run = position.runs[index]
        let end = index + 1 < position.runs.count ? position.runs[index + 1].target : position.nextTarget
        return min(run.target + (offset - run.source), end)
    }

    package var text: String {
        var text = "millrace-mirror 1 \(self.source) \(self.target)\n"
        for (partition, position) in self.partitions.sorted(by: { $0.key < $1.key }) {
            let runs = position.runs.map { "\($0.source):\($0.target)" }.joined(separator: ",")
            text += "\(partition.topic) \(partition.partition) \(position.nextSource) \(position.nextTarget) "
            text += "\(position.isComplete ? "+" : "-")\(runs)\n"
        }
        return text
    }

    /// - Throws: `OptionError` for a text that is not one of these.
    package init(_ text: String) throws(OptionError) {
        let lines = text.split(whereSeparator: \.isNewline)
        let head = lines.first?.split(separator: " ", omittingEmptySubsequences: false) ?? []
        guard head.count == 4, head[0] == "millrace-mirror", head[1] == "1" else {
            throw OptionError("it is not a file of a mirror's positions")
        }
        self.init(source: String(head[2]), target: String(head[3]))
        for (index, line) in lines.enumerated().dropFirst() {
            let cells = line.split(separator: " ", omittingEmptySubsequences: false)
            guard cells.count == 5, let number = Int32(cells[1]), let source = Offset(cells[2]),
                let target = Offset(cells[3]), let runs = Self.runs(cells[4].dropFirst()),
                cells[4].first == "+" || cells[4].first == "-"
            else { throw OptionError("line \(index + 1) is damaged") }
            var position = Partition(nextSource: source, nextTarget: target)
            position.runs = runs
            position.isComplete = cells[4].first == "+"
            self.partitions[NamedPartition(topic: String(cells[0]), partition: number)] = position
        }
    }

    private static func runs(_ text: Substring) -> [Run]? {
        var runs: [Run] = []
        for part in text.split(separator: ",") {
            let sides = part.split(separator: ":").map { Offset($0) }
            guard sides.count == 2, let source = sides[0], let target = sides[1] else { return nil }
            runs.append(Run(source: source, target: target))
        }
        return runs
    }
}
