import TestSupport
import Testing

@testable import Metadata

@Suite struct MirrorTests {
    private static func entry(_ key: String, _ value: String, at revision: Int64) -> MetadataEntry {
        MetadataEntry(
            key: MetadataKey(key),
            value: Array(value.utf8),
            createRevision: revision,
            modRevision: revision,
            version: 1,
            session: key.hasPrefix("s") ? MetadataSessionID(7) : nil
        )
    }

    static let records: [MirrorRecord] = [
        .snapshot(MetadataContents(revision: 1, entries: [])),
        .snapshot(
            MetadataContents(
                revision: 300,
                entries: [Self.entry("a", "1", at: 2), Self.entry("s", "", at: 300)],
                sessions: [MetadataSessionID(7): 30_000],
                lastSessionID: 9
            )
        ),
        .change(
            4,
            [.put(Self.entry("b", "value", at: 4)), .deleted(key: MetadataKey("a"), revision: 4)],
            ended: nil
        ),
        .change(5, [], ended: MetadataSessionID(7)),
        .sessionOpened(MetadataSessionID(10), milliseconds: 1),
    ]

    @Test(arguments: Self.records) func `a record is read as it was written`(record: MirrorRecord) throws {
        #expect(try MirrorRecord(decoding: record.encoded()[...]) == record)
    }

    @Test(arguments: Self.records) func `a record that is cut off or too long is refused`(record: MirrorRecord) {
        let bytes = record.encoded()
        for count in bytes.indices {
            #expect(throws: MetadataError.self) { try MirrorRecord(decoding: bytes[..<count]) }
        }
        #expect(throws: MetadataError.self) { try MirrorRecord(decoding: (bytes + [0])[...]) }
    }

    @Test func `noise is refused without a trap`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? MirrorRecord(decoding: bytes[...])
        }
    }

    @Test func `changes are replayed onto the snapshot`() throws {
        var replay = MirrorReplay()
        #expect(replay.contents == nil)
        try replay.apply(.snapshot(MetadataContents(revision: 2, entries: [Self.entry("a", "1", at: 2)])))
        try replay.apply(.sessionOpened(MetadataSessionID(7), milliseconds: 500))
        try replay.apply(.change(3, [.put(Self.entry("s", "x", at: 3))], ended: nil))
        try replay.apply(
            .change(4, [.deleted(key: MetadataKey("s"), revision: 4)], ended: MetadataSessionID(7))
        )
        #expect(
            replay.contents
                == MetadataContents(revision: 4, entries: [Self.entry("a", "1", at: 2)], lastSessionID: 7)
        )
    }

    @Test func `a change that does not follow the one before it is refused`() throws {
        var replay = MirrorReplay()
        let change = MirrorRecord.change(3, [.put(Self.entry("b", "", at: 3))], ended: nil)
        #expect(throws: MetadataError.self) { try replay.apply(change) }
        try replay.apply(.snapshot(MetadataContents(revision: 1, entries: [])))
        #expect(throws: MetadataError.self) { try replay.apply(change) }
        #expect(throws: MetadataError.self) { try replay.apply(.snapshot(MetadataContents(revision: 2, entries: []))) }
        #expect(replay.contents?.revision == 1)
    }

    // MARK: Which copy is believed

    private static func contents(_ revision: Int64, _ value: String = "x") -> MetadataContents {
        MetadataContents(revision: revision, entries: [Self.entry("a", value, at: 1)])
    }

    enum Outcome { case create, open, rewriteMirror, restore, refuse }

    private static func outcome(_ plan: OpeningPlan) -> Outcome {
        switch plan {
        case .create: .create
        case .open: .open
        case .rewriteMirror: .rewriteMirror
        case .restore: .restore
        case .refuse: .refuse
        }
    }

    static let damage = MetadataCopy.damaged(reason: "why")

    static let plans: [(MetadataCopy, MetadataCopy, Outcome)] = [
        (.missing, .missing, .create),
        (.missing, .whole(Self.contents(5)), .restore),
        (.missing, .wholeUpTo(Self.contents(5), reason: "why"), .refuse),
        (.missing, Self.damage, .refuse),
        (Self.damage, .missing, .refuse),
        (Self.damage, .whole(Self.contents(5)), .restore),
        (Self.damage, .wholeUpTo(Self.contents(5), reason: "why"), .refuse),
        (Self.damage, Self.damage, .refuse),
        (.whole(Self.contents(5)), .missing, .rewriteMirror),
        (.whole(Self.contents(5)), Self.damage, .rewriteMirror),
        (.whole(Self.contents(5)), .whole(Self.contents(5)), .open),
        (.whole(Self.contents(5)), .whole(Self.contents(5, "y")), .refuse),
        // Died between the commit and the append.
        (.whole(Self.contents(6)), .whole(Self.contents(5)), .rewriteMirror),
        (.whole(Self.contents(6)), .wholeUpTo(Self.contents(5), reason: "why"), .rewriteMirror),
        // The write-ahead log lost its end.
        (.whole(Self.contents(4)), .whole(Self.contents(5)), .restore),
        (.whole(Self.contents(4)), .wholeUpTo(Self.contents(5), reason: "why"), .refuse),
    ]

    @Test(arguments: Self.plans)
    func `the copy that can be believed is taken`(database: MetadataCopy, mirror: MetadataCopy, outcome: Outcome) {
        #expect(Self.outcome(OpeningPlan(database: database, mirror: mirror, hadMirror: true)) == outcome)
    }
}
