package import NIOCore

// What a connection holds, and whether its client is in the way of others.

extension ConnectionCore {
    /// A connection that holds less is never in the way.
    package static let stallBytesMin = 64 << 10
    /// A client that is in the way must send or take so much within its patience.
    package static let progressBytesMin = 64 << 10
    /// A connection that holds much is looked at so often.
    package static let stallCheckInterval = TimeAmount.milliseconds(500)

    // MARK: Requests that come in

    package enum ClaimAction: Sendable, Hashable {
        case none
        /// Ask for so much, then call `claimGranted` or `claimMustWait`.
        case reserve(Int)
    }

    /// Something was received.
    ///
    /// - Parameter bytes: how many.
    package mutating func received(_ bytes: Int) { self.receivedBytes += bytes }

    /// Tells how large the request is that is coming in and is not whole. Nothing is claimed for one that would not be
    /// read on anyway.
    ///
    /// - Parameters:
    ///   - bytes: of all of it; 0 when none is under way.
    ///   - limit: what one request may take.
    package mutating func requestClaims(_ bytes: Int, limit: Int) -> ClaimAction {
        guard self.takesRequests, self.arrival == .uncounted, bytes >= ConnectionMemory.countedFrom else {
            return .none
        }
        return .reserve(min(bytes, limit))
    }

    package mutating func claimGranted(_ bytes: Int) {
        guard !self.isClosed else { return }
        self.arrival = .counted(bytes: bytes)
    }

    /// The memory has no room for the claim: the socket is not read until `claimGranted`.
    package mutating func claimMustWait(_ bytes: Int) {
        guard !self.isClosed else { return }
        self.arrival = .waiting(bytes: bytes)
    }

    /// The claim that waited made room for another: its request is not taken.
    package mutating func claimRefused() {
        guard case .waiting = self.arrival else { return }
        self.arrival = .uncounted
    }

    // MARK: Answers that go out

    /// Counts what is written for the client.
    package mutating func wrote(_ bytes: Int) {
        self.writtenBytes += bytes
        self.writtenBytesUnasked += bytes
    }

    /// Whether it is worth asking the transport what it has not taken: nearly always it takes small answers at once.
    package var mayHaveUntaken: Bool {
        self.untakenBytes > 0 || self.pendingBytes > 0 || self.writtenBytesUnasked > ConnectionMemory.countedFrom
    }

    /// - Parameters:
    ///   - bytes: all that was written and that the socket has not taken.
    ///   - pending: what is held for an answer that is made as the client takes it.
    package mutating func answersUntaken(_ bytes: Int, pending: Int = 0) {
        self.writtenBytesUnasked = 0
        guard !self.isClosed else { return }
        self.untakenBytes = bytes
        self.pendingBytes = pending
    }

    // MARK: Stalled clients

    package enum StallAction: Sendable, Hashable {
        /// Nothing to watch any more.
        case stop
        /// Look again after `stallCheckInterval`.
        case again
        /// The client holds memory that others wait for, and does not move.
        case close
    }

    /// Whether the client stands in the way of others and no stall watch runs yet. Ask when the bytes that it holds
    /// have changed.
    package var needsStallWatch: Bool { self.stallWatch == .off && self.isInTheWay }

    /// Call `stallCheck` after `stallCheckInterval`.
    package mutating func stallWatchStarted(now: NIODeadline) {
        self.stallWatch = .on(progress: self.progress, since: now)
    }

    /// - Parameters:
    ///   - isAwaited: whether others wait for memory.
    ///   - patience: how long a client may stand still then.
    package mutating func stallCheck(now: NIODeadline, isAwaited: Bool, patience: TimeAmount) -> StallAction {
        guard case .on(let progress, let since) = self.stallWatch else { return .stop }
        guard self.isInTheWay else {
            self.stallWatch = .off
            return .stop
        }
        if self.progress - progress >= Self.progressBytesMin {
            self.stallWatch = .on(progress: self.progress, since: now)
            return .again
        }
        return isAwaited && now - since >= patience ? .close : .again
    }

    /// Grows with what the client sends and takes.
    private var progress: Int { self.receivedBytes + self.writtenBytes - self.untakenBytes }

    /// Whether the connection holds much and it is the client that has to move: it has not taken answers, or has not
    /// sent the rest of a request that we would read.
    private var isInTheWay: Bool {
        guard !self.isClosed, self.requestBytes + self.answerBytes >= Self.stallBytesMin else { return false }
        if self.untakenBytes > 0 || self.pendingBytes > 0 { return true }
        if case .counted = self.arrival { return self.takesRequests }
        return false
    }
}
