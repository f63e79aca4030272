internal import KinesisProtocol
internal import Model

/// A put whose records go to several brokers: who has which records, and what became of each. Sans-IO: the time is
/// passed in, in milliseconds of a clock that does not go back.
///
/// Each record is in one of these states:
/// ```
/// unplaced ──placed──► under way (here or at a peer) ──► stored or refused
///    ▲                    │ misplaced, not sent
///    └────────────────────┘                       past the deadline, or lost: refused
/// ```
/// Records of one shard are always in the same state and travel together, so they stay in the order of the request.
struct SplitPutMachine {
    private static let pauseMax: Int64 = 320
    private static let pauseMin: Int64 = 20

    enum Action: Equatable {
        /// Look where these records are led, and report `placed`.
        case place([Int32])
        /// Append these here, and report `answered`.
        case putHere([Int32])
        /// Have this broker append these, and report `answered` or `lost`.
        case ask(BrokerID, [Int32], milliseconds: Int64)
        /// Report `waited` after so many milliseconds.
        case wait(milliseconds: Int64)
        /// Every record has its outcome.
        case finish([PutOutcome])
    }

    /// Of each record, in the order of the request; `nil` while it is not known.
    private var outcomes: [PutOutcome?]
    /// Portions that are under way.
    private var portionCount = 0
    /// In the order of the request.
    private var unplaced: [Int32] = []
    private var isWaiting = false
    private var isOver = false
    private var pause = SplitPutMachine.pauseMin
    private let deadline: Int64
    private let unavailable: KinesisError

    /// - Parameters:
    ///   - count: of the records.
    ///   - unavailable: what a record is refused with when nobody has led its shard for too long.
    init(count: Int, deadline: Int64, unavailable: KinesisError) {
        self.outcomes = [PutOutcome?](repeating: nil, count: count)
        self.deadline = deadline
        self.unavailable = unavailable
    }

    mutating func started() -> [Action] { [.place(Array(0..<Int32(self.outcomes.count)))] }

    /// Where the records that were to be placed are led.
    mutating func placed(_ places: [(index: Int32, place: LedPlace)], now: Int64) -> [Action] {
        var here: [Int32] = []
        var peers: [(broker: BrokerID, indices: [Int32])] = []
        for (index, place) in places {
            switch place {
            case .here: here.append(index)
            case .unsettled: self.unplaced.append(index)
            case .peer(let broker):
                if let known = peers.firstIndex(where: { $0.broker == broker }) {
                    peers[known].indices.append(index)
                } else {
                    peers.append((broker, [index]))
                }
            }
        }
        var actions: [Action] = []
        for (broker, indices) in peers {
            guard now < self.deadline else {
                self.settle(indices, .refused(self.unavailable))
                continue
            }
            self.portionCount += 1
            actions.append(.ask(broker, indices, milliseconds: self.deadline - now))
        }
        // Last: what is appended here may be answered at once.
        if !here.isEmpty {
            self.portionCount += 1
            actions.append(.putHere(here))
        }
        return actions + self.next(now: now)
    }

    /// The records cannot be routed: the stream is gone.
    mutating func refused(_ indices: [Int32], _ error: KinesisError, now: Int64) -> [Action] {
        self.settle(indices, .refused(error))
        return self.next(now: now)
    }

    /// A portion has been carried out: one outcome for each of its records.
    mutating func answered(_ indices: [Int32], _ outcomes: [PutOutcome], now: Int64) -> [Action] {
        self.portionCount -= 1
        for (index, outcome) in zip(indices, outcomes) {
            if outcome == .misplaced {
                self.unplaced.append(index)
            } else {
                self.outcomes[Int(index)] = outcome
            }
        }
        return self.next(now: now)
    }

    /// The other broker does not serve this, could not be asked or did not answer.
    ///
    /// - Parameter mayHaveRun: the records may be stored. They are refused rather than stored twice: whether to put
    ///   them again is the client's to decide, as with AWS.
    mutating func lost(_ indices: [Int32], mayHaveRun: Bool, now: Int64) -> [Action] {
        self.portionCount -= 1
        if mayHaveRun {
            self.settle(indices, .refused(.internalFailure))
        } else {
            self.unplaced += indices
        }
        return self.next(now: now)
    }

    mutating func waited(now: Int64) -> [Action] {
        guard self.isWaiting else { return [] }
        self.isWaiting = false
        // In the order of the request, however they came back.
        let indices = self.unplaced.sorted()
        self.unplaced = []
        return indices.isEmpty ? self.next(now: now) : [.place(indices)]
    }

    private mutating func settle(_ indices: [Int32], _ outcome: PutOutcome) {
        for index in indices { self.outcomes[Int(index)] = outcome }
    }

    private mutating func next(now: Int64) -> [Action] {
        if !self.unplaced.isEmpty, !self.isWaiting {
            if now < self.deadline {
                self.isWaiting = true
                defer { self.pause = min(self.pause * 2, Self.pauseMax) }
                return [.wait(milliseconds: self.pause)]
            }
            self.settle(self.unplaced, .refused(self.unavailable))
            self.unplaced = []
        }
        guard self.portionCount == 0, !self.isWaiting, !self.isOver else { return [] }
        let outcomes = self.outcomes.compactMap(\.self)
        // Some are still to be placed by the shell.
        guard outcomes.count == self.outcomes.count else { return [] }
        self.isOver = true
        return [.finish(outcomes)]
    }
}
