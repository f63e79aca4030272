internal import LogCore
internal import Model

/// What clients know of one partition, and what they may expect of it.
struct PartitionHistory {
    let partition: TopicPartition
    let topicName: String
    let settings: LogSettings
    let producerID: Int64

    /// Records that were acknowledged or seen: from then on they may not change or vanish.
    private(set) var committed: [Offset: Int] = [:]
    /// Records whose append was begun and not answered yet, or answered with an error that leaves it open.
    private(set) var open: [Offset: Set<Int>] = [:]
    /// The log start offset is at least this, as was acknowledged and made durable, and at most that.
    var startMin: Offset = 0
    var startMax: Offset = 0
    /// What an idempotent producer knows, and a transactional one.
    var idempotent = Producer()
    var transactional = Producer()
    /// The transactional producer has records in a transaction that no marker has ended.
    var isTransactionOpen = false
    /// Its shard was merged away: clients' batches are refused.
    var isSealed = false
    private(set) var violation: String?

    init(partition: TopicPartition, topicName: String, settings: LogSettings, producerID: Int64) {
        self.partition = partition
        self.topicName = topicName
        self.settings = settings
        self.producerID = producerID
    }

    var name: String { "\(self.topicName)-\(self.partition.partition)" }

    mutating func fail(_ message: String) {
        if self.violation == nil { self.violation = "\(self.name): \(message)" }
    }

    /// An append was given offsets.
    mutating func assigned(_ values: Range<Int>, at base: Offset) {
        for (index, value) in values.enumerated() {
            let offset = base + Offset(index)
            if let known = self.committed[offset] {
                self.fail("offset \(offset) of record \(known) was given to record \(value)")
            }
            self.open[offset, default: []].insert(value)
        }
    }

    /// An append was acknowledged, or its records were read.
    mutating func commit(_ value: Int, at offset: Offset) {
        if let known = self.committed[offset] {
            if known != value { self.fail("offset \(offset) has record \(value), but had record \(known)") }
            return
        }
        guard self.open[offset]?.contains(value) == true else {
            return self.fail("offset \(offset) has record \(value), which no client sent")
        }
        self.committed[offset] = value
    }

    /// Records of a partition that skips the journal may be seen before they are durable.
    func isExpected(_ value: Int, at offset: Offset) -> Bool {
        if let known = self.committed[offset] { return known == value }
        return self.open[offset]?.contains(value) == true
    }

    /// An append was taken back: the log promised that its records never show.
    mutating func takenBack(_ values: Range<Int>, at base: Offset) {
        for (index, value) in values.enumerated() { self.open[base + Offset(index)]?.remove(value) }
    }

    /// Power was lost, and the partition's records are acknowledged from the page cache.
    mutating func lostPower() {
        guard !self.settings.isJournaled else { return }
        for (offset, value) in self.committed { self.open[offset, default: []].insert(value) }
        self.committed = [:]
        // The log may end before what was deleted, and then it begins there.
        self.startMin = 0
    }

    /// Compares the whole log after a start with what was promised; from then on that log is the promise. What is
    /// damaged stays promised: its offsets are not given to others, and it may be there again some day.
    ///
    /// - Parameter mayLoseTail: the newest records may be missing without a word.
    mutating func restarted(_ reading: PartitionReading, mayLoseTail: Bool) {
        let (start, end) = (reading.start, reading.end)
        if start > self.startMax { self.fail("the log starts at \(start); deletions ended at \(self.startMax)") }
        if start < self.startMin { self.fail("deleted records are back: \(start) is before \(self.startMin)") }
        var expected = start
        for (offset, value) in reading.records {
            while reading.damaged.contains(expected) { expected += 1 }
            guard offset == expected else {
                return self.fail("offset \(expected) is missing: \(offset) follows in silence")
            }
            if !self.isExpected(value, at: offset) {
                let known = self.committed[offset].map { "record \($0)" } ?? "one of \(self.open[offset] ?? [])"
                return self.fail("offset \(offset) has record \(value) and not \(known)")
            }
            expected += 1
        }
        while reading.damaged.contains(expected) { expected += 1 }
        if expected != end { self.fail("the log ends at \(end), but its records at \(expected)") }
        if !mayLoseTail, let lost = self.committed.keys.filter({ $0 >= end }).min() {
            self.fail("acknowledged records from offset \(lost) on are lost; the log ends at \(end)")
        }
        self.committed = self.committed.filter { reading.damaged.contains($0.key) }
        for (offset, value) in reading.records { self.committed[offset] = value }
        self.open = self.open.filter { reading.damaged.contains($0.key) }
        self.startMin = start
        self.startMax = start
    }

    /// A start has told what became of the batches that were under way. While a partition is offline this is not known:
    /// when it comes back within the same process, its producers' newest batches may be there, so that they wait.
    mutating func forgetFlights() {
        self.idempotent.isInFlight = false
        self.transactional.isInFlight = false
    }

    /// The record at an offset, as far as it is known.
    func value(at offset: Offset) -> Int? { self.committed[offset] ?? self.open[offset]?.min() }

    /// The offset after the newest record that may exist.
    var endMax: Offset { (max(self.committed.keys.max() ?? -1, self.open.keys.max() ?? -1)) + 1 }
}

extension PartitionHistory {
    struct Producer {
        /// The sequence of its next batch.
        var nextSequence: Int32 = 0
        /// Its newest batch.
        var lastBatch: Int?
        /// It waits for an answer.
        var isInFlight = false
    }

    var transactionalID: Int64 { self.producerID + 1_000_000 }

    /// What a producer of this batch knows; batches without a producer count for the idempotent one, where nothing of
    /// them is noted.
    subscript(of batch: SentBatch) -> Producer {
        get { batch.isTransactional ? self.transactional : self.idempotent }
        set {
            if batch.isTransactional { self.transactional = newValue } else { self.idempotent = newValue }
        }
    }
}

/// A batch that a client sent.
struct SentBatch {
    /// The numbers of its records.
    var values: Range<Int>
    /// `-1` for a batch without a producer.
    var baseSequence: Int32
    var valueBytes: Int
    var isTransactional = false
    var baseOffset: Offset?
}
