internal import GroupCoordinator
package import Metadata
internal import Model
internal import Synchronization

/// The settings of groups that have any, in the metadata and in memory for every heartbeat.
package final class GroupConfigStore: Sendable {
    /// Groups with settings of their own. They are an administrator's, a few as a rule.
    private static let groupsMax = 10_000

    private struct State {
        var groups: [String: GroupConfigs] = [:]
        var changes = OrderedChanges()
    }

    private let stored: StoredConfigs
    private let broker: BrokerConfigs
    private let state = Mutex(State())

    init(store: any MetadataStore, broker: BrokerConfigs) {
        self.stored = StoredConfigs(
            store: store,
            space: "groups",
            coding: StoredConfigs.Coding(
                decode: { GroupConfigs(decoding: $0).texts },
                encode: { GroupConfigs(stored: $0).encoded }
            )
        )
        self.broker = broker
    }

    /// Reads all settings. Before groups are served, and when changes were missed.
    func load() async throws(MetadataError) {
        let (resources, revision) = try await self.stored.load()
        let loaded = resources.mapValues { GroupConfigs(stored: $0) }
        self.state.withLock { state in
            var merged = loaded
            for name in state.changes.loaded(at: revision) { merged[name] = state.groups[name] }
            state.groups = merged
        }
    }

    /// Follows the changes of every broker until the task is cancelled or the store is closed.
    func follow() async throws(MetadataError) {
        try await self.stored.follow(after: self.state.withLock { $0.changes.revision }) { changes, revision in
            self.state.withLock { state in
                for change in changes where state.changes.isNew(change.name, at: change.revision) {
                    state.groups[change.name] = change.settings.isEmpty ? nil : GroupConfigs(stored: change.settings)
                }
                state.changes.delivered(through: revision)
            }
        } reload: { () throws(MetadataError) in
            try await self.load()
            return self.state.withLock { $0.changes.revision }
        }
    }

    /// The groups with settings of their own, in byte order.
    package var groupIDs: [String] { self.state.withLock { $0.groups.keys.sorted() } }

    /// What was set for a group.
    package func configs(of groupID: String) -> GroupConfigs {
        self.state.withLock { $0.groups[groupID] } ?? GroupConfigs()
    }

    func overrides(of groupID: GroupID) -> GroupOverrides {
        guard let configs = self.state.withLock({ $0.groups.isEmpty ? nil : $0.groups[groupID.rawValue] }) else {
            return GroupOverrides()
        }
        return GroupOverrides(
            sessionTimeoutMilliseconds: configs.values[GroupConfigs.sessionTimeout],
            heartbeatIntervalMilliseconds: configs.values[GroupConfigs.heartbeatInterval]
        )
    }

    /// Changes a group's settings; they hold from its next heartbeats on.
    ///
    /// - Parameter edit: makes the new settings, as texts, of the present ones.
    package func alter(
        _ groupID: String,
        validateOnly: Bool,
        _ edit: (_ configs: [String: String]) throws(BrokerError) -> [String: String]
    ) async throws(BrokerError) {
        guard !groupID.isEmpty else { throw BrokerError(.invalidRequest, "Default group resources are not allowed.") }
        let stored = try await self.stored.alter(groupID, validateOnly: validateOnly) { present throws(BrokerError) in
            let texts = try edit(present)
            let wanted: GroupConfigs
            do throws(ConfigError) {
                wanted = try GroupConfigs(texts, over: self.broker)
            } catch {
                throw BrokerError(.invalidConfig, error.message)
            }
            let isNew = present.isEmpty && !wanted.values.isEmpty
            guard !isNew || self.state.withLock({ $0.groups.count }) < Self.groupsMax else {
                throw BrokerError(.limitExceeded, "Settings of \(Self.groupsMax) groups at most are kept.")
            }
            return wanted.texts
        }
        guard let (texts, revision) = stored else { return }
        self.state.withLock { state in
            guard state.changes.committed(groupID, at: revision) else { return }
            state.groups[groupID] = texts.isEmpty ? nil : GroupConfigs(stored: texts)
        }
    }
}
