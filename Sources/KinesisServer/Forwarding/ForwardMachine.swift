internal import Broker
internal import Model

/// Where a shard, or the lease tables, are led, as this broker sees it.
enum LedPlace: Equatable {
    case here
    case peer(BrokerID)
    /// By nobody at the moment, or the log is on its way here.
    case unsettled
}

extension HostedTopic {
    func place(of partition: Int32) -> LedPlace {
        switch self.placement(partition) {
        // What is offline is refused by the operation, as on a single node.
        case .here, .offline, nil: .here
        case .elsewhere(let leader): .peer(leader.broker)
        case .acquiring, .unassigned: .unsettled
        }
    }
}

/// Where one request stands that is carried out wherever its shard is led. Sans-IO: the time is passed in, in
/// milliseconds of a clock that does not go back.
///
/// ```
/// looking ──looked(here)──► over (run here)
///    │ ▲ └──looked(peer)──► asking ──answered──► over
///    │ └──────waited──────┐   │ notServed, lost
///    └─looked(unsettled)─► waiting ◄┘                      past the deadline: over (fail)
/// ```
struct ForwardMachine {
    /// From then on the pauses between looks are of this length.
    private static let pauseMax: Int64 = 320
    private static let pauseMin: Int64 = 20

    private enum State: Equatable {
        case looking
        case asking
        case waiting
        case over
    }

    enum Action: Equatable {
        /// Look where it is led, and report it.
        case look
        case runHere
        /// Ask this broker, for so many milliseconds at most.
        case ask(BrokerID, milliseconds: Int64)
        /// Report `waited` after so many milliseconds.
        case wait(milliseconds: Int64)
        /// Nobody has led it for too long.
        case failUnavailable
        /// Another broker may have carried it out, and it must not be carried out twice.
        case failUnknown
        /// The request is over.
        case ignore
    }

    private var state = State.looking
    private var pause = ForwardMachine.pauseMin
    private let deadline: Int64
    private let isRepeatable: Bool

    /// - Parameter isRepeatable: carrying it out twice does no harm.
    init(deadline: Int64, isRepeatable: Bool) {
        self.deadline = deadline
        self.isRepeatable = isRepeatable
    }

    mutating func looked(_ place: LedPlace, now: Int64) -> Action {
        guard self.state == .looking else { return .ignore }
        switch place {
        case .here:
            self.state = .over
            return .runHere
        case .peer(let broker):
            guard now < self.deadline else { return self.fail(.failUnavailable) }
            self.state = .asking
            return .ask(broker, milliseconds: self.deadline - now)
        case .unsettled: return self.wait(now: now)
        }
    }

    /// The other broker has carried it out, or refused it.
    ///
    /// - Returns: whether that is the answer.
    mutating func answered() -> Bool {
        guard self.state == .asking else { return false }
        self.state = .over
        return true
    }

    /// The other broker does not lead it, and did nothing.
    mutating func notServed(now: Int64) -> Action {
        guard self.state == .asking else { return .ignore }
        return self.wait(now: now)
    }

    /// The other broker could not be asked, or did not answer.
    mutating func lost(mayHaveRun: Bool, now: Int64) -> Action {
        guard self.state == .asking else { return .ignore }
        if mayHaveRun, !self.isRepeatable { return self.fail(.failUnknown) }
        return self.wait(now: now)
    }

    mutating func waited() -> Action {
        guard self.state == .waiting else { return .ignore }
        self.state = .looking
        return .look
    }

    private mutating func wait(now: Int64) -> Action {
        guard now < self.deadline else { return self.fail(.failUnavailable) }
        self.state = .waiting
        defer { self.pause = min(self.pause * 2, Self.pauseMax) }
        return .wait(milliseconds: self.pause)
    }

    private mutating func fail(_ action: Action) -> Action {
        self.state = .over
        return action
    }
}
