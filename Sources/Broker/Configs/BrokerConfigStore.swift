package import Metadata
internal import Model
internal import Synchronization

/// The broker's properties of this moment. A change is stored in the metadata first, then it holds at once, and after
/// a restart; what other brokers change for all of them is followed there.
package final class BrokerConfigStore: Sendable {
    /// Whose properties are changed.
    package enum Resource: Sendable {
        case thisBroker
        /// Every broker: the resource without a name.
        case everyBroker
    }

    private struct State {
        var configs: BrokerConfigs
        var observers: [@Sendable (BrokerConfigs) async -> Void] = []
        var checks: [@Sendable (BrokerConfigs) throws(BrokerError) -> Void] = []
        var changes = OrderedChanges()
        /// Grows with each change of `configs`.
        var version = 0
    }

    private let stored: StoredConfigs
    private let brokerID: String
    private let state: Mutex<State>

    /// - Parameter start: what was set at the start.
    init(store: any MetadataStore, start: BrokerConfigs, brokerID: BrokerID) {
        self.stored = StoredConfigs(store: store, space: "brokers")
        self.brokerID = "\(brokerID)"
        self.state = Mutex(State(configs: start))
    }

    /// Reads what was changed in earlier runs and by other brokers. Before anything depends on the properties, and when
    /// changes were missed.
    func load() async throws(MetadataError) {
        let (resources, revision) = try await self.stored.load()
        self.state.withLock { state in
            let newer = state.changes.loaded(at: revision)
            var changes = state.configs.dynamic
            if !newer.contains(self.brokerID) { changes.broker = resources[self.brokerID] ?? [:] }
            if !newer.contains("") { changes.cluster = resources[""] ?? [:] }
            state.configs = state.configs.applying(stored: changes)
            state.version += 1
        }
    }

    /// Follows what other brokers change, until the task is cancelled or the store is closed: the properties of all
    /// brokers, and those of this one.
    func follow() async throws(MetadataError) {
        try await self.stored.follow(after: self.state.withLock { $0.changes.revision }) { changes, revision in
            let hasChanged = self.state.withLock { state in
                var dynamic = state.configs.dynamic
                for change in changes where state.changes.isNew(change.name, at: change.revision) {
                    switch change.name {
                    case "": dynamic.cluster = change.settings
                    case self.brokerID: dynamic.broker = change.settings
                    default: continue
                    }
                }
                state.changes.delivered(through: revision)
                guard dynamic != state.configs.dynamic else { return false }
                state.configs = state.configs.applying(stored: dynamic)
                state.version += 1
                return true
            }
            if hasChanged { await self.callObservers() }
        } reload: { () throws(MetadataError) in
            try await self.load()
            await self.callObservers()
            return self.state.withLock { $0.changes.revision }
        }
    }

    package var current: BrokerConfigs { self.state.withLock { $0.configs } }

    /// Calls the observer after each change, with the properties of then.
    package func observe(_ observer: @escaping @Sendable (BrokerConfigs) async -> Void) {
        self.state.withLock { $0.observers.append(observer) }
    }

    /// Asks the check before each change is stored, with the properties that would hold: it may refuse them.
    package func check(_ check: @escaping @Sendable (BrokerConfigs) throws(BrokerError) -> Void) {
        self.state.withLock { $0.checks.append(check) }
    }

    /// Changes properties; returns when the change holds.
    ///
    /// - Parameter edit: makes the new settings of the present ones; may run more than once.
    package func alter(
        _ resource: Resource,
        validateOnly: Bool,
        _ edit: (_ configs: [String: String]) throws(BrokerError) -> [String: String]
    ) async throws(BrokerError) {
        let name =
            switch resource {
            case .thisBroker: self.brokerID
            case .everyBroker: ""
            }
        let stored = try await self.stored.alter(name, validateOnly: validateOnly) {
            present throws(BrokerError) in
            let wanted = try edit(present)
            let (current, checks) = self.state.withLock { ($0.configs, $0.checks) }
            let next: BrokerConfigs
            do throws(ConfigError) {
                next = try current.applying(Self.replacing(resource, of: current, with: wanted))
            } catch {
                throw BrokerError(error.code == .unknownName ? .invalidConfig : .invalidRequest, error.message)
            }
            for check in checks { try check(next) }
            return wanted
        }
        if validateOnly { return }
        // Without a change observers are called too: what a property names, a file, may have changed.
        self.state.withLock { state in
            // What was stored later may have taken effect already.
            guard let (wanted, revision) = stored, state.changes.committed(name, at: revision) else { return }
            state.configs = state.configs.applying(
                stored: Self.replacing(resource, of: state.configs, with: wanted)
            )
            state.version += 1
        }
        await self.callObservers()
    }

    /// Of two changes that overlap, the one that ends last tells the properties of both.
    private func callObservers() async {
        var told: Int?
        while true {
            let (configs, version, observers) = self.state.withLock { ($0.configs, $0.version, $0.observers) }
            if version == told { return }
            for observer in observers { await observer(configs) }
            told = version
        }
    }

    private static func replacing(
        _ resource: Resource,
        of configs: BrokerConfigs,
        with wanted: [String: String]
    ) -> DynamicBrokerConfigs {
        var changes = configs.dynamic
        switch resource {
        case .thisBroker: changes.broker = wanted
        case .everyBroker: changes.cluster = wanted
        }
        return changes
    }
}
