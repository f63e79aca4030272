import Glibc
import Simulation
import Synchronization
import Testing

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

/// Reads of segments that the page cache has nothing of.
@Suite(.timeLimit(.minutes(20)), .enabled(if: ColdSegment.isPossible, "needs cachestat(2), O_DIRECT and a disk"))
struct EngineColdReadTests {
    @Test func `what is read the first time leaves the page cache alone, the second time fills it`() throws {
        let segment = try ColdSegment()
        #expect(try segment.log.numbers(bytesMax: 300_000) == segment.numbers)
        #expect(try segment.cachedBytes() < segment.sizeBytes / 4)
        #expect(try segment.log.numbers(bytesMax: 300_000) == segment.numbers)
        #expect(try segment.cachedBytes() > segment.sizeBytes * 3 / 4)
        // And from the cache.
        #expect(try segment.log.numbers(bytesMax: 300_000) == segment.numbers)
        try segment.engine.close()
    }

    @Test func `the kernel is asked to read ahead for the second reader, and for nobody else`() throws {
        let segment = try ColdSegment()
        var asked: [Int64] = []
        for _ in 0..<3 {
            #expect(try segment.log.numbers(bytesMax: 300_000) == segment.numbers)
            asked.append(segment.fixture.faults.counts.bytesReadAhead)
        }
        #expect(asked[0] == 0)
        #expect(asked[1] >= 300_000)
        #expect(asked[2] == asked[1])
        try segment.engine.close()
    }

    /// No batch begins or ends at a block's boundary, and the last read meets the file's end.
    @Test(arguments: [128 << 10, 200_001, 50 << 20], [0, 7, 1_203, 1_870])
    func `direct reads give the same bytes from every offset`(bytesMax: Int, start: Int) throws {
        let segment = try ColdSegment()
        #expect(try segment.log.numbers(from: Offset(start), bytesMax: bytesMax) == Array(segment.numbers[start...]))
        #expect(try segment.cachedBytes() < segment.sizeBytes / 4)
        try segment.engine.close()
    }

    @Test func `short reads leave it to the kernel to read ahead`() throws {
        let segment = try ColdSegment()
        let records = try segment.log.fetch(0, bytesMax: 64 << 10)
        #expect(records.bytes > 0)
        #expect(try segment.cachedBytes() >= records.bytes)
        try segment.engine.close()
    }

    @Test func `a file system without direct I/O is read through the cache`() throws {
        let segment = try ColdSegment()
        segment.fixture.faults.set { $0.refusesDirect = true }
        #expect(try segment.log.numbers(bytesMax: 300_000) == segment.numbers)
        #expect(try segment.cachedBytes() > segment.sizeBytes * 3 / 4)
        try segment.engine.close()
    }

    @Test(arguments: [512 << 10, Int64.max])
    func `what was forced longest ago leaves the page cache when that has too much`(bytesMax: Int64) throws {
        let fixture = try EngineFixture()
        fixture.settings.pageCache = bytesMax == .max ? .unlimited : .bytes(bytesMax)
        fixture.settings.tailBytesMax = 0
        let (engine, logs) = try fixture.startWithLogs()
        for round in 0..<8 {
            for start in stride(from: round * 500, to: (round + 1) * 500, by: 10) {
                try logs[0].write(makeBatch(start..<(start + 10), bytes: 1_013))
            }
            engine.settle()
            #expect(engine.checkpoint() == nil)
        }
        let handle = logs[0].head.withLock { $0.layout.segments[0].files }
        let size = logs[0].head.withLock { Int($0.layout.segments[0].info.sizeBytes) }
        let cached = try cachedBytesOf(handle.file(.log), size)
        if bytesMax == .max {
            #expect(cached >= size)
        } else {
            // A checkpoint's part is dropped whole, the end stays, and so does a folio that is shared with what stays.
            #expect(cached <= 2_500_000)
            #expect(cached >= 256 << 10)
        }
        #expect(try logs[0].numbers(bytesMax: 300_000) == Array(0..<4_000))
        try engine.close()
    }

    @Test func `a limit that is measured keeps the cache while there is room, and drops the oldest when there is not`()
        throws
    {
        let fixture = try EngineFixture()
        let measured = Measured(room: 1 << 30)
        fixture.settings.pageCache = .measured { measured.room.load(ordering: .relaxed) }
        fixture.settings.tailBytesMax = 0
        let (engine, logs) = try fixture.startWithLogs()
        func write(_ rounds: Range<Int>) throws {
            for round in rounds {
                for start in stride(from: round * 2_000, to: (round + 1) * 2_000, by: 100) {
                    try logs[0].write(makeBatch(start..<(start + 100), bytes: 1_013))
                }
                engine.settle()
                #expect(engine.checkpoint() == nil)
            }
        }
        try write(0..<10)
        let handle = logs[0].head.withLock { $0.layout.segments[0].files }
        let size = logs[0].head.withLock { Int($0.layout.segments[0].info.sizeBytes) }
        #expect(try cachedBytesOf(handle.file(.log), size) >= size)
        measured.room.store(0, ordering: .relaxed)
        try write(10..<20)
        #expect(try cachedBytesOf(handle.file(.log), size) == 0)
        try engine.close()
    }

    private final class Measured: Sendable {
        let room: Atomic<Int64>
        init(room: Int64) { self.room = Atomic(room) }
    }

    @Test func `small parts are not counted before they are large, and the end of a segment stays`() throws {
        let fixture = try EngineFixture()
        fixture.settings.pageCache = .bytes(0)
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<100, bytes: 1_000))
        engine.settle()
        #expect(engine.checkpoint() == nil)
        let handle = logs[0].head.withLock { $0.layout.segments[0].files }
        #expect(try cachedBytesOf(handle.file(.log), 100_000) > 90_000)
        for start in stride(from: 100, to: 3_000, by: 100) {
            try logs[0].write(makeBatch(start..<(start + 100), bytes: 1_000))
        }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        #expect(try cachedBytesOf(handle.file(.log), 1_000_000) == 0)
        // A start reads the end.
        let size = logs[0].head.withLock { Int($0.layout.segments[0].info.sizeBytes) }
        #expect(try cachedBytesOf(handle.file(.log), size) >= Int(CachedLogs.tailBytes))
        #expect(try logs[0].numbers() == Array(0..<3_000))
        try engine.close()
    }

    @Test func `of a segment that is closed the end goes too`() throws {
        let fixture = try EngineFixture()
        fixture.settings.pageCache = .bytes(0)
        var settings = LogSettings()
        settings.segmentBytes = 500_000
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        for start in stride(from: 0, to: 2_000, by: 100) {
            try logs[0].write(makeBatch(start..<(start + 100), bytes: 1_000))
        }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        let segments = logs[0].head.withLock { head in head.layout.segments }
        #expect(segments.count > 2)
        for segment in segments.dropLast() {
            #expect(try cachedBytesOf(segment.files.file(.log), Int(segment.info.sizeBytes)) == 0)
        }
        #expect(try logs[0].numbers() == Array(0..<2_000))
        try engine.close()
    }

    @Test func `a disk that fails says so, and the partition takes appends`() throws {
        let segment = try ColdSegment()
        segment.fixture.faults.set { $0.readError = EIO }
        #expect(throws: LogError.self) { try segment.log.fetch(0, bytesMax: 300_000) }
        #expect(!segment.log.hasFailed)
        segment.engine.abandon()
    }
}

/// A log whose only segment is on the disk and not in memory.
private struct ColdSegment {
    static let count = 2_000
    let fixture: EngineFixture
    let engine: FileLogEngine
    let log: FilePartitionLog
    let numbers = Array(0..<ColdSegment.count)

    init() throws {
        self.fixture = try EngineFixture()
        let (first, logs) = try self.fixture.startWithLogs()
        for start in stride(from: 0, to: Self.count, by: 10) {
            try logs[0].write(makeBatch(start..<(start + 10), bytes: 1_013))
        }
        try first.close()
        let (engine, reopened) = try self.fixture.startWithLogs()
        self.engine = engine
        self.log = reopened[0]
        try self.evict()
    }

    private func file() throws -> File {
        try self.log.head.withLock { $0.layout.segments[0].files }.file(.log)
    }

    var sizeBytes: Int { Int(self.log.head.withLock { $0.layout.segments[0].info.sizeBytes }) }

    func cachedBytes() throws -> Int { try cachedBytesOf(self.file(), self.sizeBytes) }

    func evict() throws { try evictFile(self.file()) }

    /// Whether the kernel tells what it holds, forgets it when asked, and has direct I/O here.
    static let isPossible: Bool = {
        let path = "/tmp/millrace-cold-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(path) }
        do {
            let file = try File.open(path, options: [.write, .create])
            let bytes = [UInt8](repeating: 1, count: 1 << 20)
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            guard try cachedBytesOf(file, 1 << 20) > 0 else { return false }
            try evictFile(file)
            guard try cachedBytesOf(file, 1 << 20) == 0 else { return false }
            _ = try File.open(path, options: .direct)
            return true
        } catch {
            return false
        }
    }()
}

private func cachedBytesOf(_ file: File, _ size: Int) throws -> Int {
    guard let cached = file.cachedBytes(0..<Int64(size)) else { throw FixtureError.failed("cachestat") }
    return Int(cached.all)
}

private func evictFile(_ file: File) throws {
    try file.synchronizeData()
    file.dropFromPageCache(0..<(try file.size()))
}
