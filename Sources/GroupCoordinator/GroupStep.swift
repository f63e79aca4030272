internal import Coordination
internal import Model

/// What one event works with: the time, the settings, and the actions that it leads to.
struct GroupStep {
    let now: Timestamp
    let settings: GroupSettings
    private(set) var actions: [GroupAction] = []
    /// For the histories of groups.
    private(set) var notes: [GroupNote] = []
    private(set) var lastNumber: UInt64

    init(now: Timestamp, settings: GroupSettings, lastNumber: UInt64) {
        self.now = now
        self.settings = settings
        self.lastNumber = lastNumber
    }

    /// A number that the machine has not used before.
    mutating func takeNumber() -> UInt64 {
        self.lastNumber += 1
        return self.lastNumber
    }

    mutating func respondJoin(_ token: UInt64, _ response: JoinResponse) {
        self.actions.append(.reply(token, .join(response)))
    }

    mutating func respondSync(_ token: UInt64, _ response: SyncResponse) {
        self.actions.append(.reply(token, .sync(response)))
    }

    mutating func note(_ note: GroupNote) { self.notes.append(note) }

    mutating func startTimer(_ timer: GroupTimer, _ delay: Duration) {
        self.actions.append(.startTimer(timer, delay))
    }

    mutating func cancelTimer(_ timer: GroupTimer) {
        self.actions.append(.cancelTimer(timer))
    }

    mutating func append(_ records: [GroupRecord], purpose: GroupPurpose.Kind? = nil) {
        self.append(GroupWrite(records: records, purpose: purpose.map { GroupPurpose($0) }))
    }

    mutating func append(_ write: GroupWrite) {
        self.actions.append(.append(write))
    }
}
