import LogCore
import Model
import NIOCore
import RecordBatch
import Simulation
import Synchronization
import Testing

@testable import LogFiles

/// A compacted partition in an engine, and what its clients expect to find there.
final class CompactedLog {
    struct Found: Equatable {
        var offset: Offset
        var key: String?
        var value: String?
    }

    let fixture: EngineFixture
    private(set) var engine: FileLogEngine
    private(set) var log: FilePartitionLog
    var settings: LogSettings
    /// Everything that was committed, by offset.
    private(set) var written: [Found] = []

    static func settings(segmentBytes: Int64 = 1_000) -> LogSettings {
        var settings = LogSettings()
        settings.cleanupCompact = true
        settings.cleanupDelete = false
        settings.minCleanableDirtyRatio = 0
        settings.segmentBytes = segmentBytes
        settings.indexIntervalBytes = 200
        return settings
    }

    init(_ settings: LogSettings = CompactedLog.settings()) throws {
        self.settings = settings
        self.fixture = try EngineFixture()
        let (engine, logs) = try self.fixture.startWithLogs(1, settings)
        self.engine = engine
        self.log = logs[0]
    }

    func write(
        _ records: [(key: String?, value: String?)],
        timestamp: Timestamp = 1_000,
        producer: Producer = Producer(),
        compression: CompressionCodec = .none
    ) throws {
        var builder = RecordBatchBuilder(
            options: .init(
                compression: compression,
                producerID: ProducerID(producer.id),
                producerEpoch: ProducerEpoch(producer.id < 0 ? -1 : producer.epoch),
                baseSequence: producer.sequence,
                isTransactional: producer.isTransactional
            )
        )
        for record in records {
            builder.append(
                key: record.key.map { ByteBuffer(string: $0) },
                value: record.value.map { ByteBuffer(string: $0) },
                headers: [("h", ByteBuffer(string: "x"))],
                timestamp: timestamp
            )
        }
        let result = try self.log.write(try builder.finishValidated(), options(now: timestamp))
        for (index, record) in records.enumerated() {
            self.written.append(Found(offset: result.baseOffset + Offset(index), key: record.key, value: record.value))
        }
    }

    func end(_ producer: Producer, commits: Bool, timestamp: Timestamp = 1_000) throws {
        let marker = ControlRecord(kind: commits ? .commit : .abort, coordinatorEpoch: 0).encodeBatch(
            producerID: ProducerID(producer.id),
            producerEpoch: ProducerEpoch(producer.epoch),
            timestamp: timestamp
        )
        try self.log.write(marker, options(now: timestamp, origin: .coordinator))
    }

    /// Fills the active segment, so that what was written before is in closed ones.
    func roll(timestamp: Timestamp = 1_000) throws {
        let count = Int(self.settings.segmentBytes) / 60 + 1
        for number in 0..<count { try self.write([("filler\(number % 3)", "f")], timestamp: timestamp) }
    }

    /// Everything forced, and cleaned as long as something is due.
    @discardableResult
    func clean() throws -> Int {
        self.engine.settle()
        #expect(self.engine.checkpoint() == nil)
        var runs = 0
        while self.engine.cleanDirtiestLog() {
            runs += 1
            if runs > 20 { throw FixtureError.failed("cleaning does not end") }
        }
        return runs
    }

    /// Stops and starts the engine, cleanly or as a crash would.
    func restart(cleanly: Bool = true) throws {
        if cleanly { try self.engine.close() } else { self.engine.abandon() }
        let (engine, logs) = try self.fixture.startWithLogs(1, self.settings)
        self.engine = engine
        self.log = logs[0]
    }

    /// Every record that a reader finds, with read_committed those of committed transactions only.
    func read(_ isolation: IsolationLevel = .readUncommitted, from start: Offset? = nil) throws -> [Found] {
        var offset = start ?? self.log.offsets.logStart
        var found: [Found] = []
        var aborted: Set<ProducerID> = []
        while offset < self.log.offsets.highWatermark {
            let records = try self.log.fetch(offset, bytesMax: 700, isolation: isolation)
            guard records.bytes > 0 else { throw FixtureError.failed("nothing at \(offset)") }
            var whole = ByteBuffer()
            for part in records.parts { whole.writeImmutableBuffer(part) }
            _ = try RecordBatchValidation.validate(whole, limits: .unlimited, context: .replay)
            var pending = records.abortedTransactions[...]
            var cursor = BatchCursor(whole)
            while let batch = try cursor.next() {
                // As clients do it.
                while let next = pending.first, next.firstOffset <= batch.header.lastOffset {
                    aborted.insert(next.producerID)
                    pending.removeFirst()
                }
                offset = batch.header.nextOffset
                if batch.header.attributes.isControl {
                    if let marker = try ControlRecord.read(batch.header, batch.payload), marker.kind == .abort {
                        aborted.remove(batch.header.producerID)
                    }
                    continue
                }
                if batch.header.attributes.isTransactional, aborted.contains(batch.header.producerID) { continue }
                var reader = try batch.records()
                while let record = try reader.next() {
                    if record.offset < start ?? 0 { continue }
                    found.append(
                        Found(
                            offset: record.offset,
                            key: record.key.map { String(buffer: $0) },
                            value: record.value.map { String(buffer: $0) }
                        )
                    )
                }
            }
        }
        return found
    }

    /// What a reader must find at the least and at the most: the newest record of each key below `end`, everything
    /// after it.
    func expected(compactedTo end: Offset, keepsTombstones: Bool = true) -> [Found] {
        var newest: [String: Offset] = [:]
        for record in self.written where record.offset < end {
            if let key = record.key { newest[key] = record.offset }
        }
        return self.written.filter { record in
            guard record.offset < end else { return true }
            guard let key = record.key, newest[key] == record.offset else { return false }
            return keepsTombstones || record.value != nil
        }
    }

    var activeBase: Offset { self.log.head.withLock { $0.layout.segments.last?.info.baseOffset ?? 0 } }
    var segments: [SegmentInfo] { self.log.head.withLock { $0.layout.infos } }
    var folder: String { self.fixture.path + "/orders-0" }

    var names: [String] { (try? Directory(self.folder).entries().map(\.name)) ?? [] }
}
