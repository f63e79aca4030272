internal import Model
internal import NIOCore
internal import Synchronization

/// The subscriptions of the server: one for each consumer and shard.
///
/// As AWS: a call within five seconds of a successful one is refused, a later one takes the subscription over.
final class Subscriptions: Sendable {
    static let takeoverAfter = TimeAmount.seconds(5)
    /// So many are kept before those that are long over are looked for.
    private static let sweptFrom = 256

    struct Key: Hashable, Sendable {
        var stream: TopicID
        var consumer: String
        var consumerCreated: Timestamp
        var shard: Int32
    }

    /// A subscription at another broker that has not asked for an event for so long is over.
    private static let renewedWithin = TimeAmount.seconds(30)

    /// One subscription, to be told from one that takes its place, at whichever broker it is.
    struct Ticket: Sendable, Equatable {
        var number: UInt64

        static func random() -> Ticket { Ticket(number: .random(in: 0 ... .max)) }
    }

    private struct Entry {
        var ticket: Ticket
        var since: NIODeadline
        /// `nil` once it is over.
        var takeOver: (@Sendable () -> Void)?
        /// When another broker, whose client has the subscription, last asked for an event.
        var renewed: NIODeadline?

        func isOver(now: NIODeadline) -> Bool {
            self.takeOver == nil || self.renewed.map { now - $0 > Subscriptions.renewedWithin } ?? false
        }
    }

    private struct State {
        var entries: [Key: Entry] = [:]

        mutating func sweep(now: NIODeadline) {
            guard self.entries.count >= Subscriptions.sweptFrom else { return }
            self.entries = self.entries.filter {
                !$0.value.isOver(now: now) || now - $0.value.since < Subscriptions.takeoverAfter
            }
        }
    }

    private let state = Mutex(State())

    /// Begins a subscription and ends the one before.
    ///
    /// - Parameters:
    ///   - ticket: of the new subscription.
    ///   - isElsewhere: the client is connected to another broker, which has to `resume` it for each event.
    ///   - takenOver: called on any thread when another call takes its place.
    /// - Returns: `false` when the last one began less than five seconds ago.
    func begin(
        _ key: Key,
        _ ticket: Ticket,
        isElsewhere: Bool = false,
        now: NIODeadline,
        takenOver: @escaping @Sendable () -> Void
    ) -> Bool {
        let (hasBegun, takeOver) = self.state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            // The same call may come twice: its answer was lost.
            if let entry = state.entries[key], entry.ticket != ticket, now - entry.since < Self.takeoverAfter {
                return (false, nil)
            }
            state.sweep(now: now)
            let entry = Entry(ticket: ticket, since: now, takeOver: takenOver, renewed: isElsewhere ? now : nil)
            let before = state.entries.updateValue(entry, forKey: key)
            return (true, before?.ticket == ticket ? nil : before?.takeOver)
        }
        takeOver?()
        return hasBegun
    }

    /// A subscription that began continues here: the shard's partition may have come from another broker, with which
    /// this table knows nothing of it.
    ///
    /// - Returns: `false` when another subscription has taken its place.
    func resume(
        _ key: Key,
        _ ticket: Ticket,
        isElsewhere: Bool,
        now: NIODeadline,
        takenOver: @escaping @Sendable () -> Void
    ) -> Bool {
        self.state.withLock { state in
            if let entry = state.entries[key], entry.ticket != ticket, !entry.isOver(now: now) { return false }
            if state.entries[key]?.ticket == ticket {
                state.entries[key]?.renewed = isElsewhere ? now : nil
                if state.entries[key]?.takeOver == nil || !isElsewhere { state.entries[key]?.takeOver = takenOver }
                return true
            }
            state.sweep(now: now)
            let since = now - Self.takeoverAfter
            let renewed = isElsewhere ? now : nil
            state.entries[key] = Entry(ticket: ticket, since: since, takeOver: takenOver, renewed: renewed)
            return true
        }
    }

    func end(_ key: Key, _ ticket: Ticket) {
        self.state.withLock { state in
            guard state.entries[key]?.ticket == ticket else { return }
            // Kept, for the call that comes within five seconds.
            state.entries[key]?.takeOver = nil
        }
    }
}
