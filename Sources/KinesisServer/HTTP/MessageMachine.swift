/// The messages of one HTTP connection or stream: which bytes belong to which request, and how its answer is framed.
/// Sans-IO, and knows nothing about what a request asks for.
///
/// When a request may begin, and when the connection ends, is decided by its `ConnectionCore`.
///
/// ```
/// between ──head──► receiving ──end──► whole ──answerBegan──► answering ──answerEnded──► between
///                       └──answerBegan (refused)──► discarding ──end──► over
/// ```
///
/// Bad input of the peer ends in an answer and `over`; what comes in a state that has no use for it is dropped.
struct MessageMachine: ~Copyable {
    /// What is read and thrown away of a request that was refused, so that its sender gets to see the answer.
    static let discardedBytesMax = 64 << 20

    /// What an answer has to know about its request.
    struct Request: Equatable {
        var isHTTP10 = false
        var isKeepAlive = true
        /// Answered without a body.
        var isHead = false
    }

    private enum State {
        /// Between requests.
        case between
        /// An exchange takes the body.
        case receiving(Request)
        /// Refused and answered; the rest of the body is thrown away.
        case discarding(bytes: Int)
        /// The request is whole, and the exchange works on its answer.
        case whole(Request)
        /// The head of the answer is out, and not all of its body.
        case answering(closes: Bool)
        /// The last answer is written, or the connection is gone.
        case over
    }

    private var state = State.between

    init() {}

    /// Whether a client that announced a body should be invited to send it.
    var isReceiving: Bool { if case .receiving = self.state { true } else { false } }

    // MARK: Requests

    /// - Returns: whether an exchange begins.
    mutating func headReceived(_ request: Request) -> Bool {
        guard case .between = self.state else { return false }
        self.state = .receiving(request)
        return true
    }

    enum PartAction: Equatable {
        case pass
        case drop
        case close
    }

    mutating func bodyReceived(_ count: Int) -> PartAction {
        switch self.state {
        case .receiving: return .pass
        case .discarding(let before):
            let bytes = before + count
            self.state = bytes > Self.discardedBytesMax ? .over : .discarding(bytes: bytes)
            return bytes > Self.discardedBytesMax ? .close : .drop
        case .between, .whole, .answering, .over: return .drop
        }
    }

    mutating func endReceived() -> PartAction {
        switch self.state {
        case .receiving(let request):
            self.state = .whole(request)
            return .pass
        case .discarding:
            self.state = .over
            return .close
        case .between, .whole, .answering, .over: return .drop
        }
    }

    enum MalformedAction: Equatable {
        /// Answer 400, then close.
        case answer
        case close
        case drop
    }

    /// What came is not HTTP.
    mutating func malformedReceived() -> MalformedAction {
        switch self.state {
        case .between, .receiving:
            self.state = .over
            return .answer
        case .discarding:
            self.state = .over
            return .close
        case .whole, .answering, .over: return .drop
        }
    }

    // MARK: Answers

    /// How an answer is written.
    struct AnswerPlan: Equatable {
        var isHTTP10: Bool
        var framing: ResponseHead.Framing
        var hasBody: Bool
        /// The connection ends with this answer, and the head says so.
        var closes: Bool
    }

    /// - Parameters:
    ///   - hasLength: the length of the body is known.
    ///   - isLast: the connection ends with the answers that are under way.
    /// - Returns: `nil` when there is nobody to answer.
    mutating func answerBegan(hasLength: Bool, isLast: Bool) -> AnswerPlan? {
        func plan(_ request: Request, closes: Bool) -> AnswerPlan {
            let framing: ResponseHead.Framing = hasLength ? .length : request.isHTTP10 ? .untilClose : .chunks
            return AnswerPlan(
                isHTTP10: request.isHTTP10,
                framing: framing,
                hasBody: !request.isHead,
                closes: closes || framing == .untilClose
            )
        }
        switch self.state {
        case .receiving(let request):
            // The rest of its body is still to come, and is not worth keeping the connection for.
            self.state = .discarding(bytes: 0)
            return plan(request, closes: true)
        case .whole(let request):
            let plan = plan(request, closes: !request.isKeepAlive || isLast)
            self.state = .answering(closes: plan.closes)
            return plan
        case .between, .discarding, .answering, .over: return nil
        }
    }

    enum EndedAction: Equatable {
        /// Take what the client sends next.
        case next
        /// Close when the socket has taken the answer.
        case close
    }

    /// All of the answer has been written.
    mutating func answerEnded() -> EndedAction {
        switch self.state {
        case .answering(closes: false):
            self.state = .between
            return .next
        case .answering:
            self.state = .over
            return .close
        case .between, .receiving, .discarding, .whole, .over: return .next
        }
    }

    // MARK: The end

    /// - Returns: whether an exchange is under way, which must be told.
    mutating func connectionClosed() -> Bool {
        defer { self.state = .over }
        switch self.state {
        case .receiving, .whole, .answering: return true
        case .between, .discarding, .over: return false
        }
    }
}
