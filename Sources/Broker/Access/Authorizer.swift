package import AccessControl
internal import Logging
internal import Metadata
package import Model
internal import Synchronization

/// Who may do what: Kafka's ACLs, in the metadata and in memory for every request.
///
/// A connection asks for its `Rights` once and keeps them for as long as `version` does not change: one atomic load for
/// each request, no lock. Without `authorizer.class.name` everybody may do everything.
package final class Authorizer: Sendable {
    private struct State {
        var snapshot: ACLSnapshot
        /// By principal and host; shared by the connections that have both in common.
        var rights: [RightsKey: Rights] = [:]
        /// What this broker changed and the watch has not delivered yet.
        var ownChanges: [ACL: Change] = [:]
    }

    private struct Change {
        var revision: MetadataRevision
        var isPresent: Bool
    }

    private struct RightsKey: Hashable {
        var principal: ExactText
        var host: ExactText
    }

    /// The most ACLs that are kept.
    package static let aclsMax = 10_000
    /// Principals and hosts whose rights are kept for other connections. At the bound they are made again.
    private static let sharedRightsMax = 4_096
    /// ACLs in one transaction of the metadata.
    private static let aclsPerTransaction = 100

    /// `false` without an authorizer: then `rights` are unrestricted and ACLs can neither be read nor changed.
    package let isEnabled: Bool
    private let store: any MetadataStore
    private let logger: Logger
    private let state: Mutex<State>
    private let currentVersion: Atomic<UInt64>

    /// - Parameter settings: `nil` without an authorizer.
    init(store: any MetadataStore, settings: ACLSnapshot.Settings?, logger: Logger) {
        self.store = store
        self.isEnabled = settings != nil
        self.logger = logger
        let snapshot = ACLSnapshot(settings: settings ?? ACLSnapshot.Settings())
        self.state = Mutex(State(snapshot: snapshot))
        self.currentVersion = Atomic(settings == nil ? Rights.unrestricted.version : snapshot.version)
    }

    // MARK: Asking

    /// Which ACLs hold now. Rights of another version are out of date.
    package var version: UInt64 { self.currentVersion.load(ordering: .acquiring) }

    /// What a principal may do from a host, as of now.
    package func rights(of principal: Principal, from host: String) -> Rights {
        guard self.isEnabled else { return .unrestricted }
        let key = RightsKey(principal: ExactText(principal.description), host: ExactText(host))
        return self.state.withLock { state in
            if let known = state.rights[key] { return known }
            let made = state.snapshot.rights(of: principal, from: host)
            if state.rights.count < Self.sharedRightsMax { state.rights[key] = made }
            return made
        }
    }

    /// The same rights if they are of the present version, else those that hold now.
    package func current(_ rights: Rights) -> Rights {
        rights.version == self.version ? rights : self.rights(of: rights.principal, from: rights.host)
    }

    /// The ACLs that a filter means, in a steady order.
    package func acls(matching filter: ACLFilter) -> [ACL] {
        self.state.withLock { $0.snapshot }.acls(matching: filter)
    }

    /// How many ACLs there are.
    package var aclCount: Int { self.state.withLock { $0.snapshot.acls.count } }

    // MARK: Changing

    /// Adds ACLs; those that exist already stay as they are. When this returns, they hold for the next request.
    ///
    /// A hundred at a time are added together or not at all.
    ///
    /// Throws `.limitExceeded` when there would be more than `aclsMax`.
    package func add(_ acls: [ACL]) async throws(BrokerError) {
        let missing = self.state.withLock { state in
            let missing = Set(acls).subtracting(state.snapshot.acls)
            return missing.count + state.snapshot.acls.count <= Self.aclsMax ? missing : nil
        }
        guard let missing else {
            throw BrokerError(.limitExceeded, "\(Self.aclsMax) ACLs are kept at most.")
        }
        try await self.commit(Array(missing), arePresent: true)
    }

    /// Removes the ACLs that a filter means.
    ///
    /// - Returns: what was removed.
    package func remove(matching filter: ACLFilter) async throws(BrokerError) -> [ACL] {
        let acls = self.acls(matching: filter)
        try await self.commit(acls, arePresent: false)
        return acls
    }

    private func commit(_ acls: [ACL], arePresent: Bool) async throws(BrokerError) {
        var rest = acls[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.aclsPerTransaction)
            let outcome: MetadataOutcome
            do throws(MetadataError) {
                outcome = try await self.store.commit(
                    MetadataTransaction(
                        success: part.map { acl in
                            let key = MetadataKeys.acl(acl)
                            return arePresent
                                ? .put(key: key, value: MetadataKeys.aclValue) : .delete(.key(key))
                        }
                    )
                )
            } catch {
                throw BrokerError(error)
            }
            self.committed(part, Change(revision: outcome.revision, isPresent: arePresent))
            rest = rest.dropFirst(part.count)
        }
    }

    /// Two changes of one ACL may end in another order than they were made in: the later revision holds.
    private func committed(_ acls: ArraySlice<ACL>, _ change: Change) {
        self.state.withLock { state in
            var present = state.snapshot.acls
            for acl in acls where (state.ownChanges[acl]?.revision ?? 0) <= change.revision {
                state.ownChanges[acl] = change
                if change.isPresent { present.insert(acl) } else { present.remove(acl) }
            }
            self.publish(present, in: &state)
        }
    }

    private func publish(_ acls: Set<ACL>, in state: inout State) {
        guard acls != state.snapshot.acls else { return }
        let version = state.snapshot.version + 1
        state.snapshot = ACLSnapshot(acls, settings: state.snapshot.settings, version: version)
        state.rights.removeAll(keepingCapacity: true)
        self.currentVersion.store(version, ordering: .releasing)
    }

    // MARK: Following the metadata

    /// Reads all ACLs. Before anything is served.
    func load() async throws(MetadataError) {
        guard self.isEnabled else { return }
        _ = try await self.reload()
    }

    private func reload() async throws(MetadataError) -> MetadataRevision {
        let range = try await self.store.range(.prefix(MetadataKeys.acls))
        var acls: Set<ACL> = []
        for entry in range.entries { acls.insert(try MetadataKeys.acl(of: entry.key)) }
        let read = acls
        self.state.withLock { state in
            var present = read
            for (acl, change) in state.ownChanges where change.revision > range.revision {
                if change.isPresent { present.insert(acl) } else { present.remove(acl) }
            }
            self.publish(present, in: &state)
        }
        return range.revision
    }

    /// Takes over what other brokers change, until the task is cancelled. ACLs that cannot be read end this: nobody is
    /// to be let in because an ACL that denies was left out.
    func follow() async throws(MetadataError) {
        guard self.isEnabled else { return }
        try await self.store.follow(prefix: MetadataKeys.acls, after: try await self.reload()) {
            batch throws(MetadataError) in
            try self.apply(batch)
        } reload: { () throws(MetadataError) in
            self.logger.notice("the changes of ACLs were missed and are read again")
            return try await self.reload()
        }
    }

    private func apply(_ batch: MetadataWatchBatch) throws(MetadataError) {
        var changes: [(acl: ACL, change: Change)] = []
        for event in batch.events {
            let isPresent = if case .put = event { true } else { false }
            let change = Change(revision: event.revision, isPresent: isPresent)
            changes.append((try MetadataKeys.acl(of: event.key), change))
        }
        self.state.withLock { state in
            var present = state.snapshot.acls
            // What is older than a change of this broker's own would undo it for a moment.
            for (acl, change) in changes where (state.ownChanges[acl]?.revision ?? 0) <= change.revision {
                if change.isPresent { present.insert(acl) } else { present.remove(acl) }
            }
            if !state.ownChanges.isEmpty {
                state.ownChanges = state.ownChanges.filter { $0.value.revision > batch.revision }
            }
            self.publish(present, in: &state)
        }
    }
}
