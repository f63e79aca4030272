internal import LogCore
internal import LogFiles
internal import Model
internal import Text

/// An inspection's result as it is printed.
enum InspectionText {
    static func text(_ report: DirectoryReport, directory: String, next: String?) -> [UInt8] {
        var text = "\(directory): \(report.verdict.rawValue)\n"
        for finding in report.findings { text += Self.line(finding) }
        for partition in report.partitions {
            let state = Self.state(of: partition)
            text +=
                "\(partition.name): \(state), offsets \(partition.start) to \(partition.end) (excluded), "
                + "\(Self.count(partition.segmentCount, "segment")), \(Self.count(partition.recordCount, "record")), "
                + "\(Progress.size(Int(partition.logBytes)))\n"
            for finding in partition.findings { text += Self.line(finding) }
        }
        let damaged = report.partitions.count { !$0.isWhole }
        text += "\(Self.count(report.partitions.count, "partition")), \(damaged) not whole\n"
        if let next { text += "next: \(next)\n" }
        return Array(text.utf8)
    }

    /// - Parameter more: writes members of its own.
    static func json(
        _ report: DirectoryReport,
        directory: String,
        next: String?,
        more: (inout JSONLine) -> Void = { _ in }
    ) -> [UInt8] {
        var json = JSONLine()
        json.object { json in
            more(&json)
            json.key("dataDirectory")
            json.string(directory)
            json.key("verdict")
            json.string(report.verdict.rawValue)
            json.key("closedCleanly")
            json.boolean(report.wasClosedCleanly)
            json.key("findings")
            json.array { json in for finding in report.findings { Self.write(finding, to: &json) } }
            json.key("partitions")
            json.array { json in for partition in report.partitions { Self.write(partition, to: &json) } }
            json.key("next")
            json.string(next)
        }
        json.endLine()
        return json.bytes
    }

    static func state(of partition: PartitionReport) -> String {
        if partition.findings.contains(where: { $0.severity == .damage }) { return "damaged" }
        return partition.isWhole ? "whole" : "unreadable"
    }

    /// `  damage batch orders-0/….log, bytes 10 to 20, offsets 3 to 5: the checksum is wrong. …`
    static func line(_ finding: Finding) -> String {
        var place = finding.path
        if let bytes = finding.bytes, !bytes.isEmpty {
            place += ", bytes \(bytes.lowerBound) to \(bytes.upperBound - 1)"
        }
        if let bytes = finding.bytes, bytes.isEmpty { place += ", at byte \(bytes.lowerBound)" }
        if let offsets = finding.offsets, !offsets.isEmpty { place += ", \(Self.range(offsets))" }
        let remedy = Self.remedy(finding.remedy)
        return "  \(finding.severity.rawValue) \(finding.kind.rawValue) \(place): \(finding.reason)\(remedy)\n"
    }

    static func range(_ offsets: Range<Offset>) -> String {
        offsets.count == 1
            ? "offset \(offsets.lowerBound)" : "offsets \(offsets.lowerBound) to \(offsets.upperBound - 1)"
    }

    private static func remedy(_ remedy: Finding.Remedy) -> String {
        switch remedy {
        case .nothing: ""
        case .start: "; the next start takes care of it"
        case .rebuild: "; `millrace repair` makes it good"
        case .quarantine:
            "; restore it from a copy, or `millrace repair` keeps the bytes aside and readers get an error there"
        case .addTopic:
            "; `millrace repair --metadata-from-folders` makes its topic again, or `millrace serve "
                + "--accept-metadata-loss` sets it aside"
        case .restore: "; only a copy from elsewhere helps"
        }
    }

    static func next(_ report: DirectoryReport, directory: String) -> String? {
        let damage = report.allFindings.filter { $0.severity == .damage }
        if damage.isEmpty { return nil }
        if damage.contains(where: { $0.remedy != .restore && $0.remedy != .start }) {
            return "`millrace repair \(directory)` prints what it would do, with --apply it does it"
        }
        return damage.contains { $0.remedy == .restore } ? "restore what is named from a copy" : nil
    }

    private static func count(_ count: some BinaryInteger, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    private static func write(_ partition: PartitionReport, to json: inout JSONLine) {
        json.object { json in
            json.key("partition")
            json.string(partition.name)
            json.key("topicId")
            json.string(partition.topicID.map { "\($0)" })
            json.key("state")
            json.string(Self.state(of: partition))
            for (name, value) in [
                ("startOffset", partition.start), ("endOffset", partition.end),
                ("segments", Int64(partition.segmentCount)), ("batches", Int64(partition.batchCount)),
                ("records", partition.recordCount), ("bytes", partition.logBytes),
            ] {
                json.key(name)
                json.number(value)
            }
            json.key("findings")
            json.array { json in for finding in partition.findings { Self.write(finding, to: &json) } }
        }
    }

    static func write(_ finding: Finding, to json: inout JSONLine) {
        json.object { json in
            json.key("kind")
            json.string(finding.kind.rawValue)
            json.key("severity")
            json.string(finding.severity.rawValue)
            json.key("remedy")
            json.string(finding.remedy.rawValue)
            json.key("partition")
            json.string(finding.partition)
            json.key("path")
            json.string(finding.path)
            json.key("firstByte")
            json.number(finding.bytes?.lowerBound)
            json.key("endByte")
            json.number(finding.bytes?.upperBound)
            json.key("firstOffset")
            json.number(finding.offsets?.lowerBound)
            json.key("endOffset")
            json.number(finding.offsets?.upperBound)
            json.key("reason")
            json.string(finding.reason)
        }
    }
}
