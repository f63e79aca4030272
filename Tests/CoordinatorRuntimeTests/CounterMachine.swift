import Coordination
import CoordinatorRuntime
import Model
import NIOCore

/// A counter per key: a second machine, small enough to see whether the runtime's seams fit any machine.
///
/// It uses everything: reads, writes, parked answers, timers, purposes, transactions and their markers.
struct CounterMachine: CoordinatorMachine {
    struct Record: Sendable, Equatable {
        var key: String
        /// `nil` is a tombstone.
        var value: Int?
    }

    enum Timer: Hashable, Sendable {
        case release(String)
    }

    typealias Reply = Int
    /// The parked requests that a write lets go.
    typealias Purpose = [UInt64]

    private(set) var counters = JournaledDictionary<String, Int>()
    private(set) var pending = JournaledTable<ProducerID, String, Int>()
    /// Live: requests that wait for the key's timer.
    private(set) var waiting: [String: [UInt64]] = [:]
    private(set) var topicNames: Set<String> = []
    private(set) var isLoaded = false

    // MARK: Events

    mutating func add(_ amount: Int, to key: String) -> (Int, CoordinatorWrite<Self>) {
        let value = (self.counters[key] ?? 0) + amount
        return (value, CoordinatorWrite(records: [Record(key: key, value: value)]))
    }

    func value(of key: String) -> Int { self.counters[key] ?? 0 }

    /// Answers with the key's value once it was doubled, a second from now.
    mutating func doubleLater(_ key: String, token: UInt64) -> [CoordinatorAction<Self>] {
        self.waiting[key, default: []].append(token)
        return [.startTimer(.release(key), .seconds(1))]
    }

    // MARK: CoordinatorMachine

    mutating func replay(_ record: Record, producer: ProducerID?) {
        guard let producer else {
            self.counters[record.key] = record.value
            return
        }
        self.pending[producer, record.key] = record.value
    }

    mutating func replayEndOfTransaction(_ producer: ProducerID, committed: Bool) {
        for (key, value) in self.pending[producer] ?? [:] {
            self.pending[producer, key] = nil
            if committed { self.counters[key] = value }
        }
    }

    mutating func journal(_ event: JournalEvent) {
        self.counters.journal(event)
        self.pending.journal(event)
    }

    mutating func loadCompleted(now: Timestamp) -> [CoordinatorAction<Self>] {
        self.isLoaded = true
        return []
    }

    mutating func timerFired(_ timer: Timer, now: Timestamp) -> [CoordinatorAction<Self>] {
        switch timer {
        case .release(let key):
            let value = self.value(of: key) * 2
            let tokens = self.waiting.removeValue(forKey: key) ?? []
            return [.append(CoordinatorWrite(records: [Record(key: key, value: value)], purpose: tokens))]
        }
    }

    mutating func writeCompleted(_ purpose: [UInt64], now: Timestamp) -> [CoordinatorAction<Self>] {
        purpose.map { .reply($0, 1) }
    }

    mutating func writeFailed(
        _ purpose: [UInt64],
        error: CoordinatorError,
        now: Timestamp
    ) -> [CoordinatorAction<Self>] {
        purpose.map { .reply($0, -1) }
    }

    mutating func topicsChanged(_ changes: TopicChanges, now: Timestamp) -> [CoordinatorAction<Self>] {
        self.topicNames.subtract(changes.removed.map(\.name))
        self.topicNames.formUnion(changes.added.map(\.name))
        return []
    }

    mutating func dismissed(_ error: CoordinatorError, now: Timestamp) -> [CoordinatorAction<Self>] {
        let tokens = self.waiting.values.joined()
        self.waiting = [:]
        return tokens.map { .reply($0, -2) }
    }
}

/// Key and value as text; a key of "damaged" cannot be read, one of "other" is of another kind.
enum CounterCodec: CoordinatorRecordCodec {
    static func encode(_ record: CounterMachine.Record, allocator: ByteBufferAllocator) -> EncodedRecord {
        EncodedRecord(
            key: ByteBuffer(string: record.key),
            value: record.value.map { ByteBuffer(string: String($0)) }
        )
    }

    static func decode(key: ByteBuffer?, value: ByteBuffer?) throws(DamagedRecord) -> CounterMachine.Record? {
        guard let key else { throw DamagedRecord("no key") }
        let name = String(buffer: key)
        if name == "other" { return nil }
        guard name != "damaged" else { throw DamagedRecord("test") }
        return CounterMachine.Record(key: name, value: value.flatMap { Int(String(buffer: $0)) })
    }
}

typealias CounterRuntime = CoordinatorRuntime<CounterMachine, CounterCodec>
