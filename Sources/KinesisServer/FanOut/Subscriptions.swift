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

    /// One subscription, to be told from one that takes its place.
    struct Ticket: Sendable, Equatable {
        fileprivate var number: UInt64
    }

    private struct Entry {
        var ticket: Ticket
        var since: NIODeadline
        /// `nil` once it is over.
        var takeOver: (@Sendable () -> Void)?
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var nextNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Begins a subscription and ends the one before.
    ///
    /// - Parameter takenOver: called on any thread when another call takes its place.
    /// - Returns: `nil` when the last one began less than five seconds ago.
    func begin(_ key: Key, now: NIODeadline, takenOver: @escaping @Sendable () -> Void) -> Ticket? {
        let (ticket, takeOver) = self.state.withLock { state -> (Ticket?, (@Sendable () -> Void)?) in
            if let entry = state.entries[key], now - entry.since < Self.takeoverAfter { return (nil, nil) }
            if state.entries.count >= Self.sweptFrom {
                state.entries = state.entries.filter {
                    $0.value.takeOver != nil || now - $0.value.since < Self.takeoverAfter
                }
            }
            let ticket = Ticket(number: state.nextNumber)
            state.nextNumber += 1
            let before = state.entries.updateValue(Entry(ticket: ticket, since: now, takeOver: takenOver), forKey: key)
            return (ticket, before?.takeOver)
        }
        takeOver?()
        return ticket
    }

    func end(_ key: Key, _ ticket: Ticket) {
        self.state.withLock { state in
            guard state.entries[key]?.ticket == ticket else { return }
            // Kept, for the call that comes within five seconds.
            state.entries[key]?.takeOver = nil
        }
    }
}
