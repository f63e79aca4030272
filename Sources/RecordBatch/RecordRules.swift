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
    /// The most records of a batch that a refusal names; Kafka names all. A request of a megabyte can hold 150,000 bad
    /// records of seven bytes, and an answer that names them would have 10 MB. Clients tell the application of a record
    /// that is not named that it was in a batch with bad ones.
    static let namedRecordsMax = 1_000

    private var named: [InvalidRecord] = []
    /// The first record whose timestamp is its fault, also beyond those that are named: it decides the batch's code.
    private var timestampFault: InvalidRecord?
    private var count = 0

    /// Notes record `index`, which `rules` has just not admitted. A record breaks one rule for the answer, in Kafka's
    /// order: its place, its key, its timestamp.
    @inline(never)
    mutating func add(_ record: RecordShape, _ index: Int32, _ rules: inout RecordRules) {
        self.count += 1
        let isInOrder = rules.isProduce ? record.offsetDelta == index : record.offsetDelta > rules.previousDelta
        let isInPlace = isInOrder && record.offsetDelta <= rules.lastOffsetDelta
        if isInPlace { rules.previousDelta = record.offsetDelta }
        let code: RecordBatchError.Code =
            !isInPlace ? .badRecord : rules.requiresKeys && !record.hasKey ? .missingKey : .invalidTimestamp
        let isNamed = self.named.count < Self.namedRecordsMax
        let decides = code == .invalidTimestamp && self.timestampFault == nil
        guard isNamed || decides else { return }
        let fault = InvalidRecord(index: index, code: code, message: Self.message(code, record, index, rules))
        if isNamed { self.named.append(fault) }
        if decides { self.timestampFault = fault }
    }

    private static func message(
        _ code: RecordBatchError.Code,
        _ record: RecordShape,
        _ index: Int32,
        _ rules: RecordRules
    ) -> String {
        switch code {
        case .badRecord: return "record \(index) has the offset delta \(record.offsetDelta)"
        case .missingKey: return "a compacted topic cannot accept record \(index) without a key"
        default:
            let (timestamp, overflow) = rules.baseTimestamp.addingReportingOverflow(record.timestampDelta)
            return overflow
                ? "timestamp of record \(index) overflows"
                : "timestamp \(timestamp) is out of range, which is [\(rules.earliest), \(rules.latest)]"
        }
    }

    fileprivate var error: RecordBatchError? {
        guard let first = self.named.first else { return nil }
        let telling = self.timestampFault ?? first
        let more = self.count > 1 ? " (one of \(self.count) invalid records)" : ""
        var error = RecordBatchError(telling.code, telling.message + more)
        error.invalidRecords = self.named
        return error
    }
}
