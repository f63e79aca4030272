internal import KafkaProtocol

/// The versions of each API that a broker serves.
struct ServedVersions: Sendable {
    private var ranges: [APIKey: ClosedRange<Int16>] = [:]

    init() {}

    init(_ response: ApiVersionsResponse) {
        for api in response.apiKeys where api.minVersion <= api.maxVersion {
            self.ranges[APIKey(rawValue: api.apiKey)] = api.minVersion...api.maxVersion
        }
    }

    /// The highest version in both ranges; `nil` when they do not meet or the broker lacks the API.
    func highest(of apiKey: APIKey, within known: ClosedRange<Int16>) -> Int16? {
        guard let served = self.ranges[apiKey], served.overlaps(known) else { return nil }
        return min(served.upperBound, known.upperBound)
    }
}
