internal import Logging
internal import Metadata
internal import Model
package import Quotas
internal import Synchronization

/// The quotas as the metadata has them: each entity is a key of the space `quotas`, its quotas the value.
///
/// A change holds here when `alter` returns, and in every broker of the cluster when its watch has delivered it. Both
/// ways lead through `apply`, which lets no older revision of an entity replace a newer one.
package final class QuotaStore: Sendable {
    private struct State {
        var table = QuotaTable()
        /// What the watch has delivered, or what was loaded.
        var revision: MetadataRevision = 0
        /// Of entities that were changed here after `revision`.
        var ahead: [QuotaEntity: MetadataRevision] = [:]
    }

    /// Entities with quotas. They are an administrator's; the table is in memory.
    package static let entitiesMax = 10_000
    private static let attemptsMax = 10
    private static let space = "quotas"

    private let store: any MetadataStore
    private let quotas: ClientQuotas
    private let logger: Logger
    private let state = Mutex(State())

    init(store: any MetadataStore, quotas: ClientQuotas, logger: Logger) {
        self.store = store
        self.quotas = quotas
        self.logger = logger
    }

    // MARK: From the metadata

    /// Reads all quotas. Before clients are served, and when the watch has missed something.
    func load() async throws(MetadataError) {
        let range = try await self.store.range(.prefix(MetadataKeys.space(Self.space)))
        var table = QuotaTable()
        for entry in range.entries {
            // What a later version wrote is left alone.
            guard let entity = Self.entity(of: entry.key), let quotas = Self.quotas(of: entry.value) else { continue }
            table.set(quotas, for: entity)
        }
        let loaded = table
        self.state.withLock { $0 = State(table: loaded, revision: range.revision) }
        self.quotas.quotasChanged(loaded)
    }

    /// Follows the changes of every broker until the task is cancelled or the store is closed.
    func follow() async {
        let loaded = self.state.withLock { $0.revision }
        do throws(MetadataError) {
            try await self.store.follow(prefix: MetadataKeys.space(Self.space), after: loaded) { batch in
                self.apply(batch)
            } reload: { () throws(MetadataError) in
                try await self.load()
                return self.state.withLock { $0.revision }
            }
        } catch {
            if error.code != .closed {
                self.logger.error("quotas do not follow the metadata any more", metadata: ["error": "\(error)"])
            }
        }
    }

    private func apply(_ batch: MetadataWatchBatch) {
        let changed = self.state.withLock { state -> QuotaTable? in
            var hasChanged = false
            for event in batch.events {
                guard let entity = Self.entity(of: event.key), event.revision > state.ahead[entity] ?? 0 else {
                    continue
                }
                switch event {
                case .put(let entry):
                    guard let quotas = Self.quotas(of: entry.value) else { continue }
                    state.table.set(quotas, for: entity)
                case .deleted: state.table.set([:], for: entity)
                }
                hasChanged = true
            }
            state.revision = batch.revision
            state.ahead = state.ahead.filter { $0.value > batch.revision }
            return hasChanged ? state.table : nil
        }
        if let changed { self.quotas.quotasChanged(changed) }
    }

    /// What this broker has just committed: it holds here before the watch delivers it.
    private func apply(_ quotas: [QuotaKind: Double], of entity: QuotaEntity, at revision: MetadataRevision) {
        let changed = self.state.withLock { state -> QuotaTable? in
            guard revision > state.revision, revision > state.ahead[entity] ?? 0 else { return nil }
            state.table.set(quotas, for: entity)
            state.ahead[entity] = revision
            return state.table
        }
        if let changed { self.quotas.quotasChanged(changed) }
    }

    // MARK: For clients

    /// The entities that a filter asks for, in the order of their keys.
    package func describe(_ filter: QuotaFilter) -> [(entity: QuotaEntity, quotas: [QuotaKind: Double])] {
        let all = self.state.withLock { $0.table.all }
        return all.filter { filter.matches($0.key) }.map { ($0.key, $0.value) }.sorted { $0.0.key < $1.0.key }
    }

    /// Changes the quotas of an entity; returns when the change holds here.
    ///
    /// - Parameter changes: the new value of each quota by its name; `nil` removes it.
    /// - Throws: `.invalidRequest` for names and values that cannot be; `.policyViolation` for too many entities.
    package func alter(
        _ entity: QuotaEntity,
        _ changes: [(name: String, value: Double?)],
        validateOnly: Bool
    ) async throws(BrokerError) {
        let wanted = try Self.checked(changes, of: entity)
        let key = MetadataKeys.item(space: Self.space, name: entity.key)
        for _ in 0..<Self.attemptsMax {
            let entry: MetadataEntry?
            do throws(MetadataError) { entry = try await self.store.get(key).entry } catch { throw BrokerError(error) }
            let present = entry.flatMap { Self.quotas(of: $0.value) } ?? [:]
            var quotas = present
            for (kind, value) in wanted { quotas[kind] = value }
            if validateOnly || quotas == present { return }
            guard entry != nil || self.state.withLock({ $0.table.count }) < Self.entitiesMax else {
                throw BrokerError(.policyViolation, "Quotas of \(Self.entitiesMax) entities at most are kept.")
            }
            let transaction = MetadataTransaction(
                compares: [MetadataCompare(key, .equal, .modRevision(entry?.modRevision ?? 0))],
                success: [quotas.isEmpty ? .delete(.key(key)) : .put(key: key, value: Self.encoded(quotas))]
            )
            do throws(MetadataError) {
                let outcome = try await self.store.commit(transaction)
                guard outcome.succeeded else { continue }
                self.apply(quotas, of: entity, at: outcome.revision)
                return
            } catch {
                throw BrokerError(error)
            }
        }
        throw BrokerError(.conflict, "The quotas of \(entity.key) were changed by others all the time.")
    }

    private static func checked(
        _ changes: [(name: String, value: Double?)],
        of entity: QuotaEntity
    ) throws(BrokerError) -> [(QuotaKind, Double?)] {
        var wanted: [(QuotaKind, Double?)] = []
        for (name, value) in changes {
            guard let kind = QuotaKind(rawValue: name), entity.allows(kind) else {
                // To remove what cannot be there changes nothing, as in Kafka.
                if value == nil { continue }
                throw BrokerError(.invalidRequest, "Invalid configuration key \(name)")
            }
            guard !wanted.contains(where: { $0.0 == kind }) else {
                throw BrokerError(.invalidRequest, "Duplicate quota key \(name), not updating quota for this entity")
            }
            if let value, let problem = kind.problem(with: value) { throw BrokerError(.invalidRequest, problem) }
            wanted.append((kind, value))
        }
        return wanted
    }

    // MARK: Keys and values

    private static func entity(of key: MetadataKey) -> QuotaEntity? {
        let prefix = MetadataKeys.space(Self.space)
        guard key.hasPrefix(prefix) else { return nil }
        return String(validating: key.bytes.dropFirst(prefix.bytes.count), as: UTF8.self).flatMap(
            QuotaEntity.init(key:)
        )
    }

    private static func encoded(_ quotas: [QuotaKind: Double]) -> [UInt8] {
        DynamicBrokerConfigs.encode(
            Dictionary(uniqueKeysWithValues: quotas.map { ($0.key.rawValue, "\($0.value)") })
        )
    }

    /// `nil` for values of a later version. Quotas that only a later version knows are left out.
    private static func quotas(of value: [UInt8]) -> [QuotaKind: Double]? {
        guard let texts = try? DynamicBrokerConfigs.decode(value) else { return nil }
        var quotas: [QuotaKind: Double] = [:]
        for (name, text) in texts {
            guard let kind = QuotaKind(rawValue: name), let value = Double(text), kind.problem(with: value) == nil
            else {
                continue
            }
            quotas[kind] = value
        }
        return quotas
    }
}
