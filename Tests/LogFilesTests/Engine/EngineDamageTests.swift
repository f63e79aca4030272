import Glibc
import LogCore
import Model
import Synchronization
import Testing
import Threads

@testable import LogFiles

/// Reads of files that were changed behind the server's back.
@Suite(.timeLimit(.minutes(20))) struct EngineDamageTests {
    /// Batches of ten records in segments of a few batches, all in files.
    private static func logs(_ fixture: EngineFixture) throws -> (FileLogEngine, [FilePartitionLog]) {
        var settings = LogSettings()
        settings.segmentBytes = 4_000
        settings.indexIntervalBytes = 500
        fixture.settings.tailBytesMax = 0
        let (engine, logs) = try fixture.startWithLogs(2, settings)
        for log in logs {
            for start in stride(from: 0, to: 200, by: 10) { try log.write(makeBatch(start..<(start + 10))) }
        }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        return (engine, logs)
    }

    private static func segment(_ log: FilePartitionLog, _ index: Int) -> (path: String, info: SegmentInfo) {
        log.head.withLock { ($0.layout.segments[index].files.path(.log), $0.layout.segments[index].info) }
    }

    private static func write(_ bytes: [UInt8], at position: Int, of path: String) {
        let file = open(path, O_WRONLY)
        #expect(pwrite(file, bytes, bytes.count, position) == bytes.count)
        close(file)
    }

    /// What a read is answered, or `nil` when it is not within ten seconds.
    private static func fetch(_ log: FilePartitionLog, _ offset: Offset) -> Result<FetchedRecords, LogError>? {
        let request = ReadRequest(offset: offset, bytesMax: 1 << 20, atLeastOneBatch: true, isolation: .readUncommitted)
        let done = Semaphore()
        let answer = Mutex<Result<FetchedRecords, LogError>?>(nil)
        log.engine.perform([DeferredRead(log: log, request: request)]) { results in
            answer.withLock { $0 = results[0] }
            done.signal()
        }
        _ = done.wait(nanosecondsMax: 10_000_000_000)
        return answer.withLock { $0 }
    }

    private static func code(_ result: Result<FetchedRecords, LogError>?) -> LogError.Code? {
        if case .failure(let error)? = result { error.code } else { nil }
    }

    @Test(arguments: [1 << 20, Int(Int32.max) - 12, 4_000])
    func `a batch that claims to go beyond its segment is damage, for its partition alone`(length: Int) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try Self.logs(fixture)
        let (path, info) = Self.segment(logs[0], 0)
        // The second half of a batch's first twelve bytes is its length.
        Self.write(withUnsafeBytes(of: Int32(length).bigEndian, Array.init), at: 8, of: path)
        #expect(info.sizeBytes < length + 12)
        #expect(Self.code(Self.fetch(logs[0], 0)) == .corruptBatch)
        // What the damage hides is not passed over; what lies behind it is there.
        let second = Self.segment(logs[0], 1).info.baseOffset
        #expect(try Self.fetch(logs[0], second)?.get().bytes ?? 0 > 0)
        #expect(try Self.fetch(logs[1], 0)?.get().bytes ?? 0 > 0)
        try engine.close()
    }

    @Test(arguments: [1, 30, 70])
    func `a closed segment that was cut is damage where it ends`(missing: Int) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try Self.logs(fixture)
        try engine.close()
        let cut = Self.segment(logs[0], 0)
        #expect(truncate(cut.path, Int(cut.info.sizeBytes) - missing) == 0)
        let (again, reopened) = try fixture.startWithLogs(2)
        let following = Self.segment(logs[0], 1).info.baseOffset
        // Sound batches before the cut are served.
        #expect(try Self.fetch(reopened[0], 0)?.get().bytes ?? 0 > 0)
        #expect(Self.code(Self.fetch(reopened[0], following - 1)) == .corruptBatch)
        #expect(try Self.fetch(reopened[0], following)?.get().bytes ?? 0 > 0)
        #expect(try Self.fetch(reopened[1], 0)?.get().bytes ?? 0 > 0)
        try again.close()
    }

    @Test func `an index that leads too far ahead skips nothing`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try Self.logs(fixture)
        let index = logs[0].head.withLock { $0.layout.segments[0].files.path(.offsetIndex) }
        let info = Self.segment(logs[0], 0).info
        #expect(info.offsetIndexCount > 1)
        for position in [Int32(info.sizeBytes) - 200, 61, Int32.max] {
            for entry in 0..<info.offsetIndexCount {
                Self.write(withUnsafeBytes(of: position.bigEndian, Array.init), at: 8 * entry + 4, of: index)
            }
            let last = Self.segment(logs[0], 1).info.baseOffset - 11
            #expect(try Self.fetch(logs[0], last)?.get().parts.isEmpty == false, "an index to \(position)")
        }
        #expect(try logs[0].numbers() == Array(0..<200))
        try engine.close()
    }
}
