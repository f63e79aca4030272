package import Model
internal import NIOCore

/// What one file of a journal holds, for people who look at it.
package struct JournalListing: Sendable {
    package struct Entry: Sendable {
        package var partition: TopicPartition
        package var offsets: Range<Offset>
        package var byteCount: Int
    }

    package struct Round: Sendable {
        package var number: UInt64
        /// In the file.
        package var position: Int64
        package var byteCount: Int
        package var entries: [Entry]
    }

    package var journalID: UInt64
    /// How often the slot of the ring was used.
    package var sequence: UInt64
    package var firstRound: UInt64
    /// The round before which nothing is needed any more.
    package var floor: UInt64
    package var rounds: [Round]
    /// The last round is not whole.
    package var hasTornRound: Bool

    /// Reads the sound rounds of the file's present use.
    ///
    /// - Parameter roundsMax: more are left out.
    /// - Returns: `nil` when it is not a journal file.
    /// - Throws: `FileError`.
    package static func read(
        _ directory: Directory,
        _ name: String,
        roundsMax: Int = .max
    ) throws(FileError) -> JournalListing? {
        let file = try directory.open(name)
        defer { try? file.close() }
        var block = ByteBuffer()
        _ = try file.read(into: &block, count: JournalFormat.headerBytes, at: 0)
        guard let header = block.withUnsafeReadableBytes({ JournalFormat.decodeFileHeader($0) }) else { return nil }
        var reader = JournalFileReader(
            file: file,
            sizeBytes: try file.size(),
            journalID: header.journalID,
            sequence: header.sequence,
            firstNumber: header.firstRound
        )
        var rounds: [Round] = []
        while rounds.count < roundsMax, let round = try reader.next() {
            var entries: [Entry] = []
            if var body = round.body {
                let position = JournalPosition(round: round.header.number)
                while let entry = JournalFormat.decodeEntry(&body, position: position) {
                    entries.append(
                        Entry(
                            partition: entry.partition,
                            offsets: entry.baseOffset..<max(entry.baseOffset, entry.nextOffset),
                            byteCount: entry.payload.readableBytes
                        )
                    )
                }
            }
            rounds.append(
                Round(
                    number: round.header.number,
                    position: round.position,
                    byteCount: round.header.roundBytes,
                    entries: entries
                )
            )
        }
        return JournalListing(
            journalID: header.journalID,
            sequence: header.sequence,
            firstRound: header.firstRound,
            floor: header.floor,
            rounds: rounds,
            hasTornRound: reader.sawTornRound
        )
    }
}
