import LogCore
import Testing

@testable import LogFiles

/// `fetch.verify.checksums`: what goes to a Kafka client as it is may do without a look at its checksums.
@Suite(.timeLimit(.minutes(20))) struct FetchVerificationTests {
    /// A log with a flipped bit within a record of the batch at offset 40.
    private static func damaged(verifies: Bool) throws -> DamagedLog {
        let damaged = try DamagedLog()
        var settings = LogSettings()
        settings.verifiesFetches = verifies
        damaged.log.update(settings)
        let batch = try damaged.batch(with: 45)
        damaged.flip(batch.position + 80, of: batch.path)
        return damaged
    }

    @Test func `a topic that asks for it has no checksum looked at when a client gets its batches`() throws {
        let damaged = try Self.damaged(verifies: false)
        #expect(try damaged.log.fetch(40, bytesMax: 1, isForwarded: true).bytes > 0)
        #expect(damaged.log.damagedRanges.isEmpty)
        // A reader that decodes them is refused, and from then on everybody is.
        #expect(throws: LogError.self) { try damaged.log.fetch(40, bytesMax: 1) }
        #expect(damaged.log.damagedRanges.map(\.offsets) == [40..<50])
        try damaged.engine.close()
    }

    @Test func `other topics have every batch from a file verified`() throws {
        let damaged = try Self.damaged(verifies: true)
        #expect(throws: LogError.self) { try damaged.log.fetch(40, bytesMax: 1, isForwarded: true) }
        #expect(try damaged.log.fetch(50, bytesMax: 1, isForwarded: true).bytes > 0)
        try damaged.engine.close()
    }
}
