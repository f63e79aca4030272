package import LogCore
package import Model

/// What an inspection found in one partition's folder.
package struct PartitionReport: Sendable {
    /// The folder's name.
    package var name: String
    /// As its `partition.metadata` says.
    package var topicID: TopicID?
    package var segmentCount = 0
    package var batchCount = 0
    package var recordCount: Int64 = 0
    /// Of the logs; indexes are not counted.
    package var logBytes: Int64 = 0
    /// The first segment's base offset.
    package var start: Offset = 0
    /// The offset after the last one that is stored, with what the journal has behind the segments.
    package var end: Offset = 0
    /// The offset after the last one that the segments have.
    var segmentsEnd: Offset = 0
    /// The largest producer ID that was met; -1 without one. A metadata that is made again must not grant it again.
    package var largestProducerID: Int64 = -1
    /// Where the log should begin, when its first segments are missing.
    var missingStart: Offset?
    package var findings: [Finding] = []
    /// The damaged parts of the logs, in the order of segments and positions.
    var damage: [DamagedRange] = []
    /// Segments of which an index has to be made again.
    var flawedIndexes: Set<Offset> = []
    /// Transaction indexes to be made again, with what the batches say of them.
    var flawedTransactionIndexes: [Offset: [AbortedTransactions.Entry]] = [:]
    /// Snapshots that cannot be read.
    var flawedSnapshots: [Offset] = []
    /// What the batches say of the leader epochs, when the checkpoint is damaged or contradicts them.
    var rebuiltEpochs: LeaderEpochs?

    init(name: String) { self.name = name }

    /// Nothing differs from what was written, and all of it could be read.
    package var isWhole: Bool { self.findings.allSatisfy { $0.severity == .note } }

    mutating func add(
        _ kind: Finding.Kind,
        _ severity: Finding.Severity = .damage,
        _ remedy: Finding.Remedy,
        file: String,
        bytes: Range<Int64>? = nil,
        offsets: Range<Offset>? = nil,
        _ reason: String
    ) {
        self.findings.append(
            Finding(
                kind,
                severity,
                remedy,
                partition: self.name,
                path: "\(self.name)/\(file)",
                bytes: bytes,
                offsets: offsets,
                reason
            )
        )
    }

    /// A file that the system did not let be read.
    mutating func add(_ error: FileError, file: String) {
        self.add(.unreadable, .unreadable, .nothing, file: file, error.description)
    }
}
