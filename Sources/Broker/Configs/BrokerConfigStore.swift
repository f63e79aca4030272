package import Metadata
internal import Model
internal import Synchronization

/// The broker's properties of this moment. A change is stored in the metadata first, then it holds at once, and after
/// a restart.
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

    /// Reads what was changed in earlier runs. Before anything depends on the properties.
    func load() async throws(MetadataError) {
        let resources = try await self.stored.load()
        let changes = DynamicBrokerConfigs(broker: resources[self.brokerID] ?? [:], cluster: resources[""] ?? [:])
        self.state.withLock { $0.configs = $0.configs.applying(stored: changes) }
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
        self.state.withLock { $0.changes.began(name) }
        defer { self.state.withLock { $0.changes.ended(name) } }
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
        let (configs, observers) = self.state.withLock { state in
            // What was stored later may have taken effect already.
            if let (wanted, revision) = stored, state.changes.stored(name, at: revision) {
                state.configs = state.configs.applying(
                    stored: Self.replacing(resource, of: state.configs, with: wanted)
                )
            }
            return (state.configs, state.observers)
        }
        for observer in observers { await observer(configs) }
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
