/// Which member is asked next, and how long to wait before.
///
/// A member that fails is left for the next one at once; when all of them have failed in a row, the rounds get farther
/// apart, up to `delayMax`. Sans-IO.
struct EndpointRotation: Equatable {
    static let delayMin = Duration.milliseconds(20)
    static let delayMax = Duration.milliseconds(500)

    let endpoints: [EtcdEndpoint]
    private var index: Int
    /// Failures since the last success.
    private(set) var failureCount = 0

    /// - Parameter first: where to begin, so that brokers spread over the members.
    init(_ endpoints: [EtcdEndpoint], first: Int = 0) {
        precondition(!endpoints.isEmpty, "there is at least one endpoint")
        self.endpoints = endpoints
        self.index = first % endpoints.count
    }

    var current: EtcdEndpoint { self.endpoints[self.index] }

    /// The current member has answered.
    mutating func succeeded() { self.failureCount = 0 }

    /// The current member has failed.
    mutating func failed() {
        self.failureCount += 1
        self.index = (self.index + 1) % self.endpoints.count
    }

    /// How long to wait before the next attempt.
    var delay: Duration {
        let rounds = self.failureCount / self.endpoints.count
        guard rounds > 0 else { return .zero }
        return min(Self.delayMin * (1 << min(rounds - 1, 10)), Self.delayMax)
    }
}
