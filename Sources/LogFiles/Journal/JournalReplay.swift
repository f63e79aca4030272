package import Model
package import NIOCore

/// An entry read back from the journal.
package struct JournalReplayEntry: Sendable {
    package var position: JournalPosition
    package var partition: TopicPartition
    package var baseOffset: Offset
    package var nextOffset: Offset
    package var leaderEpoch: LeaderEpoch
    /// The record batches: a slice of the round's buffer (≤ `roundBytesMax`, or the size of one larger entry).
    package var payload: ByteBuffer
}

/// Rounds that were acknowledged and cannot be read any more: damage, not a torn tail.
package struct JournalCorruption: Sendable, Equatable {
    package var path: String
    /// The byte in the file where the damage begins.
    package var byteOffset: Int64
    /// The numbers of the rounds that are lost.
    package var lostRounds: Range<UInt64>
}

/// What a replay yields, in the order of writing.
package enum JournalReplayEvent: Sendable {
    case entry(JournalReplayEntry)
    /// Something is missing here. Entries that follow are valid; a partition that lost some shows a gap in its
    /// offsets.
    case corruption(JournalCorruption)
}

/// What the journal held when it was opened. `run` it once, before anything is recycled; it reads the files as it
/// goes and holds one round in memory.
package final class JournalReplay: Sendable {
    package struct Summary: Sendable, Equatable {
        package var rounds = 0
        package var entries = 0
        package var payloadBytes: Int64 = 0
        package var corruptions: [JournalCorruption] = []
        /// The last write was cut off. It was never acknowledged, so nothing is lost.
        package var hasTornTail = false
    }

    struct Source: Sendable {
        var name: String
        var sequence: UInt64
        /// `nil` when the file's header is damaged.
        var firstRound: UInt64?
        var sizeBytes: Int64
    }

    private let directory: Directory
    private let journalID: UInt64
    private let sources: [Source]
    private let floor: UInt64
    /// Rounds from this one on are not read.
    private let end: UInt64
    /// Some file is shorter than it was made, so that rounds may be missing without a trace.
    package let isCut: Bool

    init(
        directory: Directory,
        journalID: UInt64,
        sources: [Source],
        floor: UInt64,
        end: UInt64 = .max,
        isCut: Bool = false
    ) {
        self.isCut = isCut
        self.directory = directory
        self.journalID = journalID
        self.sources = sources
        self.floor = floor
        self.end = end
    }

    /// Whether there is nothing to replay.
    package var isEmpty: Bool { self.sources.isEmpty }

    /// Yields every durable entry that was not recycled, in the order of writing.
    ///
    /// Some may be in the segments already (a checkpoint's `recycle` is recorded with the next round only), so apply
    /// them by offset. Entries of partitions that no longer exist are yielded too.
    ///
    /// - Throws: `FileError` when a file cannot be read; what was yielded until then is valid.
    package func run(_ body: (JournalReplayEvent) -> Void) throws(FileError) -> Summary {
        var summary = Summary()
        // The first round that has to be there. Unknown while only a file with a damaged header was met.
        var expected = self.floor
        for (index, source) in self.sources.enumerated() {
            let file = try self.directory.open(source.name)
            let limit = self.sources[(index + 1)...].lazy.compactMap(\.firstRound).first ?? .max
            if let first = source.firstRound, first >= self.end { break }
            var reader = JournalFileReader(
                file: file,
                sizeBytes: source.sizeBytes,
                journalID: self.journalID,
                sequence: source.sequence,
                firstNumber: source.firstRound ?? 0,
                numberLimit: min(limit, self.end)
            )
            reader.floor = self.floor
            if let first = source.firstRound, first > expected {
                Self.report(&summary, file.path, 0, expected..<first, body)
                expected = first
            }
            var end = reader.end
            while let round = try reader.next() {
                if round.header.number > expected {
                    Self.report(&summary, file.path, end, expected..<round.header.number, body)
                }
                expected = max(expected, round.header.number + 1)
                end = reader.end
                guard let bytes = round.body else { continue }
                summary.rounds += 1
                let isSound = Self.deliver(round.header, bytes, &summary, body)
                if !isSound {
                    let number = round.header.number
                    Self.report(&summary, file.path, round.position, number..<(number + 1), body)
                }
            }
            if index == self.sources.count - 1 { summary.hasTornTail = reader.sawTornRound }
        }
        return summary
    }

    /// Returns `false` when the entries contradict their header in spite of a sound CRC.
    private static func deliver(
        _ header: JournalFormat.RoundHeader,
        _ bytes: ByteBuffer,
        _ summary: inout Summary,
        _ body: (JournalReplayEvent) -> Void
    ) -> Bool {
        var bytes = bytes
        let position = JournalPosition(round: header.number)
        for _ in 0..<header.entryCount {
            guard let entry = JournalFormat.decodeEntry(&bytes, position: position) else { return false }
            summary.entries += 1
            summary.payloadBytes += Int64(entry.payload.readableBytes)
            body(.entry(entry))
        }
        return bytes.readableBytes == 0
    }

    private static func report(
        _ summary: inout Summary,
        _ path: String,
        _ byteOffset: Int64,
        _ lost: Range<UInt64>,
        _ body: (JournalReplayEvent) -> Void
    ) {
        let corruption = JournalCorruption(path: path, byteOffset: byteOffset, lostRounds: lost)
        summary.corruptions.append(corruption)
        body(.corruption(corruption))
    }
}
