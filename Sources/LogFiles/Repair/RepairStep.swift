package import LogCore
package import Model

/// One thing that a repair does, in the order of a plan. Each can be done again after a crash in the middle of it.
package enum RepairStep: Sendable, Equatable {
    /// Makes `meta.properties` again.
    case writeProperties(DirectoryProperties)
    /// Makes `millrace.version` again.
    case writeVersion
    /// Writes a checkpoint and its copy again, from the one of them that is sound.
    case mendCheckpoint(String)
    /// Renames a damaged file of the root into the quarantine folder: a start does without it.
    case setAsideFile(String)
    /// Writes `partition.metadata` again.
    case writeOwner(OffsetCheckpoint.Key, TopicID)
    /// Makes a folder that is missing, with an empty segment at the log start offset.
    case makeFolder(OffsetCheckpoint.Key, TopicID, start: Offset)
    /// Makes an empty segment where the first one is missing, so that its offsets are refused and not skipped.
    case makeSegment(OffsetCheckpoint.Key, base: Offset)
    /// Keeps the damaged bytes of a segment's log aside and makes segments of the sound parts.
    case split(OffsetCheckpoint.Key, TopicID, base: Offset, [DamagedRange])
    /// Notes offsets that are missing, so that the next inspection knows them.
    case noteLost(OffsetCheckpoint.Key, TopicID, [Range<Offset>])
    /// Makes a segment's offset and time index again from its log.
    case rebuildIndexes(OffsetCheckpoint.Key, base: Offset)
    /// Makes a segment's transaction index again from its markers.
    case rebuildTransactionIndex(OffsetCheckpoint.Key, base: Offset, [AbortedTransactions.Entry])
    /// Renames a snapshot of producers that cannot be read; older ones and the log serve.
    case setAsideSnapshot(OffsetCheckpoint.Key, TopicID, at: Offset)
    /// Makes `leader-epoch-checkpoint` again from the batches.
    case writeEpochs(OffsetCheckpoint.Key, TopicID, LeaderEpochs)
    /// Forces every segment, and makes the recovery points again from where they end.
    case writeRecoveryPoints([OffsetCheckpoint.Key: Offset])

    /// What it does, for people, in one line.
    package var description: String {
        switch self {
        case .writeProperties(let properties):
            "write \(FileNames.properties) again: node \(properties.nodeID) of cluster \(properties.clusterID)"
        case .writeVersion: "write \(FileNames.version) again"
        case .mendCheckpoint(let name): "write \(name) and its copy again from the sound one"
        case .setAsideFile(let name): "move \(name) to \(FileNames.quarantine)/"
        case .writeOwner(let key, let id): "write \(Self.name(key))/\(FileNames.partitionMetadata) again: topic \(id)"
        case .makeFolder(let key, _, let start):
            "make the folder \(Self.name(key)) again, without records, from offset \(start)"
        case .makeSegment(let key, let base): "make an empty segment at offset \(base) of \(Self.name(key))"
        case .split(let key, _, let base, let ranges):
            "move \(ranges.reduce(0) { $0 + $1.bytes.count }) damaged bytes of "
                + "\(Self.name(key))/\(FileNames.file(.log, base: base)) to \(FileNames.quarantine)/"
        case .noteLost(let key, _, let ranges):
            "note as lost: \(Self.name(key)) " + ranges.map(Self.text).joined(separator: ", ")
        case .rebuildIndexes(let key, let base): "make the indexes of \(Self.name(key)) at \(base) again"
        case .rebuildTransactionIndex(let key, let base, _):
            "make the transaction index of \(Self.name(key)) at \(base) again"
        case .setAsideSnapshot(let key, _, let offset):
            "move \(Self.name(key))/\(FileNames.file(.snapshot, base: offset)) to \(FileNames.quarantine)/"
        case .writeEpochs(let key, _, _): "write \(Self.name(key))/\(FileNames.leaderEpochs) again"
        case .writeRecoveryPoints(let points): "force \(points.count) partitions and write their recovery points again"
        }
    }

    private static func name(_ key: OffsetCheckpoint.Key) -> String {
        FileNames.folder(topic: key.topic, partition: key.partition)
    }

    private static func text(_ offsets: Range<Offset>) -> String {
        offsets.count == 1
            ? "offset \(offsets.lowerBound)" : "offsets \(offsets.lowerBound) to \(offsets.upperBound - 1)"
    }
}
