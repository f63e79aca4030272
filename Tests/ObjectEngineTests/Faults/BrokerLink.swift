import LogObjects
import Metadata
import MetadataTestSupport
import NIOCore
import ObjectStore
import Synchronization

/// Random numbers of a seed (SplitMix64).
struct FaultRandom: Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(self.next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { self.below(100) < percent }
}

/// A broker's connections to etcd and to the store: where requests and answers are lost, late or carried out twice, and
/// where the broker is cut off at a point.
final class BrokerLink: Sendable {
    struct State {
        var random: FaultRandom
        /// In hundred calls.
        var lossPercent: Int
        var phase = FaultPhase.serving
        /// Where the broker ends, after so many times.
        var deathPoint: FaultPoint?
        var deathCountdown = 0
        var isDead = false
        /// The point at which it ended, if it was at one.
        var diedAt: FaultPoint?
        /// Where the broker's process is stopped, once.
        var pausePoint: FaultPoint?
        /// Calls wait: the broker's process is stopped.
        var isPaused = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var mistake: Mistake?
        /// Copies of transactions and writes that arrive later.
        var lateTransactions: [MetadataTransaction] = []
        var lateWrites: [(name: String, body: ByteBuffer)] = []
        var heldCommit: MetadataTransaction?
    }

    let state: Mutex<State>
    let metadata: MemoryMetadata
    let objects: MemoryObjectStore
    /// Called once, on any thread, when the broker is cut off.
    private let onDeath: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    /// Nothing is lost until `losesCalls` is called.
    init(_ metadata: MemoryMetadata, _ objects: MemoryObjectStore, seed: UInt64) {
        self.metadata = metadata
        self.objects = objects
        self.state = Mutex(State(random: FaultRandom(seed), lossPercent: 0))
    }

    /// From now on so many calls in hundred, or their answers, are lost.
    func losesCalls(percent: Int) { self.state.withLock { $0.lossPercent = percent } }

    var isPaused: Bool { self.state.withLock { $0.isPaused } }

    func pause(at point: FaultPoint) { self.state.withLock { $0.pausePoint = point } }

    /// The broker's process is stopped here, if it is to be.
    func mayPause(at point: FaultPoint?) async {
        self.state.withLock { state in
            guard let point, state.pausePoint == point, !state.isDead else { return }
            state.pausePoint = nil
            state.isPaused = true
        }
        await self.waitWhilePaused()
    }

    var isDead: Bool { self.state.withLock { $0.isDead } }

    func whenDead(_ action: @escaping @Sendable () -> Void) {
        self.onDeath.withLock { $0 = action }
        if self.isDead { self.tellDeath() }
    }

    private func tellDeath() {
        let action = self.onDeath.withLock { action in
            defer { action = nil }
            return action
        }
        action?()
    }

    /// The broker ends now.
    func cut() {
        let waiting = self.state.withLock { state in
            state.isDead = true
            state.isPaused = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
        self.tellDeath()
    }

    func pause() { self.state.withLock { $0.isPaused = true } }

    func resume() {
        let waiting = self.state.withLock { state in
            state.isPaused = false
            state.pausePoint = nil
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func arm(_ point: FaultPoint, after count: Int) {
        self.state.withLock { state in
            state.deathPoint = point
            state.deathCountdown = count
        }
    }

    /// From now on everything is as it should be.
    func calm() {
        self.state.withLock { state in
            state.deathPoint = nil
            state.lossPercent = 0
            state.mistake = nil
        }
    }

    func enter(_ phase: FaultPhase) { self.state.withLock { $0.phase = phase } }

    /// The broker comes to a point.
    ///
    /// - Returns: whether it still lives.
    func reaches(_ point: FaultPoint?) -> Bool {
        let ends = self.state.withLock { state -> Bool in
            guard !state.isDead, let point, state.deathPoint == point else { return false }
            state.deathCountdown -= 1
            guard state.deathCountdown < 0 else { return false }
            state.diedAt = point
            return true
        }
        if ends { self.cut() }
        return !self.isDead
    }

    func waitWhilePaused() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let waits = self.state.withLock { state in
                if state.isPaused { state.waiting.append(continuation) }
                return state.isPaused
            }
            if !waits { continuation.resume() }
        }
    }

    /// What becomes of one call.
    enum Fate {
        case carriedOut, requestLost, answerLost
    }

    func fate() -> Fate {
        self.state.withLock { state in
            guard state.random.chance(state.lossPercent) else { return .carriedOut }
            return state.random.chance(50) ? .requestLost : .answerLost
        }
    }

    /// What was on its way arrives: copies of transactions and of writes that were answered, or given up, long ago.
    func deliverLate() {
        let (transactions, writes) = self.state.withLock { state in
            defer {
                state.lateTransactions = []
                state.lateWrites = []
            }
            return (state.lateTransactions, state.lateWrites)
        }
        self.metadata.state.withLock { etcd in
            for transaction in transactions { _ = etcd.etcd.commit(transaction) }
        }
        self.objects.state.withLock { store in
            for (name, body) in writes { store.objects[name] = body }
        }
    }
}
