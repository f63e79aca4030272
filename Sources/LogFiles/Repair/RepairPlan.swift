package import LogCore
internal import Model

/// Decides from an inspection what a repair does. Pure; never guesses: what only a copy can tell is left alone.
package struct RepairPlan: Sendable {
    /// In the order in which they are done.
    package private(set) var steps: [RepairStep] = []
    /// What the repair cannot mend.
    package private(set) var unmended: [Finding] = []

    /// - Parameters:
    ///   - known: what the metadata has, after it was mended.
    ///   - identity: who owns the directory, for a lost `meta.properties`; `nil` when the metadata does not say it.
    package init(
        _ report: DirectoryReport,
        known: DirectoryInspection.KnownTopics,
        identity: DirectoryProperties?
    ) {
        for finding in report.findings where finding.severity != .note {
            self.plan(finding, report, known, identity)
        }
        for partition in report.partitions { self.plan(partition, report, known) }
        let needsPoints = report.findings.contains {
            $0.kind == .checkpoint && $0.remedy == .rebuild && $0.path == FileNames.recoveryPoints
        }
        if needsPoints {
            var points: [OffsetCheckpoint.Key: Offset] = [:]
            for partition in report.partitions {
                guard let key = FileNames.parseFolder(partition.name), known.partitions[key] != nil else { continue }
                if partition.segmentsEnd > 0 { points[key] = partition.segmentsEnd }
            }
            self.steps.append(.writeRecoveryPoints(points))
        }
    }

    private mutating func plan(
        _ finding: Finding,
        _ report: DirectoryReport,
        _ known: DirectoryInspection.KnownTopics,
        _ identity: DirectoryProperties?
    ) {
        switch finding.kind {
        case .properties:
            if let identity { self.steps.append(.writeProperties(identity)) } else { self.unmended.append(finding) }
        case .version where finding.remedy == .rebuild:
            self.steps.append(.writeVersion)
        case .checkpoint where finding.remedy == .start:
            // Those of a partition are made again by the recovery that ends a repair.
            if finding.path.contains("/") { break }
            self.steps.append(.mendCheckpoint(CheckedCopy.checkpoint(of: finding.path)))
        case .checkpoint:
            // Where compaction left gaps nothing else tells.
            if finding.path == FileNames.cleanerOffsets { return self.unmended.append(finding) }
            if report.hasFile(finding) { self.steps.append(.setAsideFile(finding.path)) }
        case .salvage:
            self.steps.append(.setAsideFile(finding.path))
        case .missingFolder:
            guard let key = FileNames.parseFolder(finding.path), let topicID = known.partitions[key],
                let offsets = finding.offsets
            else { return self.unmended.append(finding) }
            self.steps.append(.noteLost(key, topicID, [offsets]))
            self.steps.append(.makeFolder(key, topicID, start: offsets.lowerBound))
        case .missingOffsets:
            // Of a partition that only the journal has.
            guard let key = finding.partition.flatMap({ FileNames.parseFolder($0) }), let offsets = finding.offsets,
                let topicID = known.partitions[key]
            else { return self.unmended.append(finding) }
            self.steps.append(.noteLost(key, topicID, [offsets]))
        case .metadata, .metadataCopy, .journal:
            // By the metadata's store; by a start, which reads what is sound of the journal.
            break
        default:
            self.unmended.append(finding)
        }
    }

    private mutating func plan(
        _ partition: PartitionReport,
        _ report: DirectoryReport,
        _ known: DirectoryInspection.KnownTopics
    ) {
        guard let key = FileNames.parseFolder(partition.name) else { return }
        guard let topicID = known.partitions[key] else {
            self.unmended += partition.findings.filter { $0.kind == .unknownPartition }
            return
        }
        // A start sets it aside: it is another topic's, and has nothing to do with what the metadata has.
        if let owner = partition.topicID, owner != topicID { return }
        self.unmended += partition.findings.filter { $0.severity == .unreadable || $0.remedy == .restore }
        if partition.findings.contains(where: { $0.kind == .owner && $0.severity == .damage }) {
            self.steps.append(.writeOwner(key, topicID))
        }
        let lost = partition.findings.filter { $0.severity == .damage && $0.remedy == .quarantine }.compactMap(
            \.offsets
        )
        .filter { !$0.isEmpty }
        if !lost.isEmpty { self.steps.append(.noteLost(key, topicID, lost)) }
        if let start = partition.missingStart { self.steps.append(.makeSegment(key, base: start)) }
        for (base, ranges) in partition.damagedSegments {
            self.steps.append(.split(key, topicID, base: base, ranges))
        }
        let split = Set(partition.damagedSegments.map(\.base))
        for base in partition.flawedIndexes.sorted() where !split.contains(base) {
            self.steps.append(.rebuildIndexes(key, base: base))
        }
        for (base, entries) in partition.flawedTransactionIndexes.sorted(by: { $0.key < $1.key }) {
            self.steps.append(.rebuildTransactionIndex(key, base: base, entries))
        }
        for offset in partition.flawedSnapshots { self.steps.append(.setAsideSnapshot(key, topicID, at: offset)) }
        if let epochs = partition.rebuiltEpochs { self.steps.append(.writeEpochs(key, topicID, epochs)) }
    }
}

extension DirectoryReport {
    /// Whether the damaged file is there at all.
    fileprivate func hasFile(_ finding: Finding) -> Bool { finding.reason != DirectoryInspection.missingFile }
}

extension PartitionReport {
    /// Segments with damaged bytes, by base offset.
    fileprivate var damagedSegments: [(base: Offset, ranges: [DamagedRange])] {
        var segments: [Offset: [DamagedRange]] = [:]
        for range in self.damage where !range.bytes.isEmpty {
            guard let name = range.path.split(separator: "/").last, let (_, base) = FileNames.parse(String(name)) else {
                continue
            }
            segments[base, default: []].append(range)
        }
        return segments.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
