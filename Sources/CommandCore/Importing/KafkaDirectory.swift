package import LogCore
internal import Model

/// Which of a Kafka broker's folders are imported. Pure: it is given the names.
package struct KafkaDirectory: Equatable, Sendable {
    /// A partition's folder in one of the directories.
    package struct Source: Equatable, Sendable {
        package var directory: String
        package var folder: String
        package var key: OffsetCheckpoint.Key

        package init(directory: String, folder: String, key: OffsetCheckpoint.Key) {
            self.directory = directory
            self.folder = folder
            self.key = key
        }
    }

    package static let offsetsTopic = "__consumer_offsets"
    package static let metadataTopic = "__cluster_metadata"

    /// Of topics, in order; where two directories have a partition, both are here.
    package private(set) var partitions: [OffsetCheckpoint.Key: [Source]] = [:]
    /// Of the groups' offsets.
    package private(set) var offsets: [Source] = []
    /// Of the controllers' log, which has the settings of topics.
    package private(set) var metadata: [Source] = []
    /// Folders that are left alone, with the reason.
    package private(set) var skipped: [(folder: String, reason: String)] = []

    package static func == (left: Self, right: Self) -> Bool {
        left.partitions == right.partitions && left.offsets == right.offsets && left.metadata == right.metadata
            && left.skipped.elementsEqual(right.skipped) { $0 == $1 }
    }

    /// Endings of folders that Kafka is deleting, moving, or knows nothing of.
    private static let leftovers = ["-delete", "-future", "-stray"]

    package init() {}

    /// - Parameters:
    ///   - folders: the names of the folders in a directory.
    ///   - topics: only these; empty for all.
    package mutating func add(_ directory: String, folders: [String], topics: Set<String>) {
        for folder in folders.sorted() {
            if Self.leftovers.contains(where: { folder.hasSuffix($0) }) {
                self.skipped.append((folder, "Kafka was removing or moving it"))
                continue
            }
            guard let key = FileNames.parseFolder(folder) else { continue }
            let source = Source(directory: directory, folder: folder, key: key)
            switch key.topic {
            case Self.offsetsTopic: self.offsets.append(source)
            case Self.metadataTopic: self.metadata.append(source)
            case let name where name.hasPrefix("__") && !topics.contains(name):
                self.skipped.append((folder, "an internal topic of Kafka's"))
            case let name:
                guard topics.isEmpty || topics.contains(name) else { continue }
                self.partitions[key, default: []].append(source)
            }
        }
    }

    package var topics: [String] { Set(self.partitions.keys.map(\.topic)).sorted() }

    /// Numbers below the largest one of a topic that no directory has: they would be empty.
    package var missing: [OffsetCheckpoint.Key] {
        var largest: [String: Int32] = [:]
        for key in self.partitions.keys { largest[key.topic] = max(largest[key.topic] ?? 0, key.partition) }
        return largest.flatMap { topic, last in (0...last).map { OffsetCheckpoint.Key(topic: topic, partition: $0) } }
            .filter { self.partitions[$0] == nil }
            .sorted()
    }
}
