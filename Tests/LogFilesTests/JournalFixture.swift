import Logging
import Model
import NIOCore
import Simulation
import Synchronization
import Threads

@testable import LogFiles

/// A directory of its own, gone with the last reference.
final class ScratchDirectory: Sendable {
    let directory: Directory

    init(on disk: any Disk = SystemDisk.shared) throws {
        let name = String(UInt64.random(in: 0 ... .max), radix: 36)
        self.directory = Directory("/tmp/millrace-tests/\(name)", on: disk)
        try self.directory.create()
    }

    deinit { _ = try? self.directory.removeTree() }
}

/// A partition as the journal sees it.
final class FakeOwner: Sendable {}

/// An open journal and everything it answered.
final class JournalFixture: Sendable {
    struct Answers {
        var rounds: [JournalRound] = []
    }

    static let topic = TopicID(high: 0xA1, low: 0xB2)

    let journal: Journal
    let replay: JournalReplay

    static func settings(_ change: (inout JournalSettings) -> Void = { _ in }) -> JournalSettings {
        var settings = JournalSettings()
        settings.fileBytes = 64 << 10
        settings.fileCountMax = 4
        settings.roundBytesMax = 16 << 10
        change(&settings)
        return settings
    }

    private final class Box: Sendable {
        let answers = Mutex(Answers())
        let answered = Semaphore()
        let checkpoint = Semaphore()
    }

    private let box: Box

    init(_ directory: Directory, settings: JournalSettings = JournalFixture.settings()) throws {
        let box = Box()
        self.box = box
        (self.journal, self.replay) = try Journal.open(
            directory: directory,
            settings: settings,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            onRound: { round in
                box.answers.withLock { $0.rounds.append(round) }
                for _ in round.entries { box.answered.signal() }
            },
            onCheckpointWanted: { box.checkpoint.signal() }
        )
    }

    var rounds: [JournalRound] { self.box.answers.withLock { $0.rounds } }

    static func entry(_ offset: Offset, bytes: Int = 100, owner: FakeOwner = FakeOwner()) -> JournalEntry {
        let payload = Self.payload(offset, bytes: bytes)
        return JournalEntry(
            partition: TopicPartition(topicID: Self.topic, partition: 7),
            baseOffset: offset,
            nextOffset: offset + 1,
            leaderEpoch: LeaderEpoch(3),
            head: ByteBuffer(bytes: payload.prefix(61)),
            body: ByteBuffer(bytes: payload.dropFirst(61)),
            owner: owner
        )
    }

    static func payload(_ offset: Offset, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: Int(offset) &* 31 &+ $0) }
    }

    /// Blocks until that many more entries are answered.
    func wait(entries: Int) {
        for _ in 0..<entries { self.box.answered.wait() }
    }

    /// Blocks until a checkpoint is asked for once more.
    func waitForCheckpointRequest() { self.box.checkpoint.wait() }

    /// Appends one entry and waits for its round.
    func write(_ offset: Offset, bytes: Int = 100) {
        precondition(self.journal.append(Self.entry(offset, bytes: bytes)) == .queued)
        self.wait(entries: 1)
    }
}

/// What a replay yields, for comparison.
struct Replayed: Equatable {
    var offsets: [Offset] = []
    var lost: [Range<UInt64>] = []
    var isIntact = true
    var summary = JournalReplay.Summary()

    init(_ replay: JournalReplay, bytes: Int? = nil) throws {
        var offsets: [Offset] = []
        var lost: [Range<UInt64>] = []
        var isIntact = true
        self.summary = try replay.run { event in
            switch event {
            case .entry(let entry):
                offsets.append(entry.baseOffset)
                let expected = JournalFixture.payload(
                    entry.baseOffset,
                    bytes: bytes ?? entry.payload.readableBytes
                )
                isIntact =
                    isIntact && Array(entry.payload.readableBytesView) == expected
                    && entry.partition == TopicPartition(topicID: JournalFixture.topic, partition: 7)
                    && entry.nextOffset == entry.baseOffset + 1 && entry.leaderEpoch == LeaderEpoch(3)
            case .corruption(let corruption): lost.append(corruption.lostRounds)
            }
        }
        self.offsets = offsets
        self.lost = lost
        self.isIntact = isIntact
    }

    /// Opens, replays and closes.
    static func of(
        _ directory: Directory,
        settings: JournalSettings = JournalFixture.settings()
    ) throws -> Replayed {
        let fixture = try JournalFixture(directory, settings: settings)
        defer { fixture.journal.close() }
        return try Replayed(fixture.replay)
    }
}
