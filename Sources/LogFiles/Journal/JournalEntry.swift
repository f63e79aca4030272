package import Model
package import NIOCore

/// A place in the journal: the number of a round, one more for each write over the directory's whole life.
///
/// As an end it is exclusive: `p` stands for everything before round `p`.
package struct JournalPosition: Sendable, Hashable, Comparable {
    package var round: UInt64

    package init(round: UInt64) { self.round = round }

    package static func < (left: Self, right: Self) -> Bool { left.round < right.round }
}

/// Whole record batches of one partition, base offset and leader epoch already patched, on their way to the journal.
///
/// The payload is `head`, `body` and `rest` back to back, kept by reference until the round is answered. Usually
/// `head` is a patched 61-byte batch header and `body` the slice of the request that follows it.
package struct JournalEntry: Sendable {
    package var partition: TopicPartition
    package var baseOffset: Offset
    /// The offset after the last record.
    package var nextOffset: Offset
    package var leaderEpoch: LeaderEpoch
    package var head: ByteBuffer
    package var body: ByteBuffer
    /// Further buffers, for an entry of several batches; an empty array costs no allocation.
    package var rest: [ByteBuffer]
    /// Whose append this is, handed back untouched. Its identity is the unit of suspension after a full disk (see
    /// `Journal.resume`), so use one object per partition.
    package var owner: any AnyObject & Sendable

    package init(
        partition: TopicPartition,
        baseOffset: Offset,
        nextOffset: Offset,
        leaderEpoch: LeaderEpoch,
        head: ByteBuffer,
        body: ByteBuffer,
        rest: [ByteBuffer] = [],
        owner: any AnyObject & Sendable
    ) {
        self.partition = partition
        self.baseOffset = baseOffset
        self.nextOffset = nextOffset
        self.leaderEpoch = leaderEpoch
        self.head = head
        self.body = body
        self.rest = rest
        self.owner = owner
    }

    /// Bytes of the payload.
    package var byteCount: Int {
        var count = self.head.readableBytes + self.body.readableBytes
        if !self.rest.isEmpty { count += self.rest.reduce(0) { $0 + $1.readableBytes } }
        return count
    }
}

/// What became of `Journal.append`.
package enum JournalAppendOutcome: Sendable, Equatable {
    /// In the queue: `onRound` will answer it.
    case queued
    /// The queue holds `queueBytesMax` already. Retriable.
    case overloaded
    /// The payload exceeds `Journal.entryBytesMax`.
    case tooLarge
    /// An earlier entry of the same owner met a full disk and `resume` has not been called yet.
    case diskFull
    /// The journal failed for good.
    case failed
    /// `close` was called.
    case closed
}

/// Entries that were answered together, in the order of their `append`.
package struct JournalRound: Sendable {
    package var entries: ArraySlice<JournalEntry>
    /// The position of every entry in the round.
    package var position: JournalPosition
    /// The next round's position: everything answered so far lies before it.
    package var end: JournalPosition { JournalPosition(round: self.position.round + 1) }
    /// `nil`: every entry is durable. Otherwise none of them is acknowledged, and the position says nothing.
    package var error: JournalError?

    package init(
        entries: ArraySlice<JournalEntry>,
        position: JournalPosition,
        error: JournalError?
    ) {
        self.entries = entries
        self.position = position
        self.error = error
    }
}

/// Why entries are not durable, or why a journal does not open.
package enum JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No room for another file of the ring. Retriable: the journal keeps what it has and resumes when there is room.
    case diskFull(FileError)
    /// Short of descriptors or kernel memory. Retriable: the next round may succeed.
    case transient(FileError)
    /// A write or sync failed. Final for this process: what the kernel still holds is unknown, so nothing is retried.
    case storage(FileError)
    /// The journal was closed before the entry could be written.
    case closed
    /// The directory holds something that this version cannot read.
    case incompatible(String)

    package var description: String {
        switch self {
        case .diskFull(let error): "journal: disk full: \(error)"
        case .transient(let error): "journal: for the moment: \(error)"
        case .storage(let error): "journal failed: \(error)"
        case .closed: "journal is closed"
        case .incompatible(let reason): "journal: \(reason)"
        }
    }
}

package struct JournalSettings: Sendable {
    /// The size of one file of the ring; rounded up to 4096, at least 64 KiB.
    package var fileBytes: Int64 = 64 << 20
    /// The most files. When all hold data that no checkpoint vouches for, appends wait for `recycle`. At least 2.
    package var fileCountMax = 8
    /// More than this in live files asks for a checkpoint, so that a start after a crash has little to read.
    package var replayBytesWanted: Int64 = 128 << 20
    /// Entries are gathered into one write up to this size; a larger entry gets a write of its own.
    package var roundBytesMax = 4 << 20
    /// Payload bytes queued or in flight at most; beyond, `append` answers `.overloaded`.
    package var queueBytesMax = 32 << 20
    /// How long the first entry after an idle moment waits for company. Zero: not at all; entries still gather
    /// while a write is in flight.
    package var gatherMicroseconds: Int64 = 0
    /// Whether to try `O_DIRECT`. The journal falls back by itself where the file system refuses it.
    package var usesDirect = true
    /// Bytes written to a file of never-written blocks before a fully written one is prepared to replace it, so that
    /// an idle or short-lived server does not write 64 MiB of zeros.
    package var prepareAfterBytes: Int64 = 1 << 20

    package init() {}
}
