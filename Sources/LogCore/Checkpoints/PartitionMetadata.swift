package import Model
internal import RecordBatch

/// `partition.metadata`: the topic whose data a folder holds (KIP-516), and what a damaged `leader-epoch-checkpoint` is
/// told by.
///
/// Kafka reads the first two lines. The others are ours: the same leader epochs as in Kafka's file, which has no
/// checksum, and the CRC-32C, in decimal digits, of the folder's name, a zero byte and the lines before it. The name is
/// in it because the file of another partition is sound too.
///
/// ```
/// version: 0
/// topic_id: AAAAAAAAAAEAAAAAAAAAAg
/// leader_epochs: 0@0 3@1200
/// crc32c: 305419896
/// ```
package struct PartitionMetadata: Sendable, Equatable {
    package var topicID: TopicID
    /// `nil` when the file does not say: it is Kafka's or of a new folder, or there are too many.
    package var epochs: LeaderEpochs?
    /// Whether a checksum vouches for it.
    package private(set) var isChecked = false

    /// More than this many are in `leader-epoch-checkpoint` alone.
    private static let epochCountMax = 1000
    /// The largest file that is read, in bytes.
    package static let fileBytesMax = 64 << 10

    package init(topicID: TopicID, epochs: LeaderEpochs? = nil) {
        self.topicID = topicID
        self.epochs = epochs
    }

    /// - Parameter folder: the name of the partition's folder.
    package func encoded(folder: String) -> [UInt8] {
        var text = "version: 0\ntopic_id: \(self.topicID)\n"
        if let epochs, epochs.entries.count <= Self.epochCountMax {
            text += "leader_epochs:"
            for entry in epochs.entries { text += " \(entry.epoch)@\(entry.startOffset)" }
            text += "\n"
        }
        let body = Array(text.utf8)
        return body + Array("\(Self.checksumKey) \(Self.checksum(body[...], folder))\n".utf8)
    }

    /// `nil` when the text is not whole, or its checksum does not fit. Kafka's own has none.
    package init?(decoding bytes: [UInt8], folder: String) {
        var reader = TextReader(bytes)
        guard let version = reader.line(), let topic = reader.line(), TextReader.fields(version) == ["version:", "0"]
        else { return nil }
        let fields = TextReader.fields(topic)
        guard fields.count == 2, fields[0] == "topic_id:", let topicID = TopicID(text: fields[1]) else { return nil }
        self.topicID = topicID
        while let line = reader.line() {
            let fields = TextReader.fields(line)
            switch fields.first {
            case "leader_epochs:"? where self.epochs == nil:
                guard let epochs = Self.epochs(fields.dropFirst()) else { return nil }
                self.epochs = epochs
            case Self.checksumKey?:
                guard fields.count == 2, UInt32(fields[1]) == Self.checksum(bytes[..<line.startIndex], folder),
                    reader.line() == nil
                else { return nil }
                self.isChecked = true
            default: return nil
            }
        }
        if self.epochs != nil, !self.isChecked { return nil }
    }

    private static func epochs(_ fields: ArraySlice<String>) -> LeaderEpochs? {
        var entries: [LeaderEpochs.Entry] = []
        for field in fields {
            let parts = field.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, let epoch = Int32(parts[0]), let offset = Offset(parts[1]), epoch >= 0, offset >= 0
            else { return nil }
            entries.append(LeaderEpochs.Entry(epoch: LeaderEpoch(epoch), startOffset: offset))
        }
        return LeaderEpochs(entries)
    }

    private static let checksumKey = "crc32c:"

    private static func checksum(_ lines: ArraySlice<UInt8>, _ folder: String) -> UInt32 {
        (Array(folder.utf8) + [0] + lines).withUnsafeBytes { CRC32C.checksum($0) }
    }
}

extension PartitionMetadata {
    /// Whose a folder is, by what its `partition.metadata` has.
    package enum Ownership: Sendable, Equatable {
        /// The topic's that was asked about.
        case own(PartitionMetadata)
        /// It is the topic's, although the file is damaged: a part of it says so.
        case damaged
        /// Another topic's.
        case foreign(TopicID)
        /// The file is missing, or nothing in it can be believed.
        case unknown
    }

    /// - Parameter bytes: of the file; `nil` when there is none.
    package static func ownership(of folder: String, _ bytes: [UInt8]?, for topicID: TopicID) -> Ownership {
        guard let bytes else { return .unknown }
        if let metadata = Self(decoding: bytes, folder: folder) {
            return metadata.topicID == topicID ? .own(metadata) : .foreign(metadata.topicID)
        }
        // Where one line is damaged the other holds: the ID stands in the second, and the checksum depends on it.
        let text = String(decoding: bytes, as: UTF8.self)
        if text.contains("topic_id: \(topicID)") { return .damaged }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count > 2 else { return .unknown }
        lines[0] = "version: 0"
        lines[1] = "topic_id: \(topicID)"
        let mended = Array(lines.joined(separator: "\n").utf8)
        return Self(decoding: mended, folder: folder)?.isChecked == true ? .damaged : .unknown
    }
}
