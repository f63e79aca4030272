import Glibc
import LogCore
import Model
import RecordBatch
import Synchronization
import Testing

@testable import LogFiles

/// One damaged place in a partition's files: those offsets are refused, and everything else is read and written.
@Suite(.timeLimit(.minutes(20))) struct EngineQuarantineTests {
    /// Of a batch's header and records, what a flipped bit hits.
    enum Place: Int, CaseIterable {
        case baseOffset = 7
        case baseOffsetHigh = 5
        case length = 10
        case lengthLow = 11
        case magic = 16
        case checksum = 18
        case attributes = 22
        case lastOffsetDelta = 24
        case timestamp = 30
        case recordCount = 58
        case record = 100
    }

    @Test(arguments: Place.allCases, [1, 64] as [UInt8])
    func `a flipped bit costs its batch and nothing else`(place: Place, bit: UInt8) throws {
        let damaged = try DamagedLog()
        let batch = try damaged.batch(with: 45)
        damaged.flip(batch.position + place.rawValue, bit: bit, of: batch.path)
        #expect(try damaged.refused() == Array(batch.header.baseOffset...batch.header.lastOffset))
        try damaged.expectOtherIsWhole()
        // In any order of reading, and with what comes after it.
        try damaged.log.write(makeBatch(200..<210))
        damaged.engine.settle()
        #expect(try damaged.log.fetch(205).bytes > 0)
        let range = try #require(damaged.log.damagedRanges.first)
        #expect(damaged.log.damagedRanges.count == 1)
        #expect(range.path == batch.path)
        #expect(range.bytes.contains(Int64(batch.position)))
        try damaged.engine.close()
    }

    @Test func `what is behind damage is read when it is asked for first`() throws {
        let damaged = try DamagedLog()
        let batch = try damaged.batch(with: 10)
        damaged.flip(batch.position + 9, of: batch.path)
        let index = damaged.log.head.withLock { $0.layout.segments[0].files.path(.offsetIndex) }
        #expect(truncate(index, 0) == 0)
        #expect(try damaged.log.fetch(20).bytes > 0)
        #expect(try damaged.refused() == Array(10..<20))
        try damaged.engine.close()
    }

    @Test func `a search by time does not look past damage`() throws {
        let damaged = try DamagedLog()
        let batch = try damaged.batch(with: 5)
        damaged.flip(batch.position + 100, of: batch.path)
        #expect(throws: LogError.self) { try damaged.log.find(.atOrAfter(1_005)) }
        try damaged.engine.close()
    }

    enum Loss: CaseIterable { case removed, emptied, cutAtBatch, cutWithinBatch, cutAtHeader }

    @Test(arguments: Loss.allCases, [true, false])
    func `a closed segment that lost bytes is missing where they were`(loss: Loss, isRunning: Bool) throws {
        let damaged = try DamagedLog()
        let (path, base, size) = damaged.segments[1]
        let next = damaged.segments[2].base
        let last = try damaged.batch(with: next - 1)
        func damage() {
            switch loss {
            case .removed: #expect(unlink(path) == 0)
            case .emptied: #expect(truncate(path, 0) == 0)
            case .cutAtBatch: #expect(truncate(path, last.position) == 0)
            case .cutWithinBatch: #expect(truncate(path, Int(size) - 1) == 0)
            case .cutAtHeader: #expect(truncate(path, last.position + 20) == 0)
            }
        }
        if isRunning {
            // The file stays open, so removing its name takes nothing away.
            if loss == .removed { return }
            damage()
        } else {
            try damaged.restart(damage)
        }
        let first = loss == .removed || loss == .emptied ? base : last.header.baseOffset
        #expect(try damaged.refused() == Array(first..<next))
        try damaged.expectOtherIsWhole()
        try damaged.log.write(makeBatch(200..<210))
        try damaged.engine.close()
    }

    @Test func `a segment under the name of another one is refused`() throws {
        let damaged = try DamagedLog()
        let (first, second) = (damaged.segments[0], damaged.segments[1])
        let end = damaged.segments[2].base
        try damaged.restart {
            guard let bytes = try Directory("/").contents(of: String(first.path.dropFirst()), bytesMax: 1 << 20) else {
                throw FixtureError.failed("no segment")
            }
            #expect(truncate(second.path, 0) == 0)
            damaged.write(bytes, at: 0, of: second.path)
        }
        #expect(try damaged.refused() == Array(second.base..<end))
        try damaged.expectOtherIsWhole()
        try damaged.engine.close()
    }
}
