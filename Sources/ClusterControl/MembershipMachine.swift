package import LogObjects
internal import Metadata
internal import Model

/// Whether this broker's incarnation lives: keeps its session alive and notices when it is over.
///
/// Nothing that is acknowledged depends on it: a broker that does not notice cannot commit. What is noticed late costs
/// its clients time, and readers may see an end of a log that others have moved on.
///
/// | event \ state | member | stale | over |
/// | --- | --- | --- | --- |
/// | `timePassed` | keep alive when due; stale after two thirds of the time to live | keep alive when due | – |
/// | `keptAlive` | renewed | a member again | – |
/// | `keepAliveFailed`, session gone | over | over | – |
/// | `keepAliveFailed`, otherwise | due again soon | due again soon | – |
/// | `imageChanged` | over when fenced or not registered | the same | – |
package struct MembershipMachine {
    package enum Action: Sendable, Equatable {
        case none
        /// Report `keptAlive` or `keepAliveFailed`.
        case keepAlive
        /// The metadata has not answered for two thirds of the session's time.
        case becameStale
        case recovered
        /// The process ends: somebody else has its partitions, or will.
        case end(reason: String)
    }

    package enum State: Sendable, Equatable {
        case member
        case stale
        case over
    }

    private static let retryMilliseconds: Int64 = 500

    private let own: Incarnation
    private let timeToLive: Int64
    package private(set) var state = State.member
    private var renewedAt: Int64
    private var dueAt: Int64
    private var isAsking = false

    /// - Parameters:
    ///   - timeToLive: of the session, in milliseconds.
    ///   - now: when it was opened, monotonic, in milliseconds.
    package init(_ own: Incarnation, timeToLive: Int64, now: Int64) {
        self.own = own
        self.timeToLive = timeToLive
        self.renewedAt = now
        self.dueAt = now + timeToLive / 3
    }

    package mutating func timePassed(now: Int64) -> Action {
        if self.state == .member, now - self.renewedAt >= self.timeToLive * 2 / 3 {
            self.state = .stale
            return .becameStale
        }
        guard self.state != .over, !self.isAsking, now >= self.dueAt else { return .none }
        self.isAsking = true
        return .keepAlive
    }

    /// - Parameter sentAt: when the request was sent: the session lasts its time from no earlier moment.
    package mutating func keptAlive(sentAt: Int64) -> Action {
        self.isAsking = false
        if self.state == .over { return .none }
        self.renewedAt = sentAt
        self.dueAt = sentAt + self.timeToLive / 3
        guard self.state == .stale else { return .none }
        self.state = .member
        return .recovered
    }

    package mutating func keepAliveFailed(isSessionGone: Bool, now: Int64) -> Action {
        self.isAsking = false
        if self.state == .over { return .none }
        self.dueAt = now + Self.retryMilliseconds
        return isSessionGone ? self.end("its session in the metadata has run out") : .none
    }

    /// - Parameter image: at least as new as the registration.
    package mutating func imageChanged(_ image: ClusterImage) -> Action {
        if self.state == .over { return .none }
        if image.ownerships[self.own] != .active { return self.end("it was fenced: its partitions have other owners") }
        return image.isLive(self.own) ? .none : self.end("its registration is gone")
    }

    private mutating func end(_ reason: String) -> Action {
        self.state = .over
        return .end(reason: reason)
    }
}
