import Model
import Testing

@testable import KinesisProtocol

@Suite struct AccountSettingsTests {
    private static let day: Timestamp = 86_400_000

    @Test func `a commitment lasts a day at least`() {
        var commitment = ThroughputCommitment()
        #expect(commitment.status(at: 0) == .disabled)
        commitment.disable(at: 5)
        #expect(commitment == ThroughputCommitment(), "nothing to end")
        commitment.enable(at: 10)
        commitment.enable(at: 20)
        #expect(commitment.startedAt == 10 && commitment.earliestAllowedEndAt == 10 + Self.day)
        commitment.disable(at: 30)
        #expect(commitment.status(at: 9 + Self.day) == .enabledUntilEarliestAllowedEnd)
        #expect(commitment.status(at: 10 + Self.day) == .disabled)
        commitment.enable(at: 40)
        #expect(commitment.status(at: 2 * Self.day) == .enabled && commitment.startedAt == 10, "it is kept on")
        commitment.disable(at: 3 * Self.day)
        #expect(commitment.status(at: 3 * Self.day) == .disabled)
        commitment.enable(at: 4 * Self.day)
        #expect(commitment.startedAt == 4 * Self.day)
    }

    @Test func `it is read as it was stored, and nothing else is`() {
        var commitment = ThroughputCommitment()
        #expect(ThroughputCommitment(stored: commitment.stored) == commitment)
        commitment.enable(at: 1)
        #expect(ThroughputCommitment(stored: commitment.stored) == commitment)
        commitment.disable(at: 2)
        #expect(ThroughputCommitment(stored: commitment.stored) == commitment)
        for text in ["", "1", "1 2 3", "x 1", "1 x"] { #expect(ThroughputCommitment(stored: Array(text.utf8)) == nil) }
    }
}
