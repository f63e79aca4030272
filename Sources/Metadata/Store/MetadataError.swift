/// Why the metadata store, or the reading of what it holds, failed.
package struct MetadataError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The watch asks for changes that are no longer kept. Read the range again, then watch from its revision.
        case compacted
        /// More operations or bytes than a transaction may have, or an empty key, or a key written twice in one.
        case invalidTransaction
        /// The session was closed, has expired or never was.
        case sessionNotFound
        /// The store cannot be reached or its disk failed. After this error a commit may or may not have taken
        /// place; repeat it with compares that tell (an outcome is never guessed).
        case unavailable
        /// No room on the disk. Nothing was changed, except that etcd may have carried out a transaction that is sent
        /// without a guard (`MetadataTransaction.isRepeatable`).
        case diskFull
        /// Written by newer software.
        case newerFormat
        /// A stored value or the store's file is damaged.
        case corrupt
        /// Another process has the store's file open.
        case locked
        /// The store was closed.
        case closed
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}
