package import NIOCore
internal import Synchronization

/// The bytes that all connections hold in buffers: requests on their way in, answers on their way out, and what is
/// being read from files for them.
///
/// | held | what happens |
/// | --- | --- |
/// | up to 3/4 | everything is granted as asked |
/// | above | answers get a `quantum` at a time; none begins that can wait; requests are still read |
/// | requests alone: 1/2 | no large request is read on, so that requests never keep answers from going out |
/// | all | every claim waits, in order; connections that stand still are closed by their servers |
///
/// Small requests (heartbeats, metadata) always pass. Answers that wait are served in the order in which they came,
/// and get no more than a quantum while others wait behind them: a slow reader does not get the place that the last
/// one left, but a small part of it, and the others get theirs. A request needs its size; of those that wait, the
/// oldest and the smallest are served in turns, so that a few large ones that never come whole keep no other out for
/// long, and a large one gets in too.
package final class ConnectionMemory: Sendable {
    package let bytesMax: Int
    private let answers = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    /// Whether a claim is in `queues`. A claimant stores it and then looks at the bytes; a release changes the bytes
    /// and then looks at it. Both are sequentially consistent, so one of the two sees the other.
    private let answersWait = Atomic<Bool>(false)
    private let requestsWait = Atomic<Bool>(false)
    private let queues = Mutex(Queues())

    private struct Queues {
        enum Next {
            case oldest
            case smallest
        }

        var answers = CircularBuffer<MemoryClaim>()
        var requests: [MemoryClaim] = []
        /// Which of the requests is served next, and kept room for until then.
        var nextRequest = Next.smallest
    }

    /// Requests are counted from this size on; less is left to the bound on connections.
    package static let countedFrom = 4 << 10
    /// What a connection costs by itself, for the bound on their number.
    package static let connectionBytes = 12 << 10
    /// How long a connection that is in the way of others may stand still.
    package static let patience = TimeAmount.seconds(5)
    /// The same while a claim has waited for longer than that: connections were closed for it, and those that took
    /// their places stand still too.
    package static let shortPatience = TimeAmount.seconds(1)

    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package var heldBytes: Int {
        self.answers.load(ordering: .relaxed) + self.requests.load(ordering: .relaxed)
    }

    /// Whether nothing that can wait should begin.
    package var isExhausted: Bool { self.heldBytes > self.amplePart }

    /// Whether a claim waits for room.
    package var isAwaited: Bool {
        self.answersWait.load(ordering: .relaxed) || self.requestsWait.load(ordering: .relaxed)
    }

    /// The largest request, and what all requests that are counted may hold together.
    package var requestBytesMax: Int { self.bytesMax / 2 }

    /// What one answer may hold at most.
    package var answerBytesMax: Int { max(1 << 20, self.bytesMax / 16) }

    /// What one answer gets while memory is scarce. Answers need no less than 1 MiB, which is a record.
    package var quantum: Int { max(1 << 20, self.bytesMax / 128) }

    private var amplePart: Int { self.bytesMax / 4 * 3 }

    // MARK: Counting

    /// Counts bytes of answers that are held already or, when negative, were released.
    package func change(by bytes: Int) {
        if bytes == 0 { return }
        self.answers.add(bytes, ordering: .sequentiallyConsistent)
        if bytes < 0 { self.roomAppeared() }
    }

    /// Counts bytes of requests that are held already or, when negative, were released.
    package func changeRequests(by bytes: Int) {
        if bytes == 0 { return }
        self.requests.add(bytes, ordering: .sequentiallyConsistent)
        if bytes < 0 { self.roomAppeared() }
    }

    private func roomAppeared() {
        let isAwaited =
            self.answersWait.load(ordering: .sequentiallyConsistent)
            || self.requestsWait.load(ordering: .sequentiallyConsistent)
        if isAwaited { self.serveQueues() }
    }

    /// Counts a request that is coming in, if memory has room and no claim waits.
    ///
    /// - Parameter bytes: of all of it; at most `requestBytesMax`.
    package func reserveRequest(_ bytes: Int) -> Bool {
        precondition(bytes <= self.requestBytesMax, "more is asked for than there can be")
        return !self.requestsWait.load(ordering: .relaxed) && self.take(.request, bytes)
    }

    /// Whether `reserveRequest` would succeed now.
    package func admitsRequest(_ bytes: Int) -> Bool {
        if bytes < Self.countedFrom { return true }
        let requests = self.requests.load(ordering: .relaxed) + bytes
        return !self.requestsWait.load(ordering: .relaxed) && requests <= self.requestBytesMax
            && requests + self.answers.load(ordering: .relaxed) <= self.bytesMax
    }

    /// Counts memory for an answer: all that is wanted while memory is plenty and no claim waits, else a quantum.
    ///
    /// - Parameters:
    ///   - wanted: at most so much.
    ///   - needed: no less than this would do; at most `requestBytesMax`.
    /// - Returns: what was counted, which the caller releases with `change(by:)`; `nil`: wait for it.
    package func grant(upTo wanted: Int, atLeast needed: Int) -> Int? {
        precondition(needed <= self.requestBytesMax, "more is asked for than there can be")
        guard !self.answersWait.load(ordering: .relaxed) else { return nil }
        return self.grant(wanted: wanted, needed: needed, isContended: false)
    }

    private func grant(wanted: Int, needed: Int, isContended: Bool) -> Int? {
        if !isContended, self.heldBytes + wanted <= self.amplePart, self.take(.answer, wanted) { return wanted }
        let bytes = max(needed, min(wanted, self.quantum))
        return self.take(.answer, bytes) ? bytes : nil
    }

    private enum Part {
        case request
        case answer
    }

    /// Two loops that take at the same instant, one of each part, may pass the bound together; the next one sees it.
    private func take(_ part: Part, _ bytes: Int) -> Bool {
        switch part {
        case .request:
            let limit = min(self.requestBytesMax, self.bytesMax - self.answers.load(ordering: .sequentiallyConsistent))
            return Self.add(bytes, to: self.requests, upTo: limit)
        case .answer:
            let limit = self.bytesMax - self.requests.load(ordering: .sequentiallyConsistent)
            return Self.add(bytes, to: self.answers, upTo: limit)
        }
    }

    /// Never counts what does not fit, not for a moment, or others would be refused for it and not woken.
    private static func add(_ bytes: Int, to count: borrowing Atomic<Int>, upTo limit: Int) -> Bool {
        var current = count.load(ordering: .sequentiallyConsistent)
        while current + bytes <= limit {
            let (exchanged, original) = count.compareExchange(
                expected: current,
                desired: current + bytes,
                ordering: .sequentiallyConsistent
            )
            if exchanged { return true }
            current = original
        }
        return false
    }

    // MARK: Waiting

    /// Whether a request may wait for memory with what was received of it, which is not counted: together such requests
    /// hold no more than an eighth of all. Where they would, the largest one is refused if that makes room for a
    /// smaller one: large ones that never come whole keep no other out.
    ///
    /// - Parameters:
    ///   - bytes: of the request.
    ///   - receivedBytesMax: what may have been received of it.
    package func admitsWaitingRequest(of bytes: Int, receivedBytesMax: Int) -> Bool {
        let (isAdmitted, refused) = self.queues.withLock { queues -> (Bool, MemoryClaim?) in
            let count = queues.requests.reduce(into: 0) { count, claim in if claim.isRefusable { count += 1 } }
            if (count + 1) * receivedBytesMax <= self.bytesMax / 8 { return (true, nil) }
            let largest = queues.requests.indices
                .filter { queues.requests[$0].isRefusable }
                .max { queues.requests[$0].requestBytes < queues.requests[$1].requestBytes }
            guard let largest, queues.requests[largest].requestBytes > bytes else { return (false, nil) }
            return (true, queues.requests.remove(at: largest))
        }
        refused?.refuse()
        return isAdmitted
    }

    /// Waits for room for a request that is coming in.
    ///
    /// - Parameters:
    ///   - refused: called in place of `granted` when the claim made room for a smaller one. `nil`: it never does.
    ///   - granted: called once, on `eventLoop`, with `bytes` counted; never after `MemoryClaim.cancel`.
    package func whenRequestFits(
        _ bytes: Int,
        on eventLoop: any EventLoop,
        refused: (@Sendable () -> Void)? = nil,
        granted: @escaping @Sendable (Int) -> Void
    ) -> MemoryClaim {
        self.wait(MemoryClaim(.request(bytes), of: self, eventLoop, refused: refused, granted))
    }

    /// Waits for memory for an answer, as `grant` gives it.
    ///
    /// - Parameter granted: called once, on `eventLoop`, with what was counted; never after `MemoryClaim.cancel`.
    package func whenGranted(
        upTo wanted: Int,
        atLeast needed: Int,
        on eventLoop: any EventLoop,
        granted: @escaping @Sendable (Int) -> Void
    ) -> MemoryClaim {
        precondition(needed <= self.requestBytesMax, "more is asked for than there can be")
        return self.wait(MemoryClaim(.answer(wanted: wanted, needed: needed), of: self, eventLoop, granted))
    }

    /// Waits until something that can wait may begin (`isExhausted`). Counts nothing.
    ///
    /// - Parameter granted: called once, on `eventLoop`, with 0; never after `MemoryClaim.cancel`.
    package func whenAvailable(
        on eventLoop: any EventLoop,
        granted: @escaping @Sendable (Int) -> Void
    ) -> MemoryClaim {
        self.wait(MemoryClaim(.turn(heldMax: self.amplePart), of: self, eventLoop, granted))
    }

    /// How long a connection that is in the way may stand still now.
    package func patience(now: NIODeadline) -> TimeAmount {
        guard self.isAwaited else { return Self.patience }
        let oldest = self.queues.withLock { queues in
            [queues.answers.first?.since, queues.requests.first?.since].compactMap(\.self).min()
        }
        guard let oldest, now - oldest > Self.patience else { return Self.patience }
        return Self.shortPatience
    }

    private func wait(_ claim: MemoryClaim) -> MemoryClaim {
        self.queues.withLock { queues in
            switch claim.need {
            case .request:
                queues.requests.append(claim)
                self.requestsWait.store(true, ordering: .sequentiallyConsistent)
            case .answer, .turn:
                queues.answers.append(claim)
                self.answersWait.store(true, ordering: .sequentiallyConsistent)
            }
        }
        self.serveQueues()
        return claim
    }

    /// Serves those for whom there is room, until it is the turn of one for whom there is not.
    private func serveQueues() {
        let served = self.queues.withLock { queues -> [(MemoryClaim, Int)] in
            var served: [(MemoryClaim, Int)] = []
            self.serveAnswers(&queues, &served)
            self.serveRequests(&queues, &served)
            self.noteWaiters(queues)
            return served
        }
        for (claim, bytes) in served { claim.deliver(bytes) }
    }

    private func serveAnswers(_ queues: inout Queues, _ served: inout [(MemoryClaim, Int)]) {
        // Those who only wait for their turn will take memory too, soon after.
        var expected = 0
        while let claim = queues.answers.first {
            let bytes: Int?
            switch claim.need {
            case .answer(let wanted, let needed):
                bytes = self.grant(wanted: wanted, needed: needed, isContended: queues.answers.count > 1)
            case .turn(let heldMax):
                bytes = self.heldBytes + expected <= heldMax ? 0 : nil
                expected += self.quantum
            case .request: preconditionFailure("a request is in the queue of answers")
            }
            guard let bytes else { return }
            queues.answers.removeFirst()
            served.append((claim, bytes))
        }
    }

    private func serveRequests(_ queues: inout Queues, _ served: inout [(MemoryClaim, Int)]) {
        while !queues.requests.isEmpty {
            let index: Int
            switch queues.nextRequest {
            case .oldest: index = 0
            case .smallest:
                index =
                    queues.requests.indices.min { left, right in
                        queues.requests[left].requestBytes < queues.requests[right].requestBytes
                    } ?? 0
            }
            let claim = queues.requests[index]
            guard self.take(.request, claim.requestBytes) else { return }
            queues.requests.remove(at: index)
            queues.nextRequest = queues.nextRequest == .oldest ? .smallest : .oldest
            served.append((claim, claim.requestBytes))
        }
    }

    private func noteWaiters(_ queues: borrowing Queues) {
        if queues.answers.isEmpty { self.answersWait.store(false, ordering: .sequentiallyConsistent) }
        if queues.requests.isEmpty { self.requestsWait.store(false, ordering: .sequentiallyConsistent) }
    }

    func remove(_ claim: MemoryClaim) {
        self.queues.withLock { queues in
            queues.requests.removeAll { $0 === claim }
            if let index = queues.answers.firstIndex(where: { $0 === claim }) { queues.answers.remove(at: index) }
            self.noteWaiters(queues)
        }
        // It may have been in the way of the next.
        self.roomAppeared()
    }

    func release(_ bytes: Int, of need: MemoryClaim.Need) {
        switch need {
        case .request: self.changeRequests(by: -bytes)
        case .answer: self.change(by: -bytes)
        case .turn: break
        }
    }
}
