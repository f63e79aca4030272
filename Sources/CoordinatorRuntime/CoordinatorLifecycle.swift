package import Coordination
package import LogCore
package import NIOCore

/// Where a coordinator's partition stands: a machine that the runtime asks before and after everything it does.
///
/// | event \ phase | idle | loading | active | failed | released | closed |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | request | load, or refuse without a topic | refuse | serve | refuse; load when due | refuse | refuse |
/// | prepare | load | – | – | load when due | load | – |
/// | load succeeded | – | active | – | – | – | – |
/// | load failed | – | failed, or released | – | – | – | – |
/// | records lost | – | – | failed, or released | – | – | – |
/// | leadership lost | – | released | released | released | – | – |
/// | close | closed | closed | closed | closed | closed | – |
///
/// A failed partition is prepared again after `retryAfterFailure` although nobody asks: what it coordinates has
/// timeouts, and readers wait for the transactions of producers that are gone.
///
/// Each load is a life. What comes from an earlier one is dropped: tolerated noise, as reads and appends cannot be
/// called back.
package struct CoordinatorLifecycle: Sendable {
    package enum Phase: Sendable, Equatable {
        /// No request has come for the partition yet.
        case idle
        case loading
        case active
        /// Loading or writing failed. A request from this moment on tries again.
        case failed(until: NIODeadline)
        /// Another broker leads the partition, this one leads under a newer epoch, or the topic is gone. Only a
        /// client that looks for the coordinator again (`prepareRequested`) starts another load.
        case released
        case closed
    }

    /// What to do with a request.
    package enum Admission: Sendable, Equatable {
        case serve
        case refuse(CoordinatorError)
        /// Start a load in this life and refuse with `coordinatorLoadInProgress`.
        case load(life: UInt64)
    }

    /// What to do about the end of a load.
    package enum LoadAction: Sendable, Equatable {
        case activate
        case report
        /// It belongs to an earlier life.
        case ignore
    }

    /// What to do when the state in memory no longer follows from the log.
    package enum EndAction: Sendable, Equatable {
        /// Answer all that waits and drop the state.
        case abandon
        case ignore
    }

    package private(set) var phase = Phase.idle
    /// Counts loads and ends.
    package private(set) var life: UInt64 = 0
    private let retryDelay: TimeAmount
    /// Failures since the last load that succeeded.
    private var failureCount = 0

    /// Failures after which the delay grows no more: 32 seconds with a `retryDelay` of one second.
    private static let failureCountMax = 5

    /// - Parameter retryDelay: a load that failed is not tried again sooner.
    package init(retryDelay: TimeAmount) { self.retryDelay = retryDelay }

    package var isActive: Bool { self.phase == .active }

    /// How long after the present failure a load is started without a request; `nil` when the partition has not failed.
    /// Later than a request may start one, and later each time.
    package var retryAfterFailure: TimeAmount? {
        guard case .failed = self.phase else { return nil }
        return self.retryDelay * (1 << min(self.failureCount, Self.failureCountMax))
    }

    /// - Parameter topicExists: without its topic no broker is anybody's coordinator, as in Kafka: the client asks
    ///   FindCoordinator next, which makes the topic.
    package mutating func requested(now: NIODeadline, topicExists: @autoclosure () -> Bool) -> Admission {
        switch self.phase {
        case .active:
            return .serve
        case .loading:
            return .refuse(.coordinatorLoadInProgress)
        case .closed, .released:
            return .refuse(.notCoordinator)
        case .failed(let until) where now < until:
            return .refuse(.coordinatorNotAvailable)
        case .failed:
            return .load(life: self.beginLoading())
        case .idle:
            guard topicExists() else { return .refuse(.notCoordinator) }
            return .load(life: self.beginLoading())
        }
    }

    /// FindCoordinator, a start of the broker or an acquired partition. Returns the life of the load to start.
    package mutating func prepareRequested(now: NIODeadline) -> UInt64? {
        switch self.phase {
        case .idle, .released:
            return self.beginLoading()
        case .failed(let until):
            return now < until ? nil : self.beginLoading()
        case .loading, .active, .closed:
            return nil
        }
    }

    package mutating func loadSucceeded(life: UInt64) -> LoadAction {
        guard self.isCurrent(life), self.phase == .loading else { return .ignore }
        self.phase = .active
        self.failureCount = 0
        return .activate
    }

    package mutating func loadFailed(_ code: LogError.Code, life: UInt64, now: NIODeadline) -> LoadAction {
        guard self.isCurrent(life), self.phase == .loading else { return .ignore }
        self.end(code, now: now)
        return .report
    }

    /// Assigned records will never be durable: what the machine believes is not what a restart would find.
    package mutating func recordsLost(_ code: LogError.Code, life: UInt64, now: NIODeadline) -> EndAction {
        guard self.isCurrent(life), self.phase == .active else { return .ignore }
        self.end(code, now: now)
        return .abandon
    }

    package mutating func leadershipLost() -> EndAction {
        switch self.phase {
        case .idle, .released, .closed:
            return .ignore
        case .loading, .active, .failed:
            self.life += 1
            self.phase = .released
            return .abandon
        }
    }

    package mutating func closeRequested() -> EndAction {
        guard self.phase != .closed else { return .ignore }
        self.life += 1
        self.phase = .closed
        return .abandon
    }

    /// Whether news of this life still counts.
    package func isCurrent(_ life: UInt64) -> Bool { life == self.life }

    private mutating func beginLoading() -> UInt64 {
        self.life += 1
        self.phase = .loading
        return self.life
    }

    private mutating func end(_ code: LogError.Code, now: NIODeadline) {
        self.life += 1
        switch code {
        case .fencedLeaderEpoch, .partitionGone: self.phase = .released
        default:
            self.phase = .failed(until: now + self.retryDelay)
            self.failureCount += 1
        }
    }
}
