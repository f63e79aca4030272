import Foundation
import LogCore
import LogObjects
import LogTestSupport
import Logging
import Metadata
import Model
import NIOCore
import NIOPosix
import ObjectStore
import RecordBatch
import Synchronization

@testable import ObjectEngine

/// A metadata store and an object store, and engines on them one after the other, as brokers of a cluster would be.
final class ClusterFixture: Sendable {
    let metadata: any MetadataStore
    let memory: MemoryMetadata
    let objects = MemoryObjectStore()
    private let state = Mutex(State())

    private struct State {
        var number: Int64 = 0
        var epoch: Int32 = 0
        var owner: Incarnation?
        var fenced: [String] = []
        var engines: [ObjectLogEngine] = []
    }

    static let topic = TopicID(high: 1, low: 2)

    static func partition(_ number: Int32 = 0) -> TopicPartition {
        TopicPartition(topicID: Self.topic, partition: number)
    }

    init(_ metadata: (any MetadataStore)? = nil) {
        self.memory = MemoryMetadata()
        self.metadata = metadata ?? self.memory
    }

    deinit { for engine in self.state.withLock({ $0.engines }) { engine.abandon() } }

    /// Reasons with which engines said that they are fenced.
    var fencedReasons: [String] { self.state.withLock { $0.fenced } }

    /// Records of tests are old, and their producers are remembered all the same.
    static var logSettings: LogSettings {
        var settings = LogSettings()
        settings.producerIDExpirationMilliseconds = .max
        settings.retentionMilliseconds = -1
        return settings
    }

    static var quick: ObjectEngineSettings {
        var settings = ObjectEngineSettings()
        settings.flush.interval = .milliseconds(5)
        settings.flush.urgentInterval = .milliseconds(2)
        settings.flush.idleLinger = .milliseconds(1)
        settings.retryDelay = .milliseconds(1)...(.milliseconds(20))
        settings.hedgeDelay = .seconds(30)...(.seconds(30))
        settings.closeTimeout = .seconds(20)
        settings.guardsTopics = false
        settings.merges = nil
        settings.cleaner.threadCount = 0
        return settings
    }

    /// Another broker takes all partitions over, as the controller would have it: fence, assign, acquire.
    func takeOver(
        _ count: Int32 = 1,
        settings: ObjectEngineSettings = ClusterFixture.quick,
        logSettings: LogSettings = ClusterFixture.logSettings,
        fences: Bool = true
    ) async throws -> (ObjectLogEngine, [ObjectPartitionLog]) {
        let (incarnation, epoch, old) = self.state.withLock { state in
            state.number += 1
            state.epoch += 1
            defer { state.owner = Incarnation(broker: BrokerID(Int32(state.number % 3)), number: state.number) }
            return (
                Incarnation(broker: BrokerID(Int32(state.number % 3)), number: state.number), state.epoch, state.owner
            )
        }
        if let old, fences {
            let outcome = try await self.metadata.commit(TakeOver.fence(old))
            guard TakeOver.isFenced(outcome) else { throw FixtureError.failed("the fence does not hold") }
        }
        for number in 0..<count {
            let key = PartitionAssignment.key(Self.partition(number))
            let entry = try await self.metadata.get(key).entry
            let before = try entry.map { try PartitionAssignment(decoding: $0.value) }
            let after =
                before?.given(to: incarnation, epoch: LeaderEpoch(epoch))
                ?? PartitionAssignment(epoch: LeaderEpoch(epoch), owner: incarnation)
            _ = try await self.metadata.commit(MetadataTransaction(success: [.put(key: key, value: after.encoded)]))
        }
        let revision = try await ObjectLogEngine.begin(incarnation, in: self.metadata)
        let recovering = ObjectLogEngine.start(
            incarnation: incarnation,
            ownershipRevision: revision,
            metadata: self.metadata,
            objects: self.objects,
            settings: settings,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onFenced: { reason in self.state.withLock { $0.fenced.append(reason) } }
        )
        let recovered = try await recovering.finish(
            acquiring: (0..<count).map { number in
                LogAcquisition(
                    partition: Self.partition(number),
                    topicName: "orders",
                    settings: logSettings,
                    epoch: LeaderEpoch(epoch)
                )
            }
        )
        self.state.withLock { $0.engines.append(recovered.engine) }
        return (recovered.engine, try recovered.logs.compactMap { try $0.get() as? ObjectPartitionLog })
    }

    /// The leader epoch of the present owner.
    var epoch: LeaderEpoch { self.state.withLock { LeaderEpoch($0.epoch) } }
}

enum FixtureError: Error {
    case failed(String)
}

/// Waits for one append.
final class TestWaiter: DurabilityWaiter {
    private struct State {
        var result: LogError??
        var continuation: CheckedContinuation<LogError?, Never>?
    }

    let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()
    private let state = Mutex(State())

    func appendCompleted(_ error: LogError?) {
        let continuation = self.state.withLock { state -> CheckedContinuation<LogError?, Never>? in
            precondition(state.result == nil, "told twice")
            state.result = .some(error)
            return state.continuation
        }
        continuation?.resume(returning: error)
    }

    var isTold: Bool { self.state.withLock { $0.result != nil } }

    func wait() async -> LogError? {
        await withCheckedContinuation { continuation in
            let result = self.state.withLock { state -> LogError?? in
                if state.result == nil { state.continuation = continuation }
                return state.result
            }
            if let result { continuation.resume(returning: result) }
        }
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
    producer: Producer = Producer()
) throws -> ValidatedBatches {
    var builder = RecordBatchBuilder(
        options: .init(
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

func makeMarker(_ producer: Int64, isAbort: Bool) -> ValidatedBatches {
    ControlRecord(kind: isAbort ? .abort : .commit, coordinatorEpoch: 0).encodeBatch(
        producerID: ProducerID(producer),
        producerEpoch: ProducerEpoch(0),
        timestamp: 1_000
    )
}

extension ObjectPartitionLog {
    func options(_ origin: AppendOptions.Origin = .client, epoch: LeaderEpoch = LeaderEpoch(50)) -> AppendOptions {
        AppendOptions(origin: origin, leaderEpoch: epoch, now: 1_000, acknowledge: .durable)
    }

    /// Appends and waits until it is durable.
    @discardableResult
    func write(
        _ batches: ValidatedBatches,
        _ origin: AppendOptions.Origin = .client,
        epoch: LeaderEpoch = LeaderEpoch(50)
    ) async throws -> AppendResult {
        let waiter = TestWaiter()
        let result = try self.append(batches, options: self.options(origin, epoch: epoch), waiter: waiter)
        if let error = await waiter.wait() { throw error }
        return result
    }

    /// Reads from `offset` once, from the store when memory has not got it.
    func fetch(
        _ offset: Offset,
        bytesMax: Int = 1 << 20,
        isolation: IsolationLevel = .readUncommitted
    ) async throws -> FetchedRecords {
        let request = ReadRequest(offset: offset, bytesMax: bytesMax, atLeastOneBatch: true, isolation: isolation)
        switch try self.read(request) {
        case .records(let records): return records
        case .deferred(let read):
            let results = await withCheckedContinuation { continuation in
                self.engine.perform([read]) { continuation.resume(returning: $0) }
            }
            return try results[0].get()
        }
    }

    func find(_ query: TimestampQuery) async throws -> TimestampedOffset? {
        let results = await withCheckedContinuation { continuation in
            self.engine.findOffsets([OffsetSearch(in: self, for: query, isolation: .readUncommitted)]) {
                continuation.resume(returning: $0)
            }
        }
        return try results[0].get()
    }

    /// The numbers of all records from `start` to the high watermark, checking that offsets follow each other.
    func numbers(from start: Offset? = nil, bytesMax: Int = 1 << 20) async throws -> [Int] {
        var offset = start ?? self.offsets.logStart
        var numbers: [Int] = []
        while offset < self.offsets.highWatermark {
            let records = try await self.fetch(offset, bytesMax: bytesMax)
            guard records.bytes > 0 else { throw FixtureError.failed("nothing at \(offset)") }
            offset = try records.appendNumbers(to: &numbers, from: offset)
        }
        return numbers
    }

    /// Waits until a condition holds that an engine's thread brings about.
    func eventually(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition() {
            guard ContinuousClock.now < deadline else { throw FixtureError.failed("it does not come to that") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

extension ObjectLogEngine {
    /// `close`, which blocks, on a thread of its own: uploads and transactions need those of the pool.
    func shutDown() async throws {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Void, LogError>, Never>) in
            Thread.detachNewThread {
                continuation.resume(returning: Result { () throws(LogError) in try self.close() })
            }
        }
        try result.get()
    }
}
