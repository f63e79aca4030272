import Glibc
import LogCore
import Model
import RecordBatch
import Simulation
import Testing
import Threads

@testable import LogFiles

/// The scrubber meets damage that no client reads, and leaves everything else alone.
@Suite(.timeLimit(.minutes(20))) struct ScrubberTests {
    private func scrubber() -> Scrubber {
        var settings = EngineSettings()
        settings.scrubBytesPerSecond = .max
        return Scrubber(settings, on: SystemThreads.shared)
    }

    @Test func `a pass verifies all that is stored`() throws {
        let log = try DamagedLog()
        let scrubber = self.scrubber()
        scrubber.pass(log.engine)
        let progress = try #require(scrubber.progress)
        #expect(progress.bytesVerified == log.logs.reduce(0) { $0 + $1.sizeBytes })
        #expect(progress.passes == 1)
        #expect(progress.damagedRangesFound == 0)
        #expect(progress.lastPassAt != nil)
        #expect(log.engine.damagedRangeCount == 0)
        try log.engine.close()
    }

    @Test(arguments: [45, 195])
    func `damage is quarantined before a client meets it`(offset: Offset) throws {
        let log = try DamagedLog()
        let batch = try log.batch(with: offset)
        log.flip(batch.position + 100, of: batch.path)
        let scrubber = self.scrubber()
        scrubber.pass(log.engine)
        #expect(log.log.damagedRanges.map(\.offsets) == [batch.header.baseOffset..<batch.header.nextOffset])
        #expect(log.logs[1].damagedRanges.isEmpty)
        #expect(scrubber.progress?.damagedRangesFound == 1)
        #expect(log.engine.damagedRangeCount == 1)
        // The next pass finds it again and counts it once.
        scrubber.pass(log.engine)
        #expect(scrubber.progress?.damagedRangesFound == 1)
        #expect(scrubber.progress?.passes == 2)
        #expect(try log.refused() == Array(batch.header.baseOffset..<batch.header.nextOffset))
        try log.engine.close()
    }

    @Test(arguments: [true, false])
    func `a segment that is gone or was cut is missed`(isRemoved: Bool) throws {
        let log = try DamagedLog()
        let (path, base, size) = log.segments[1]
        let next = log.segments[2].base
        let last = try log.batch(with: next - 1)
        #expect(isRemoved ? unlink(path) == 0 : truncate(path, Int(size) - 1) == 0)
        self.scrubber().pass(log.engine)
        let lost = isRemoved ? base..<next : last.header.baseOffset..<next
        #expect(log.log.damagedRanges.map(\.offsets) == [lost])
        // No file was made by looking.
        #expect((sizeOf(path) == nil) == isRemoved)
        try log.engine.close()
    }

    @Test func `a disk that refuses to be read is not damage`() throws {
        let log = try DamagedLog()
        log.fixture.faults.set { rules in
            rules.readError = EIO
            rules.pathContains = "orders-0/"
        }
        let scrubber = self.scrubber()
        scrubber.pass(log.engine)
        log.fixture.faults.set { $0.readError = nil }
        #expect(log.log.damagedRanges.isEmpty)
        #expect(scrubber.progress?.unreadableSegments == log.segments.count)
        #expect(scrubber.progress?.lastPassAt == nil)
        try log.engine.close()
    }

    @Test func `reading is spread over time and does not catch up for long`() {
        var pace = ScrubPace(bytesPerSecond: 1_000)
        #expect(pace.read(500, now: 0) == 500_000_000)
        #expect(pace.read(500, now: 500_000_000) == 500_000_000)
        // A minute later one second's worth is free.
        #expect(pace.read(500, now: 60_000_000_000) == 0)
        #expect(pace.read(500, now: 60_000_000_000) == 0)
        #expect(pace.read(500, now: 60_000_000_000) == 500_000_000)
        var unlimited = ScrubPace(bytesPerSecond: .max)
        #expect(unlimited.read(.max, now: 7) >= 0)
    }
}
