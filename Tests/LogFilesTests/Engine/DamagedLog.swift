import Glibc
import LogCore
import Model
import NIOCore
import RecordBatch
import Synchronization
import Testing

@testable import LogFiles

/// Two partitions with batches of ten records in segments of a few batches, all in files, and hands that damage them.
final class DamagedLog {
    static let count = 200
    let fixture: EngineFixture
    private(set) var engine: FileLogEngine
    private(set) var logs: [FilePartitionLog]
    private let settings: LogSettings

    init() throws {
        var settings = LogSettings()
        settings.segmentBytes = 1_500
        settings.indexIntervalBytes = 500
        self.settings = settings
        self.fixture = try EngineFixture()
        self.fixture.settings.tailBytesMax = 0
        (self.engine, self.logs) = try self.fixture.startWithLogs(2, settings)
        for log in self.logs {
            for start in stride(from: 0, to: Self.count, by: 10) { try log.write(makeBatch(start..<(start + 10))) }
        }
        self.engine.settle()
        #expect(self.engine.checkpoint() == nil)
    }

    var log: FilePartitionLog { self.logs[0] }

    struct Batch {
        var path: String
        var position: Int
        var header: RecordBatchHeader
    }

    /// Where the batch with an offset lies, as the file says.
    func batch(with offset: Offset) throws -> Batch {
        for segment in self.segments {
            var scanner = BatchScanner(file: try File.open(segment.path), from: 0, limit: segment.size)
            while case .batch(let header, let position, _) = try scanner.next(checksFrom: .max) {
                if (header.baseOffset...header.lastOffset).contains(offset) {
                    return Batch(path: segment.path, position: Int(position), header: header)
                }
            }
        }
        throw FixtureError.failed("no batch has offset \(offset)")
    }

    var segments: [(path: String, base: Offset, size: Int64)] {
        self.log.head.withLock { head in
            head.layout.segments.map { ($0.files.path(.log), $0.info.baseOffset, $0.info.sizeBytes) }
        }
    }

    func write(_ bytes: [UInt8], at position: Int, of path: String) {
        let file = open(path, O_WRONLY)
        #expect(pwrite(file, bytes, bytes.count, position) == bytes.count)
        close(file)
    }

    func flip(_ position: Int, bit: UInt8 = 1, of path: String) {
        let file = open(path, O_RDWR)
        var byte: UInt8 = 0
        #expect(pread(file, &byte, 1, position) == 1)
        byte ^= bit
        #expect(pwrite(file, &byte, 1, position) == 1)
        close(file)
    }

    /// Closes the engine, damages files, and starts another one.
    func restart(_ damage: () throws -> Void) throws {
        try self.engine.close()
        try damage()
        (self.engine, self.logs) = try self.fixture.startWithLogs(2, self.settings)
    }

    /// Ends the engine as a crash would, damages files, and starts another one.
    func crash(_ damage: () throws -> Void) throws {
        self.engine.abandon()
        try damage()
        (self.engine, self.logs) = try self.fixture.startWithLogs(2, self.settings)
    }

    /// Reads offset by offset, stepping over what is refused.
    ///
    /// - Returns: the offsets that were refused as corrupt. Every other record was there and right.
    func refused(in log: FilePartitionLog? = nil) throws -> [Offset] {
        let log = log ?? self.log
        var refused: [Offset] = []
        var offset = log.offsets.logStart
        while offset < log.offsets.highWatermark {
            do {
                let records = try log.fetch(offset)
                guard records.bytes > 0 else { throw FixtureError.failed("nothing at \(offset)") }
                var whole = ByteBuffer()
                for part in records.parts { whole.writeImmutableBuffer(part) }
                _ = try RecordBatchValidation.validate(whole, limits: .unlimited, context: .replay)
                var next = offset
                try RecordReader.forEachRecord(in: whole, from: offset) { header, record in
                    #expect(header.offset(of: record.offsetDelta) == next)
                    #expect(record.value?.bigEndian(Int.self, at: 0) == Int(next))
                    next += 1
                    return true
                }
                offset = next
            } catch let error as LogError {
                #expect(error.code == .corruptBatch, "\(error)")
                refused.append(offset)
                offset += 1
            }
        }
        return refused
    }

    func expectOtherIsWhole() throws {
        #expect(try self.logs[1].numbers() == Array(0..<Self.count))
    }
}
