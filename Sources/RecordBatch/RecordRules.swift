internal import Model

/// What every record of a batch must satisfy, which records do not, and the largest timestamp of those that do.
struct RecordRules {
    /// The most records of a batch that a refusal names; the others are refused unnamed. Bounds the answer to a request
    /// of a megabyte of seven-byte records.
    static let namedRecordsMax = 1_000

    private let header: RecordBatchHeader
    private let isProduce: Bool
    private let requiresKeys: Bool
    private let earliest: Timestamp
    private let latest: Timestamp
    private var previousDelta: Int32 = -1
    private var largest: Timestamp = -1
    private var refused: [InvalidRecord] = []
    private var refusedCount = 0

    init(header: RecordBatchHeader, limits: RecordBatchLimits, isProduce: Bool) {
        self.header = header
        self.isProduce = isProduce
        self.requiresKeys = limits.requiresKeys && !header.attributes.isControl
        let range = isProduce ? limits.timestamps : nil
        self.earliest = range?.lowerBound ?? .min
        self.latest = range?.upperBound ?? .max
    }

    @inline(__always)
    mutating func check(_ record: RecordShape, index: Int32) {
        let (timestamp, overflow) = self.header.baseTimestamp.addingReportingOverflow(record.timestampDelta)
        guard self.isProduce ? record.offsetDelta == index : record.offsetDelta > self.previousDelta,
            record.offsetDelta <= self.header.lastOffsetDelta, record.hasKey || !self.requiresKeys, !overflow,
            timestamp == -1 || (timestamp >= self.earliest && timestamp <= self.latest)
        else { return self.refuse(record, index) }
        self.previousDelta = record.offsetDelta
        if timestamp > self.largest { self.largest = timestamp }
    }

    /// A record breaks one rule for the answer, in Kafka's order: its place, its key, its timestamp.
    @inline(never)
    private mutating func refuse(_ record: RecordShape, _ index: Int32) {
        self.refusedCount += 1
        let isInPlace = self.isProduce ? record.offsetDelta == index : record.offsetDelta > self.previousDelta
        if isInPlace, record.offsetDelta <= self.header.lastOffsetDelta { self.previousDelta = record.offsetDelta }
        guard self.refused.count < Self.namedRecordsMax else { return }
        guard isInPlace, record.offsetDelta <= self.header.lastOffsetDelta else {
            return self.name(index, .badRecord, "record \(index) has the offset delta \(record.offsetDelta)")
        }
        guard record.hasKey || !self.requiresKeys else {
            return self.name(index, .missingKey, "a compacted topic cannot accept record \(index) without a key")
        }
        let (timestamp, overflow) = self.header.baseTimestamp.addingReportingOverflow(record.timestampDelta)
        guard !overflow else {
            return self.name(index, .invalidTimestamp, "timestamp of record \(index) overflows")
        }
        self.name(
            index,
            .invalidTimestamp,
            "timestamp \(timestamp) is out of range, which is [\(self.earliest), \(self.latest)]"
        )
    }

    private mutating func name(_ index: Int32, _ code: RecordBatchError.Code, _ message: String) {
        self.refused.append(InvalidRecord(index: index, code: code, message: message))
    }

    /// The largest timestamp, after the last record. Throws when a record was refused: `.invalidTimestamp` if that is
    /// the fault of any, else the first one's fault, with the records that are to blame.
    func finish() throws(RecordBatchError) -> Timestamp {
        guard let first = self.refused.first else {
            return self.header.attributes.isLogAppendTime || self.header.recordCount == 0
                ? self.header.maxTimestamp : self.largest
        }
        let telling = self.refused.first { $0.code == .invalidTimestamp } ?? first
        let more = self.refusedCount > 1 ? " (one of \(self.refusedCount) invalid records)" : ""
        var error = RecordBatchError(telling.code, telling.message + more)
        error.invalidRecords = self.refused
        throw error
    }
}
