internal import GroupCoordinator
package import Metadata
internal import Model
internal import Synchronization

/// The settings of groups that have any, in the metadata and in memory for every heartbeat.
package final class GroupConfigStore: Sendable {
    /// Groups with settings of their own. They are an administrator's, a few as a rule.
    private static let groupsMax = 10_000

    private let store: any MetadataStore
    private let broker: BrokerConfigs
    private let groups = Mutex<[String: GroupConfigs]>([:])
    private let changes = Mutex(OrderedChanges())

    init(store: any MetadataStore, broker: BrokerConfigs) {
        self.store = store
        self.broker = broker
    }

    /// Reads all settings. Before groups are served.
    func load() async throws(MetadataError) {
        let prefix = MetadataKeys.space("groups")
        let entries = try await self.store.range(.prefix(prefix)).entries
        var groups: [String: GroupConfigs] = [:]
        for entry in entries {
            guard let id = String(validating: entry.key.bytes.dropFirst(prefix.bytes.count), as: UTF8.self) else {
                continue
            }
            groups[id] = GroupConfigs(decoding: entry.value)
        }
        let loaded = groups
        self.groups.withLock { $0 = loaded }
    }

    /// The groups with settings of their own, in byte order.
    package var groupIDs: [String] { self.groups.withLock { $0.keys.sorted() } }

    /// What was set for a group.
    package func configs(of groupID: String) -> GroupConfigs { self.groups.withLock { $0[groupID] } ?? GroupConfigs() }

    func overrides(of groupID: GroupID) -> GroupOverrides {
        guard let configs = self.groups.withLock({ $0.isEmpty ? nil : $0[groupID.rawValue] }) else {
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
        let key = MetadataKeys.item(space: "groups", name: groupID)
        self.changes.withLock { $0.began(groupID) }
        defer { self.changes.withLock { $0.ended(groupID) } }
        for _ in 0..<10 {
            let entry: MetadataEntry?
            do throws(MetadataError) {
                entry = try await self.store.get(key).entry
            } catch {
                throw BrokerError(error)
            }
            let present = entry.map { GroupConfigs(decoding: $0.value) } ?? GroupConfigs()
            let wanted: GroupConfigs
            let texts = try edit(present.texts)
            do throws(ConfigError) {
                wanted = try GroupConfigs(texts, over: self.broker)
            } catch {
                throw BrokerError(.invalidConfig, error.message)
            }
            if validateOnly || wanted == present { return }
            guard entry != nil || self.groups.withLock({ $0.count }) < Self.groupsMax else {
                throw BrokerError(.limitExceeded, "Settings of \(Self.groupsMax) groups at most are kept.")
            }
            if let revision = try await self.put(wanted, key, after: entry) {
                self.changes.withLock { changes in
                    guard changes.stored(groupID, at: revision) else { return }
                    self.groups.withLock { $0[groupID] = wanted.values.isEmpty ? nil : wanted }
                }
                return
            }
        }
        throw BrokerError(.conflict, "The settings of group \(groupID) were changed by others all the time.")
    }

    /// - Returns: the revision of the change; `nil` when another one came first.
    private func put(
        _ configs: GroupConfigs,
        _ key: MetadataKey,
        after entry: MetadataEntry?
    ) async throws(BrokerError) -> MetadataRevision? {
        let transaction = MetadataTransaction(
            compares: [MetadataCompare(key, .equal, .modRevision(entry?.modRevision ?? 0))],
            success: [configs.values.isEmpty ? .delete(.key(key)) : .put(key: key, value: configs.encoded)]
        )
        do throws(MetadataError) {
            let outcome = try await self.store.commit(transaction)
            return outcome.succeeded ? outcome.revision : nil
        } catch {
            throw BrokerError(error)
        }
    }
}
