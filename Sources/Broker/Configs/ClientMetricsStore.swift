package import Metadata
internal import Synchronization
package import Text

/// The subscriptions to metrics of clients (KIP-714), in the metadata and in memory for every client that asks.
package final class ClientMetricsStore: Sendable {
    /// A subscription, ready to be matched with clients.
    package struct Subscription: Sendable {
        package var configs: ClientMetricsConfigs
        package var matches: [(attribute: String, expression: RegularExpression)]

        fileprivate init(_ configs: ClientMetricsConfigs) throws(BrokerError) {
            self.configs = configs
            self.matches = []
            for (attribute, pattern) in configs.matches {
                do throws(RegularExpression.Failure) {
                    self.matches.append((attribute, try RegularExpression(pattern)))
                } catch {
                    throw BrokerError(
                        .invalidConfig,
                        "Illegal client matching pattern: \(attribute)=\(pattern): \(error.reason)"
                    )
                }
            }
        }
    }

    private struct State {
        var subscriptions: [String: Subscription] = [:]
        /// Grows with each change.
        var version = 0
        var changes = OrderedChanges()
    }

    /// Each client is matched with all of them.
    private static let subscriptionsMax = 1_000

    private let stored: StoredConfigs
    private let state = Mutex(State())

    init(store: any MetadataStore) {
        self.stored = StoredConfigs(store: store, space: "client-metrics")
    }

    /// Reads all subscriptions. What cannot be read (written by a later version) is left out.
    func load() async throws(MetadataError) {
        let (resources, revision) = try await self.stored.load()
        var subscriptions: [String: Subscription] = [:]
        for (name, texts) in resources { subscriptions[name] = Self.subscription(texts) }
        let loaded = subscriptions
        self.state.withLock { state in
            var merged = loaded
            for name in state.changes.loaded(at: revision) { merged[name] = state.subscriptions[name] }
            state.subscriptions = merged
            state.version += 1
        }
    }

    /// Follows the changes of every broker until the task is cancelled or the store is closed.
    func follow() async throws(MetadataError) {
        try await self.stored.follow(after: self.state.withLock { $0.changes.revision }) { changes, revision in
            let parsed = changes.map { ($0, Self.subscription($0.settings)) }
            self.state.withLock { state in
                for (change, subscription) in parsed where state.changes.isNew(change.name, at: change.revision) {
                    state.subscriptions[change.name] = subscription
                    state.version += 1
                }
                state.changes.delivered(through: revision)
            }
        } reload: { () throws(MetadataError) in
            try await self.load()
            return self.state.withLock { $0.changes.revision }
        }
    }

    /// `nil` without settings, and for what a later version wrote.
    private static func subscription(_ texts: [String: String]) -> Subscription? {
        guard !texts.isEmpty, let configs = try? ClientMetricsConfigs(texts) else { return nil }
        return try? Subscription(configs)
    }

    /// In byte order.
    package var names: [String] { self.state.withLock { $0.subscriptions.keys.sorted() } }

    /// Which subscriptions these are: another number after each change.
    package var version: Int { self.state.withLock { $0.version } }

    /// All subscriptions, and their version.
    package var subscriptions: (all: [Subscription], version: Int) {
        self.state.withLock { (Array($0.subscriptions.values), $0.version) }
    }

    /// What was set of a subscription; of one that is not there nothing is.
    package func configs(of name: String) throws(BrokerError) -> ClientMetricsConfigs {
        if let present = self.state.withLock({ $0.subscriptions[name]?.configs }) { return present }
        return try Self.parsed([:])
    }

    /// Changes a subscription; one without settings is removed.
    ///
    /// - Parameter edit: makes the new settings, as texts, of the present ones; may run more than once.
    package func alter(
        _ name: String,
        validateOnly: Bool,
        _ edit: (_ configs: [String: String]) throws(BrokerError) -> [String: String]
    ) async throws(BrokerError) {
        guard !name.isEmpty else { throw BrokerError(.invalidRequest, "Subscription name can't be empty") }
        let stored = try await self.stored.alter(name, validateOnly: validateOnly) { present throws(BrokerError) in
            let wanted = try edit(present)
            _ = try Subscription(try Self.parsed(wanted))
            let isNew = present.isEmpty && !wanted.isEmpty
            guard !isNew || self.state.withLock({ $0.subscriptions.count }) < Self.subscriptionsMax else {
                throw BrokerError(
                    .limitExceeded,
                    "\(Self.subscriptionsMax) client metrics subscriptions are kept at most."
                )
            }
            return wanted
        }
        guard let (texts, revision) = stored else { return }
        let subscription = texts.isEmpty ? nil : try Subscription(try Self.parsed(texts))
        self.state.withLock { state in
            guard state.changes.committed(name, at: revision) else { return }
            state.subscriptions[name] = subscription
            state.version += 1
        }
    }

    private static func parsed(_ texts: [String: String]) throws(BrokerError) -> ClientMetricsConfigs {
        do throws(ConfigError) {
            return try ClientMetricsConfigs(texts)
        } catch {
            throw BrokerError(.invalidConfig, error.message)
        }
    }
}
