internal import NIOHTTP1

/// What is known of the size of a request's body while it comes in.
struct IncomingBody {
    /// A body of unknown length is left to the bound on connections up to here, and then counted as the largest that
    /// there may be: a part of it would not get it to its end.
    static let unannouncedBytesMax = 64 << 10

    /// As the client told it.
    private var announced: Int?
    private var received = 0

    init() {}

    init(_ head: HTTPRequestHead) {
        self.announced = head.headers.first(name: "content-length").flatMap { Int($0) }
    }

    mutating func received(_ count: Int) { self.received += count }

    /// What memory is to be asked for, in bytes.
    var claimedBytes: Int {
        if let announced { return announced }
        return self.received > Self.unannouncedBytesMax ? ExchangeMachine.bodyBytesMax : 0
    }
}
