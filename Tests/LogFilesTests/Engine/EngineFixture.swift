import Glibc
import LogTestSupport
import Logging
import NIOCore
import NIOPosix
import Simulation
import Synchronization
import Testing
import Threads

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

/// A data directory of a test, and the engines that use it one after the other.
final class EngineFixture {
    let path: String
    var settings = EngineSettings()
    var faults: FaultyDisk { self.faultsStore }
    private let faultsStore = FaultyDisk()
    private var engines: [FileLogEngine] = []
    /// Every line that an engine of this fixture logs is checked against them.
    let heads = WatchedHeads()

    init(_ name: String = #function) throws {
        var template = Array("/tmp/millrace-log-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FixtureError.failed("mkdtemp") }
        self.path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.settings.journal.fileBytes = 1 << 20
        self.settings.journal.fileCountMax = 4
        self.settings.journal.roundBytesMax = 256 << 10
        self.settings.journal.prepareAfterBytes = .max
        self.settings.checkpointMilliseconds = 3_600_000
        self.settings.reserveBytes = 0
        self.settings.readerCount = 1
        // Tests call the cleaner themselves.
        self.settings.cleaner.threadCount = 0
    }

    deinit {
        for engine in self.engines { engine.abandonIfOpen() }
        _ = try? Directory(self.path).removeTree()
    }

    static let topicID = TopicID(high: 0x1122_3344_5566_7788, low: 0x99AA_BBCC_DDEE_FF00)

    static func partition(_ number: Int32 = 0) -> TopicPartition {
        TopicPartition(topicID: Self.topicID, partition: number)
    }

    static let properties = DirectoryProperties(
        nodeID: BrokerID(1),
        clusterID: "abcdefghijklmnopqrstuv",
        directoryID: TopicID(high: 1, low: 2)
    )

    /// The start of an engine, before its recovery has ended.
    func open(at path: String? = nil) throws -> RecoveringFileEngine {
        let heads = self.heads
        let logger = Logger(label: "test") { _ in LockCheckingLogHandler(heads: heads) }
        return try FileLogEngine.start(
            path: path ?? self.path,
            properties: Self.properties,
            settings: self.settings,
            environment: EngineEnvironment(disk: self.faults),
            logger: logger
        )
    }

    func finish(
        _ recovering: consuming RecoveringFileEngine,
        _ wanted: [LogAcquisition]
    ) throws -> (FileLogEngine, [FilePartitionLog]) {
        let recovered = try recovering.finish(opening: wanted)
        self.engines.append(recovered.engine)
        let logs = try recovered.logs.compactMap { try $0.get() as? FilePartitionLog }
        self.heads.watch(logs)
        return (recovered.engine, logs)
    }

    /// Starts an engine with these partitions.
    func start(
        _ wanted: [LogAcquisition] = [],
        at path: String? = nil
    ) throws -> (FileLogEngine, [FilePartitionLog]) {
        try self.finish(try self.open(at: path), wanted)
    }

    static func acquisition(_ partition: TopicPartition, _ settings: LogSettings = LogSettings()) -> LogAcquisition {
        LogAcquisition(partition: partition, topicName: "orders", settings: settings, epoch: LeaderEpoch(100))
    }

    /// Starts an engine with `count` open partitions.
    func startWithLogs(
        _ count: Int32 = 1,
        at path: String? = nil,
        _ logSettings: LogSettings = LogSettings()
    ) throws -> (FileLogEngine, [FilePartitionLog]) {
        try self.start((0..<count).map { Self.acquisition(Self.partition($0), logSettings) }, at: path)
    }

    /// Copies the directory as a crash would leave it, page cache included.
    func copy() throws -> String {
        let target = self.path + "-copy-\(UInt32.random(in: 0 ... .max))"
        try copyTree(self.path, target)
        return target
    }
}

enum FixtureError: Error {
    case failed(String)
}

extension FileLogEngine {
    /// Waits until the segments have everything that is durable.
    func settle() {
        while self.logs.contains(where: { log in log.head.withLock { $0.state.storedEnd < $0.state.highWatermark } }) {
            self.drainWriter()
        }
        self.drainWriter()
    }

    func delete(partition: TopicPartition) async {
        await self.delete([LogDeletion(partition: partition, topicName: "orders")]) {}
    }

    func abandonIfOpen() {
        if self.registry.withLock({ !$0.isClosed }) { self.abandon() }
    }
}

/// A file's size, `nil` when there is none.
func sizeOf(_ path: String) -> Int64? { (try? SystemDisk.shared.status(path))?.sizeBytes }

func copyTree(_ source: String, _ target: String) throws {
    try Directory(target).create()
    for entry in try Directory(source).entries() {
        if entry.isDirectory {
            try copyTree(source + "/" + entry.name, target + "/" + entry.name)
            continue
        }
        if entry.name == ".lock" { continue }
        guard let bytes = try Directory(source).contents(of: entry.name, bytesMax: 1 << 30) else { continue }
        let file = try Directory(target).open(entry.name, options: [.write, .create])
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
    }
}

/// Waits for one append.
final class TestWaiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    private let done = Semaphore()
    private let result = Mutex<LogError??>(nil)

    init(_ eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()) {
        self.eventLoop = eventLoop
    }

    func appendCompleted(_ error: LogError?) {
        self.result.withLock { result in
            precondition(result == nil, "told twice")
            result = .some(error)
        }
        self.done.signal()
    }

    var isTold: Bool { self.result.withLock { $0 != nil } }

    /// Blocks until told; fails the test after ten seconds.
    func wait() throws {
        guard self.done.wait(nanosecondsMax: 10_000_000_000) else { throw FixtureError.failed("not told in time") }
        if let error = self.result.withLock({ $0 }) ?? nil { throw error }
    }
}

struct Producer {
    var id: Int64 = -1
    var epoch: Int16 = 0
    var sequence: Int32 = -1
    var isTransactional = false
}

/// Records whose value is their number, so that what is read can be checked by offset.
func makeBatch(
    _ numbers: Range<Int>,
    bytes: Int = 20,
    timestamp: Timestamp = 1_000,
    producer: Producer = Producer(),
    compression: CompressionCodec = .none
) throws -> ValidatedBatches {
    var builder = RecordBatchBuilder(
        options: .init(
            compression: compression,
            producerID: ProducerID(producer.id),
            producerEpoch: ProducerEpoch(producer.id < 0 ? -1 : producer.epoch),
            baseSequence: producer.sequence,
            isTransactional: producer.isTransactional
        )
    )
    for number in numbers {
        var value = ByteBuffer()
        value.writeInteger(number)
        value.writeRepeatingByte(UInt8(truncatingIfNeeded: number), count: max(0, bytes - 8))
        builder.append(key: nil, value: value, timestamp: timestamp + Timestamp(number - numbers.lowerBound))
    }
    return try builder.finishValidated()
}

func options(
    epoch: Int32 = 0,
    now: Timestamp = 1_000,
    origin: AppendOptions.Origin = .client
) -> AppendOptions {
    AppendOptions(origin: origin, leaderEpoch: LeaderEpoch(epoch), now: now, acknowledge: .durable)
}

extension FilePartitionLog {
    /// Appends and waits until it is durable.
    @discardableResult
    func write(_ batches: ValidatedBatches, _ options: AppendOptions = options()) throws -> AppendResult {
        let waiter = TestWaiter()
        let result = try self.append(batches, options: options, waiter: waiter)
        try waiter.wait()
        return result
    }

    /// Reads from `offset` once, through the readers when a file is needed.
    func fetch(
        _ offset: Offset,
        bytesMax: Int = 1 << 20,
        isolation: IsolationLevel = .readUncommitted,
        isForwarded: Bool = false
    ) throws -> FetchedRecords {
        var request = ReadRequest(
            offset: offset,
            bytesMax: bytesMax,
            atLeastOneBatch: true,
            isolation: isolation
        )
        request.isForwarded = isForwarded
        switch try self.read(request) {
        case .records(let records): return records
        case .deferred(let read):
            let done = Semaphore()
            let answer = Mutex<Result<FetchedRecords, LogError>?>(nil)
            self.engine.perform([read]) { results in
                answer.withLock { $0 = results[0] }
                done.signal()
            }
            done.wait()
            guard let result = answer.withLock({ $0 }) else { throw FixtureError.failed("no answer") }
            return try result.get()
        }
    }

    /// The numbers of all records from `start` to the high watermark, checking that offsets follow each other.
    func numbers(from start: Offset? = nil, bytesMax: Int = 1 << 20) throws -> [Int] {
        var offset = start ?? self.offsets.logStart
        var numbers: [Int] = []
        while offset < self.offsets.highWatermark {
            let records = try self.fetch(offset, bytesMax: bytesMax)
            guard records.bytes > 0 else { throw FixtureError.failed("nothing at \(offset)") }
            offset = try records.appendNumbers(to: &numbers, from: offset)
        }
        return numbers
    }

    func find(_ query: TimestampQuery) throws -> TimestampedOffset? { try self.findOffset(query) }
}
