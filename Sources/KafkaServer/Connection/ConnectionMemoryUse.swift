internal import Broker
internal import NIOCore
internal import Serving

/// What one Kafka connection counts in `ConnectionMemory`: the request that is coming in and the answers going out.
struct ConnectionMemoryUse: ~Copyable {
    /// A connection that holds less is never in the way.
    static let stallBytesMin = 64 << 10
    /// One that holds more is looked at so often.
    static let stallTime = TimeAmount.seconds(5)

    private var share: ConnectionShare
    /// Of `share`, for the request that has been admitted.
    private var requestBytes = 0
    /// The socket is not read until there is memory for the request that has begun.
    private(set) var isWaiting = false
    /// Somebody looks at it every `stallTime`.
    var isWatched = false

    init(of memory: ConnectionMemory) { self.share = ConnectionShare(of: memory) }

    /// All that the connection holds.
    var bytes: Int { self.share.bytes }
    /// Of that, what the client has not taken.
    var answerBytes: Int { self.share.bytes - self.requestBytes }
    var isExhausted: Bool { self.share.memory.isExhausted }
    /// Whether other connections wait for memory.
    var isAwaited: Bool { self.share.memory.isAwaited }

    /// Whether there would be room for a request of this size, which has not begun.
    func admits(_ bytes: Int) -> Bool {
        bytes <= ConnectionMemory.countedFrom || self.share.memory.heldBytes + bytes <= self.share.memory.bytesMax
    }

    /// Counts the request that is coming in, once, or has the socket wait for room.
    ///
    /// - Parameter bytes: of all of it; 0 when none is under way.
    mutating func requestClaims(_ bytes: Int, on eventLoop: any EventLoop, relieved: @escaping @Sendable () -> Void) {
        let wanted = bytes >= ConnectionMemory.countedFrom ? bytes : 0
        if wanted == self.requestBytes || self.isWaiting { return }
        let answers = self.share.bytes - self.requestBytes
        self.share.hold(answers)
        self.requestBytes = 0
        if wanted == 0 { return }
        if self.share.reserve(min(wanted, self.share.memory.requestBytesMax)) {
            self.requestBytes = self.share.bytes - answers
        } else {
            self.isWaiting = true
            self.share.memory.onRelief(on: eventLoop, relieved)
        }
    }

    mutating func stopWaiting() { self.isWaiting = false }

    /// - Parameter answers: bytes of answers that the client has not taken.
    mutating func count(answers: Int) { self.share.hold(self.requestBytes + answers) }

    mutating func close() {
        self.requestBytes = 0
        self.share.hold(0)
    }
}
