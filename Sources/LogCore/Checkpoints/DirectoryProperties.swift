package import Model
internal import Text

/// `meta.properties`: whose data directory this is. Java properties with the keys that Kafka 4 writes.
package struct DirectoryProperties: Sendable, Equatable {
    package var nodeID: BrokerID
    package var clusterID: String
    /// Identifies the directory (KIP-858); same text form as a topic ID.
    package var directoryID: TopicID

    package init(nodeID: BrokerID, clusterID: String, directoryID: TopicID) {
        self.nodeID = nodeID
        self.clusterID = clusterID
        self.directoryID = directoryID
    }

    package func encoded() -> [UInt8] {
        Array(
            """
            cluster.id=\(self.clusterID)
            directory.id=\(self.directoryID)
            node.id=\(self.nodeID)
            version=1

            """.utf8
        )
    }

    /// The text of `version=`, unchecked; `nil` when the line is missing.
    package static func version(in bytes: [UInt8]) -> String? {
        var reader = TextReader(bytes)
        while let line = reader.line() {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("version=") { return String(text.dropFirst("version=".count)) }
        }
        return nil
    }

    /// Reads `version=1` as above, and `version=0` with `broker.id` as older Kafka wrote it.
    package init?(decoding bytes: [UInt8]) {
        var values: [String: String] = [:]
        var reader = TextReader(bytes)
        while let line = reader.line() {
            guard let first = line.first, first != UInt8(ascii: "#"),
                let equals = line.firstIndex(of: UInt8(ascii: "="))
            else { continue }
            let key = String(decoding: line[..<equals], as: UTF8.self)
            values[key] = String(decoding: line[(equals + 1)...], as: UTF8.self)
        }
        guard let version = values["version"], version == "0" || version == "1",
            let node = (values["node.id"] ?? values["broker.id"]).flatMap({ Int32($0) }),
            let clusterID = values["cluster.id"]
        else { return nil }
        self.nodeID = BrokerID(node)
        self.clusterID = clusterID
        self.directoryID = values["directory.id"].flatMap { TopicID(text: $0) } ?? .zero
    }
}

/// Names of the files and folders in a data directory.
package enum FileNames {
    package static let recoveryPoints = "recovery-point-offset-checkpoint"
    package static let logStartOffsets = "log-start-offset-checkpoint"
    /// Per partition, the offset where compaction ended.
    package static let cleanerOffsets = "cleaner-offset-checkpoint"
    /// In a partition's folder, see `CleanedSegments`.
    package static let cleanedSegments = "cleaned-segments"
    /// Of files that compaction is writing.
    package static let cleanedSuffix = ".cleaned"
    /// Of files that compaction has written and that take the place of others, see `SwapRecovery`.
    package static let swapSuffix = ".swap"
    package static let producers = "producer-state-checkpoint"
    package static let leaderEpochs = "leader-epoch-checkpoint"
    package static let partitionMetadata = "partition.metadata"
    package static let cleanShutdown = ".kafka_cleanshutdown"
    package static let properties = "meta.properties"
    /// Millrace's own format version, so that an older program refuses a newer directory.
    package static let version = "millrace.version"
    /// The largest of these two files that is read, in bytes.
    package static let identityBytesMax = 1 << 20
    package static let reserve = ".reserve"
    package static let journal = "journal"
    package static let deletedSuffix = "-delete"

    package enum Kind: String, Sendable, CaseIterable {
        case log
        case offsetIndex = "index"
        case timeIndex = "timeindex"
        case transactionIndex = "txnindex"
        case snapshot
    }

    /// `%020d.<kind>`
    package static func file(_ kind: Kind, base: Offset) -> String {
        let digits = String(base)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits + "." + kind.rawValue
    }

    /// The reverse of `file`; `nil` for other names.
    package static func parse(_ name: String) -> (kind: Kind, base: Offset)? {
        guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        let digits = name[..<dot]
        guard digits.utf8.count == 20, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let base = Offset(digits), let kind = Kind(rawValue: String(name[name.utf8.index(after: dot)...]))
        else { return nil }
        return (kind, base)
    }

    /// The same of a name that ends with `suffix`.
    package static func parse(_ name: String, suffix: String) -> (kind: Kind, base: Offset)? {
        guard name.hasSuffix(suffix) else { return nil }
        return Self.parse(String(name.dropLast(suffix.count)))
    }

    package static func folder(topic: String, partition: Int32) -> String { "\(topic)-\(partition)" }

    /// The reverse of `folder`; `nil` for other names, deleted folders among them.
    package static func parseFolder(_ name: String) -> OffsetCheckpoint.Key? {
        guard let dash = name.utf8.lastIndex(of: UInt8(ascii: "-")), dash > name.startIndex else { return nil }
        let digits = name[name.utf8.index(after: dash)...]
        guard let partition = Int32(digits), partition >= 0, String(partition) == digits else { return nil }
        return OffsetCheckpoint.Key(topic: String(name[..<dash]), partition: partition)
    }

    /// `<topic>-<partition>.<32 hex digits>-delete`, cut to the 255 bytes that a file name may have.
    package static func deletedFolder(topic: String, partition: Int32, unique: TopicID) -> String {
        Self.unique(topic, partition, unique, Self.deletedSuffix)
    }

    /// `<topic>-<partition>.<32 hex digits>-foreign`: a folder whose owner the metadata does not know. It is kept.
    package static func foreignFolder(topic: String, partition: Int32, unique: TopicID) -> String {
        Self.unique(topic, partition, unique, Self.foreignSuffix)
    }

    /// `<topic>-<partition>.<32 hex digits>.salvage`: acknowledged batches, back to back, of a partition whose segments
    /// failed. By topic ID, so that a topic made again under the same name never sees them.
    package static func salvage(topic: String, partition: TopicPartition) -> String {
        Self.unique(topic, partition.partition, partition.topicID, Self.salvageSuffix)
    }

    /// `%020d.log.<position>.cut`: what a start took off the end of a segment from that position on, and could not
    /// prove to be nothing but a write that was cut off.
    package static func cutTail(base: Offset, position: Int64) -> String {
        Self.file(.log, base: base) + ".\(position).cut"
    }

    /// Where repairs keep what they take out of a data directory.
    package static let quarantine = "quarantine"

    /// `quarantine/<topic>-<partition>.<32 hex digits>`: damaged parts of a partition's segments, and `LostOffsets`.
    package static func quarantineFolder(topic: String, partition: TopicPartition) -> String {
        Self.quarantine + "/" + Self.unique(topic, partition.partition, partition.topicID, "")
    }

    package static let salvageSuffix = ".salvage"
    private static let foreignSuffix = "-foreign"

    private static func unique(_ topic: String, _ partition: Int32, _ id: TopicID, _ suffix: String) -> String {
        let suffix = "-\(partition).\(Hex.text(id.high) + Hex.text(id.low))\(suffix)"
        // Names are ASCII; a file name may have 255 bytes.
        let prefix = topic.utf8.prefix(255 - suffix.utf8.count)
        return String(decoding: prefix, as: UTF8.self) + suffix
    }

    package static func isDeleted(_ name: String) -> Bool { name.hasSuffix(Self.deletedSuffix) }

    package static func isForeign(_ name: String) -> Bool { name.hasSuffix(Self.foreignSuffix) }
}
