import LogObjects
import Metadata
import ObjectStore

/// Moments of the engine's protocols at which a broker may end. All of them are calls to etcd or to the store, so a
/// broker's connections are the seam: nothing in the engine knows of them.
enum FaultPoint: String, CaseIterable, Sendable {
    /// A flush is sealed, and its upload not sent.
    case sealed
    /// The store has the object, and the answer is lost.
    case putSent = "put-sent"
    /// The upload was answered, and the commit not sent.
    case putDone = "put-done"
    /// The commit is sent and lost.
    case txnSent = "txn-sent"
    /// The commit was carried out, and the answer is lost.
    case txnApplied = "txn-applied"
    /// The commit was answered and producers were told.
    case acked
    case checkpointPut = "ckpt-put"
    case checkpointHeads = "ckpt-heads"
    case checkpointTrim = "ckpt-trim"
    /// The partitions were released, and not given to the next owner.
    case handoffMid = "handoff-mid"
    case mergePut = "merge-put"
    case mergeHeads = "merge-heads"
    case compactPut = "compact-put"
    case compactHeads = "compact-heads"
    /// Objects were deleted, and the intents are there still.
    case garbageDeleted = "gc-deleted"
    /// What etcd had of a fenced incarnation is about to go.
    case garbageForgotten = "gc-forgotten"
}

/// What a broker is doing for its maintenance, to tell its calls apart.
enum FaultPhase: Sendable {
    case serving, checkpoint, merge, compaction, garbage
}

/// What the protocol rules out, made on purpose: each must be found by what the history says.
enum Mistake: String, CaseIterable, Sendable {
    case commitWithoutFence = "no fence compare"
    case readBeforeFence = "tail read before fencing"
    case collectByAge = "garbage by age"
    case trimBeforeHeads = "trim before heads"
    case acknowledgeBeforeCommit = "ack before commit"
    case swapWithoutCompare = "compaction without compare"
}

/// The kinds of transactions that a broker sends.
enum TransactionKind: Sendable {
    case commit, heads, trim, forget, other

    init(_ transaction: MetadataTransaction) {
        let commits = MetadataKey("c/")
        var kind = TransactionKind.other
        for operation in transaction.success {
            switch operation {
            case .put(let key, _, _):
                if key.hasPrefix(commits) { kind = .commit }
                if key.hasPrefix(EngineKeys.heads) { kind = .heads }
            case .delete(let range):
                if range.lower.hasPrefix(EngineKeys.ownerships) { kind = .forget }
                if range.lower.hasPrefix(commits), kind == .other { kind = .trim }
            case .range: break
            }
        }
        self = kind
    }
}

extension FaultPoint {
    /// What a broker must do to come to it, where it rarely does by chance.
    var phase: FaultPhase? {
        switch self {
        case .mergePut, .mergeHeads: .merge
        case .compactPut, .compactHeads: .compaction
        case .garbageDeleted, .garbageForgotten: .garbage
        default: nil
        }
    }

    /// Before a transaction is sent.
    static func before(_ kind: TransactionKind, _ phase: FaultPhase) -> FaultPoint? {
        switch (kind, phase) {
        case (.commit, _): .putDone
        case (.heads, .checkpoint): .checkpointHeads
        case (.heads, .merge): .mergeHeads
        case (.heads, .compaction): .compactHeads
        case (.trim, _): .checkpointTrim
        case (.forget, _): .garbageForgotten
        default: nil
        }
    }

    /// Before an object is written.
    static func before(put name: String, _ phase: FaultPhase) -> FaultPoint? {
        if FlushObjectName(name) != nil { return .sealed }
        switch phase {
        case .checkpoint: return .checkpointPut
        case .merge: return .mergePut
        case .compaction: return .compactPut
        case .serving, .garbage: return nil
        }
    }
}
