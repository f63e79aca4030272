internal import Model

/// What one event works with: the time, the settings, and the actions that it leads to.
struct GroupStep {
    let now: Timestamp
    let settings: GroupSettings
    private(set) var actions: [GroupAction] = []
    private var nextWriteID: UInt64

    init(now: Timestamp, settings: GroupSettings, nextWriteID: UInt64) {
        self.now = now
        self.settings = settings
        self.nextWriteID = nextWriteID
    }

    /// The ID that the next write gets.
    var upcomingWriteID: UInt64 { self.nextWriteID }

    var hasWrite: Bool {
        self.actions.contains { if case .append = $0 { true } else { false } }
    }

    mutating func respondJoin(_ token: UInt64, _ response: JoinResponse) {
        self.actions.append(.respondJoin(token, response))
    }

    mutating func respondSync(_ token: UInt64, _ response: SyncResponse) {
        self.actions.append(.respondSync(token, response))
    }

    mutating func startTimer(_ timer: GroupTimer, _ delay: Duration) {
        self.actions.append(.startTimer(timer, delay))
    }

    mutating func cancelTimer(_ timer: GroupTimer) {
        self.actions.append(.cancelTimer(timer))
    }

    mutating func append(
        _ records: [GroupRecord],
        producer: TransactionalProducer? = nil,
        purpose: GroupWrite.Purpose = .plain
    ) {
        self.actions.append(
            .append(GroupWrite(id: self.nextWriteID, records: records, producer: producer, purpose: purpose))
        )
        self.nextWriteID += 1
    }
}
