internal import Model

/// What every record of a batch must satisfy, and the largest timestamp of those that do.
///
/// Plain numbers only, so that a walk keeps them in registers; who fails is kept by `RecordRefusals`.
struct RecordRules {
    fileprivate let baseTimestamp: Timestamp
    fileprivate let lastOffsetDelta: Int32
    fileprivate let isProduce: Bool
    fileprivate let requiresKeys: Bool
    fileprivate let earliest: Timestamp
    fileprivate let latest: Timestamp
    fileprivate var previousDelta: Int32 = -1
    fileprivate var largest: Timestamp = -1

    init(header: RecordBatchHeader, limits: RecordBatchLimits, isProduce: Bool) {
        self.baseTimestamp = header.baseTimestamp
        self.lastOffsetDelta = header.lastOffsetDelta
        self.isProduce = isProduce
        self.requiresKeys = limits.requiresKeys && !header.attributes.isControl
        let range = isProduce ? limits.timestamps : nil
        self.earliest = range?.lowerBound ?? .min
        self.latest = range?.upperBound ?? .max
    }

    /// Whether the next record, which is number `index` of its batch, satisfies every rule.
    @inline(__always)
    mutating func admit(_ record: RecordShape, index: Int32) -> Bool {
        let (timestamp, overflow) = self.baseTimestamp.addingReportingOverflow(record.timestampDelta)
        guard self.isProduce ? record.offsetDelta == index : record.offsetDelta > self.previousDelta,
            record.offsetDelta <= self.lastOffsetDelta, record.hasKey || !self.requiresKeys, !overflow,
            timestamp == -1 || (timestamp >= self.earliest && timestamp <= self.latest)
        else { return false }
        self.previousDelta = record.offsetDelta
        self.largest = max(self.largest, timestamp)
        return true
    }

    /// The largest timestamp, after the last record. Throws when a record was refused: `.invalidTimestamp` if that is
    /// the fault of any, else the first one's fault, with the records that are to blame.
    func finish(_ header: RecordBatchHeader, _ refusals: RecordRefusals) throws(RecordBatchError) -> Timestamp {
        if let error = refusals.error { throw error }
        return header.attributes.isLogAppendTime || header.recordCount == 0 ? header.maxTimestamp : self.largest
    }
}

/// The records of a batch that the rules did not admit.
struct RecordRefusals {
    /// The most records of a batch that a refusal names; the others are refused unnamed. Bounds the answer to a request
    /// of a megabyte of seven-byte records.
    static let namedRecordsMax = 1_000

    private var named: [InvalidRecord] = []
    private var count = 0

    /// Notes record `index`, which `rules` has just not admitted. A record breaks one rule for the answer, in Kafka's
    /// order: its place, its key, its timestamp.
    @inline(never)
    mutating func add(_ record: RecordShape, _ index: Int32, _ rules: inout RecordRules) {
        self.count += 1
        let isInPlace = rules.isProduce ? record.offsetDelta == index : record.offsetDelta > rules.previousDelta
        if isInPlace, record.offsetDelta <= rules.lastOffsetDelta { rules.previousDelta = record.offsetDelta }
        guard self.named.count < Self.namedRecordsMax else { return }
        guard isInPlace, record.offsetDelta <= rules.lastOffsetDelta else {
            return self.name(index, .badRecord, "record \(index) has the offset delta \(record.offsetDelta)")
        }
        guard record.hasKey || !rules.requiresKeys else {
            return self.name(index, .missingKey, "a compacted topic cannot accept record \(index) without a key")
        }
        let (timestamp, overflow) = rules.baseTimestamp.addingReportingOverflow(record.timestampDelta)
        guard !overflow else {
            return self.name(index, .invalidTimestamp, "timestamp of record \(index) overflows")
        }
        self.name(
            index,
            .invalidTimestamp,
            "timestamp \(timestamp) is out of range, which is [\(rules.earliest), \(rules.latest)]"
        )
    }

    private mutating func name(_ index: Int32, _ code: RecordBatchError.Code, _ message: String) {
        self.named.append(InvalidRecord(index: index, code: code, message: message))
    }

    fileprivate var error: RecordBatchError? {
        guard let first = self.named.first else { return nil }
        let telling = self.named.first { $0.code == .invalidTimestamp } ?? first
        let more = self.count > 1 ? " (one of \(self.count) invalid records)" : ""
        var error = RecordBatchError(telling.code, telling.message + more)
        error.invalidRecords = self.named
        return error
    }
}
