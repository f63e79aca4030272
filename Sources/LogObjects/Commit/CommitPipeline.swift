/// What becomes of an incarnation's flushes between their seal and their acknowledgement.
///
/// Up to `uploadsMax` are uploaded at a time, each under as many names as it takes; commits follow the order of the
/// seals strictly, one transaction at a time, several flushes in one when they are ready. An answer that was lost is
/// asked for again with the same transaction, and nothing else moves until it came: what is committed is never guessed.
/// Once the incarnation is fenced nothing is committed any more, and everything that waits is refused.
///
/// Sans-IO. A flush is known by its sequence; its bytes stay with the shell.
package struct CommitPipeline: Sendable {
    package struct Limits: Sendable, Equatable {
        package var uploadsMax = 4
        package var commitGroupMax = 32
        /// Bytes of the commit records of one transaction, which etcd bounds; a record alone always passes.
        package var commitBytesMax = 1 << 20
        /// Sealed and not committed: beyond it appends wait, and nothing is uploaded. So many flushes behind the last
        /// committed one may have objects (`TakeOver.orphans`).
        package var flushesMax = 64

        package init() {}
    }

    /// What the shell does next.
    package enum Action: Equatable, Sendable {
        /// Write the flush's object under the name of this attempt.
        case upload(sequence: Int64, attempt: Int)
        /// Send the transaction of these flushes, each with the object that was written (`CommitTransaction`).
        case commit([UploadedFlush])
        /// It is part of the log: move watermarks, publish to the caches, acknowledge.
        case apply(sequence: Int64, attempt: Int)
        /// Objects of attempts that lost; they may be deleted, and again later, when a late write may have arrived.
        case discard(sequence: Int64, attempts: [Int])
        /// They will never be part of the log: refuse who waits, as after a change of the leader.
        case refuse(sequences: [Int64])
    }

    /// A flush and the attempt that wrote its object.
    package struct UploadedFlush: Equatable, Sendable {
        package var sequence: Int64
        package var attempt: Int

        package init(sequence: Int64, attempt: Int) {
            self.sequence = sequence
            self.attempt = attempt
        }
    }

    private struct Flight: Sendable {
        var sequence: Int64
        /// Of its commit record.
        var recordBytes: Int
        /// Attempts whose object may exist.
        var attemptsStarted = 0
        var uploadedAttempt: Int?
    }

    private enum State: Sendable {
        /// Nothing is being committed.
        case open
        /// The first so many flights are, with these attempts.
        case committing([UploadedFlush])
        case fenced
    }

    private let limits: Limits
    private var state = State.open
    /// In the order of their sequences.
    private var flights: [Flight] = []

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// No flush is under way.
    package var isIdle: Bool { self.flights.isEmpty }
    /// Appends should wait until flushes are committed.
    package var isCongested: Bool { self.flights.count >= self.limits.flushesMax }

    package var isFenced: Bool {
        if case .fenced = self.state { true } else { false }
    }

    /// A flush was sealed; sequences come in order.
    ///
    /// - Parameter recordBytes: of its commit record.
    package mutating func sealed(_ sequence: Int64, recordBytes: Int = 0) -> [Action] {
        if self.isFenced { return [.refuse(sequences: [sequence])] }
        precondition(self.flights.last.map { $0.sequence + 1 == sequence } ?? true, "flushes are sealed in order")
        self.flights.append(Flight(sequence: sequence, recordBytes: recordBytes))
        return self.startUploads()
    }

    /// The object of an attempt is written.
    package mutating func uploaded(_ sequence: Int64, attempt: Int) -> [Action] {
        guard let index = self.index(of: sequence), self.flights[index].uploadedAttempt == nil else {
            // A hedge that came second, or a flush that was decided meanwhile.
            return []
        }
        precondition(attempt < self.flights[index].attemptsStarted, "an attempt is started before it ends")
        self.flights[index].uploadedAttempt = attempt
        return self.startUploads() + self.startCommit()
    }

    /// An attempt failed, or its answer was lost. The same bytes under the same name do no harm: it is made again. The
    /// shell waits before, longer with each failure.
    package mutating func uploadFailed(_ sequence: Int64, attempt: Int) -> [Action] {
        guard let index = self.index(of: sequence), self.flights[index].uploadedAttempt == nil else { return [] }
        return [.upload(sequence: sequence, attempt: attempt)]
    }

    /// An upload takes longer than it should: another attempt begins beside it.
    package mutating func hedgeDue(_ sequence: Int64) -> [Action] {
        guard let index = self.index(of: sequence), self.flights[index].uploadedAttempt == nil,
            (1..<FlushObjectName.attemptsMax).contains(self.flights[index].attemptsStarted)
        else { return [] }
        self.flights[index].attemptsStarted += 1
        return [.upload(sequence: sequence, attempt: self.flights[index].attemptsStarted - 1)]
    }

    /// How the transaction that is under way ended.
    package mutating func commitEnded(_ decision: CommitDecision) -> [Action] {
        guard case .committing(let group) = self.state else {
            // Fenced by other news meanwhile: who waits was refused, and asks the next leader.
            return []
        }
        switch decision {
        case .undecided: return [.commit(group)]
        case .committed:
            var actions: [Action] = []
            for flush in group {
                let flight = self.flights.removeFirst()
                precondition(flight.sequence == flush.sequence, "commits are in the order of the seals")
                actions.append(.apply(sequence: flush.sequence, attempt: flush.attempt))
                let losers = (0..<flight.attemptsStarted).filter { $0 != flush.attempt }
                if !losers.isEmpty { actions.append(.discard(sequence: flush.sequence, attempts: losers)) }
            }
            self.state = .open
            return actions + self.startUploads() + self.startCommit()
        case .fenced: return self.fenced()
        }
    }

    /// The incarnation is fenced, as a transaction or a watch told.
    ///
    /// A transaction that is under way may still turn out to be committed: its flushes are refused without a word about
    /// that, as those of a broker that died.
    package mutating func fenced() -> [Action] {
        if self.isFenced { return [] }
        let sequences = self.flights.map(\.sequence)
        self.flights = []
        self.state = .fenced
        return sequences.isEmpty ? [] : [.refuse(sequences: sequences)]
    }

    private func index(of sequence: Int64) -> Int? {
        guard let first = self.flights.first, sequence >= first.sequence,
            sequence - first.sequence < Int64(self.flights.count)
        else { return nil }
        return Int(sequence - first.sequence)
    }

    private mutating func startUploads() -> [Action] {
        var running = self.flights.count { $0.attemptsStarted > 0 && $0.uploadedAttempt == nil }
        var actions: [Action] = []
        for index in self.flights.indices.prefix(self.limits.flushesMax)
        where self.flights[index].attemptsStarted == 0 {
            guard running < self.limits.uploadsMax else { break }
            self.flights[index].attemptsStarted = 1
            running += 1
            actions.append(.upload(sequence: self.flights[index].sequence, attempt: 0))
        }
        return actions
    }

    private mutating func startCommit() -> [Action] {
        guard case .open = self.state else { return [] }
        var group: [UploadedFlush] = []
        var bytes = 0
        for flight in self.flights.prefix(self.limits.commitGroupMax) {
            guard let attempt = flight.uploadedAttempt else { break }
            bytes += flight.recordBytes
            guard group.isEmpty || bytes <= self.limits.commitBytesMax else { break }
            group.append(UploadedFlush(sequence: flight.sequence, attempt: attempt))
        }
        guard !group.isEmpty else { return [] }
        self.state = .committing(group)
        return [.commit(group)]
    }
}

/// What an answer, or the lack of one, says of a commit.
package enum CommitDecision: Equatable, Sendable {
    case committed
    /// Not committed, and never will be.
    case fenced
    /// Ask again.
    case undecided
}
