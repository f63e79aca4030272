/// The HTTP/1.1 side of one connection: which bytes belong to which request, when the next request may begin, and when
/// the connection ends. Sans-IO, and knows nothing about what a request asks for.
///
/// ```
/// idle ──head──► receiving ──end──► exchange ──answerBegan──► sending ──answerEnded──► idle, or closing
///                    └──answerBegan (refused)──► discarding ──end──► closing
/// ```
///
/// Bad input of the peer ends in an answer and `closing`; what comes in a state that has no use for it is dropped.
struct HTTP1Machine: ~Copyable {
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
        case idle
        /// An exchange takes the body.
        case receiving(Request)
        /// Refused and answered; the rest of the body is thrown away.
        case discarding(bytes: Int)
        /// The request is whole, and the exchange works on its answer.
        case exchange(Request)
        /// The head of the answer is out, and not all of its body.
        case sending(closes: Bool)
        /// The last answer is written; the connection ends when the socket has taken it.
        case closing
        case closed
    }

    private var state = State.idle
    /// No more requests are begun; the connection ends with the answer under way.
    private var isQuiescing = false

    init() {}

    /// Whether what comes from the client is taken now. If not, it stays where it is and the socket is not read.
    ///
    /// - Parameter isWritable: the socket has taken most of what was written. A client that does not take its answers
    ///   gets no further ones.
    func takesParts(isWritable: Bool) -> Bool {
        switch self.state {
        case .idle: !self.isQuiescing && isWritable
        case .receiving, .discarding: true
        case .exchange, .sending, .closing, .closed: false
        }
    }

    /// Whether a client that announced a body should be invited to send it.
    var isReceiving: Bool { if case .receiving = self.state { true } else { false } }

    /// Whether the connection can go on only when its client sends or takes something.
    var awaitsClient: Bool {
        switch self.state {
        case .idle, .receiving, .discarding, .sending, .closing: true
        case .exchange, .closed: false
        }
    }

    // MARK: Requests

    /// - Returns: whether an exchange begins.
    mutating func headReceived(_ request: Request) -> Bool {
        guard case .idle = self.state else { return false }
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
            self.state = bytes > Self.discardedBytesMax ? .closing : .discarding(bytes: bytes)
            return bytes > Self.discardedBytesMax ? .close : .drop
        case .idle, .exchange, .sending, .closing, .closed: return .drop
        }
    }

    mutating func endReceived() -> PartAction {
        switch self.state {
        case .receiving(let request):
            self.state = .exchange(request)
            return .pass
        case .discarding:
            self.state = .closing
            return .close
        case .idle, .exchange, .sending, .closing, .closed: return .drop
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
        case .idle, .receiving:
            self.state = .closing
            return .answer
        case .discarding:
            self.state = .closing
            return .close
        case .exchange, .sending, .closing, .closed: return .drop
        }
    }

    // MARK: Answers

    /// How an answer is written.
    struct AnswerPlan: Equatable {
        enum Framing: Equatable {
            /// `Content-Length`
            case length
            /// `Transfer-Encoding: chunked`
            case chunks
            /// Until the connection ends, for HTTP/1.0.
            case untilClose
        }

        var isHTTP10: Bool
        var framing: Framing
        var hasBody: Bool
        /// The connection ends with this answer, and the head says so.
        var closes: Bool
    }

    /// - Parameter hasLength: the length of the body is known.
    /// - Returns: `nil` when there is nobody to answer.
    mutating func answerBegan(hasLength: Bool) -> AnswerPlan? {
        func plan(_ request: Request, closes: Bool) -> AnswerPlan {
            let framing: AnswerPlan.Framing = hasLength ? .length : request.isHTTP10 ? .untilClose : .chunks
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
        case .exchange(let request):
            let plan = plan(request, closes: !request.isKeepAlive || self.isQuiescing)
            self.state = .sending(closes: plan.closes)
            return plan
        case .idle, .discarding, .sending, .closing, .closed: return nil
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
        case .sending(let closes) where !closes && !self.isQuiescing:
            self.state = .idle
            return .next
        case .sending:
            self.state = .closing
            return .close
        case .idle, .receiving, .discarding, .exchange, .closing, .closed: return .next
        }
    }

    // MARK: The connection

    /// The server stops.
    ///
    /// - Returns: whether the connection is to be closed now.
    mutating func quiesceBegan() -> Bool {
        self.isQuiescing = true
        guard case .idle = self.state else { return false }
        self.state = .closing
        return true
    }

    /// Nothing has come from the client, and it has taken nothing, for the idle time.
    ///
    /// - Returns: whether the connection is to be closed.
    mutating func idleExpired() -> Bool {
        switch self.state {
        case .exchange, .closed: return false
        case .idle, .receiving, .discarding, .sending, .closing:
            self.state = .closing
            return true
        }
    }

    /// - Returns: whether an exchange is under way, which must be told.
    mutating func connectionClosed() -> Bool {
        defer { self.state = .closed }
        switch self.state {
        case .receiving, .exchange, .sending: return true
        case .idle, .discarding, .closing, .closed: return false
        }
    }
}
