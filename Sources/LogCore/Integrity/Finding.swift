package import Model

/// One thing that an inspection found in a data directory: damage, or something that a person may want to know.
package struct Finding: Error, Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        // The root of the data directory
        case properties
        case version
        case checkpoint
        case metadata
        case metadataCopy = "metadata-copy"
        case journal
        case salvage
        // A partition
        case owner
        case unknownPartition = "unknown-partition"
        case missingFolder = "missing-folder"
        case batch
        case missingOffsets = "missing-offsets"
        case undecodable
        case offsetIndex = "offset-index"
        case timeIndex = "time-index"
        case transactionIndex = "transaction-index"
        case snapshot
        case leaderEpochs = "leader-epochs"
        // Neither
        case unfinished
        case lost
        case setAside = "set-aside"
        case unreadable
    }

    package enum Severity: String, Sendable {
        /// Nothing is wrong: what a crash leaves and a start takes care of, what an earlier repair set aside.
        case note
        /// Bytes are not what was written.
        case damage
        /// The system did not let it be read, so nothing is known.
        case unreadable
    }

    /// What can be done about it.
    package enum Remedy: String, Sendable {
        case nothing
        /// The next start of a server takes care of it.
        case start
        /// `millrace repair` makes it good, and nothing is lost.
        case rebuild
        /// `millrace repair` keeps the bytes aside. The offsets are lost, unless a copy has them.
        case quarantine
        /// The metadata lacks a topic: `millrace repair --metadata-from-folders` makes it again, a start with
        /// `--accept-metadata-loss` sets its folders aside.
        case addTopic = "add-topic"
        /// Only a copy from elsewhere helps.
        case restore
    }

    package var kind: Kind
    package var severity: Severity
    package var remedy: Remedy
    /// The partition's folder; `nil` for what concerns the whole directory.
    package var partition: String?
    /// Relative to the data directory.
    package var path: String
    package var bytes: Range<Int64>?
    package var offsets: Range<Offset>?
    /// What is wrong, for people.
    package var reason: String

    package init(
        _ kind: Kind,
        _ severity: Severity = .damage,
        _ remedy: Remedy,
        partition: String? = nil,
        path: String,
        bytes: Range<Int64>? = nil,
        offsets: Range<Offset>? = nil,
        _ reason: String
    ) {
        self.kind = kind
        self.severity = severity
        self.remedy = remedy
        self.partition = partition
        self.path = path
        self.bytes = bytes
        self.offsets = offsets
        self.reason = reason
    }
}
