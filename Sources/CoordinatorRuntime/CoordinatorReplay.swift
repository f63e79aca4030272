internal import Coordination
internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Replays what was read from a log into a new machine, some records at a time.
///
/// Markers end transactions, and transactional records carry their producer. A record that cannot be read is counted
/// and left out: it must not take away everything else in its partition. A batch that cannot be read is an error.
struct CoordinatorReplay<Machine: CoordinatorMachine, Codec: CoordinatorRecordCodec>
where Codec.Record == Machine.Record {
    private(set) var machine: Machine
    /// The next offset to replay.
    private(set) var position: Offset
    private(set) var damagedCount = 0
    /// What was read and not yet replayed.
    private var batches = BatchCursor(ByteBuffer())
    private var batch: (reader: RecordReader, next: Offset)?

    init(machine: Machine, from position: Offset) {
        self.machine = machine
        self.position = position
    }

    /// Whether all that was taken in is replayed.
    var isDry: Bool { self.batch == nil && self.batches.isAtEnd }

    /// Takes the machine out, so that it is not shared when its owner changes it.
    mutating func takeMachine(leaving empty: Machine) -> Machine {
        defer { self.machine = empty }
        return self.machine
    }

    /// Takes in whole batches from `position` on; the first may begin before it. Only when dry.
    ///
    /// What is replayed decides what clients are told, so that each batch's checksum is compared first.
    mutating func take(_ records: FetchedRecords) {
        precondition(self.isDry, "one read at a time")
        self.batches = BatchCursor(parts: records.parts, verifiesChecksums: true)
    }

    /// Replays up to `count` records.
    mutating func advance(records count: Int) throws(RecordBatchError) {
        var count = count
        while count > 0 {
            if self.batch != nil {
                try self.advanceBatch(&count)
            } else if let batch = try self.batches.next() {
                try self.begin(batch)
                count -= 1
            } else {
                return
            }
        }
    }

    private mutating func begin(_ batch: StoredBatch) throws(RecordBatchError) {
        let header = batch.header
        let next = header.baseOffset + Offset(header.lastOffsetDelta) + 1
        guard next > self.position else { return }
        guard !header.attributes.isControl else {
            if let marker = try ControlRecord.read(header, batch.payload) {
                self.machine.replayEndOfTransaction(header.producerID, committed: marker.kind == .commit)
            }
            self.position = next
            return
        }
        self.batch = (try batch.records(), next)
    }

    private mutating func advanceBatch(_ count: inout Int) throws(RecordBatchError) {
        guard let batch = self.batch.take() else { return }
        var reader = batch.reader
        let next = batch.next
        let header = reader.header
        let producer: ProducerID? = header.attributes.isTransactional ? header.producerID : nil
        while count > 0 {
            guard let record = try reader.next() else {
                self.position = next
                return
            }
            count -= 1
            guard record.offset >= self.position else { continue }
            do throws(DamagedRecord) {
                if let decoded = try Codec.decode(key: record.key, value: record.value) {
                    self.machine.replay(decoded, producer: producer)
                }
            } catch {
                self.damagedCount += 1
            }
        }
        self.batch = (reader, next)
    }
}
