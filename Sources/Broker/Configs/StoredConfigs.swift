internal import Metadata
internal import Model

/// Settings of named resources in one space of the metadata: each resource is a key, its settings the value.
struct StoredConfigs: Sendable {
    /// How often a change is tried again when others come first.
    private static let attemptsMax = 10

    private let store: any MetadataStore
    private let space: String
    private let coding: Coding

    /// Settings as the metadata has them.
    struct Coding: Sendable {
        var decode: @Sendable (_ bytes: [UInt8]) throws(MetadataError) -> [String: String]
        var encode: @Sendable (_ settings: [String: String]) -> [UInt8]

        static let dynamicConfigs = Coding(
            decode: { bytes throws(MetadataError) in try DynamicBrokerConfigs.decode(bytes) },
            encode: { DynamicBrokerConfigs.encode($0) }
        )
    }

    /// What a watch delivers of one resource; without settings it is forgotten.
    struct Change: Sendable {
        var name: String
        var settings: [String: String]
        var revision: MetadataRevision
    }

    init(store: any MetadataStore, space: String, coding: Coding = .dynamicConfigs) {
        self.store = store
        self.space = space
        self.coding = coding
    }

    /// The settings of every resource that has any, by its name, and the revision that they are of.
    func load() async throws(MetadataError) -> (resources: [String: [String: String]], revision: MetadataRevision) {
        let range = try await self.store.range(.prefix(MetadataKeys.space(self.space)))
        var resources: [String: [String: String]] = [:]
        for entry in range.entries {
            guard let name = self.name(of: entry.key) else { continue }
            resources[name] = try self.coding.decode(entry.value)
        }
        return (resources, range.revision)
    }

    /// Follows what every broker changes, until the task is cancelled or the store is closed.
    ///
    /// - Parameters:
    ///   - changed: takes changes over, in their order, with the revision up to which these are all.
    ///   - reload: reads everything again, when changes were missed.
    func follow(
        after revision: MetadataRevision,
        _ changed: (_ changes: [Change], _ revision: MetadataRevision) async -> Void,
        reload: () async throws(MetadataError) -> MetadataRevision
    ) async throws(MetadataError) {
        try await self.store.follow(prefix: MetadataKeys.space(self.space), after: revision) {
            batch throws(MetadataError) in
            var changes: [Change] = []
            for event in batch.events {
                guard let name = self.name(of: event.key) else { continue }
                var settings: [String: String] = [:]
                if case .put(let entry) = event { settings = try self.coding.decode(entry.value) }
                changes.append(Change(name: name, settings: settings, revision: event.revision))
            }
            await changed(changes, batch.revision)
        } reload: { () throws(MetadataError) in
            try await reload()
        }
    }

    private func name(of key: MetadataKey) -> String? {
        let prefix = MetadataKeys.space(self.space)
        return String(validating: key.bytes.dropFirst(prefix.bytes.count), as: UTF8.self)
    }

    /// Changes the settings of one resource; without settings it is forgotten.
    ///
    /// - Parameters:
    ///   - edit: makes the new settings of the present ones and refuses what is not valid; may run more than once.
    /// - Returns: the settings that were stored, and the revision that did; `nil` when nothing was to be changed.
    func alter(
        _ name: String,
        validateOnly: Bool,
        _ edit: (_ present: [String: String]) throws(BrokerError) -> [String: String]
    ) async throws(BrokerError) -> (settings: [String: String], revision: MetadataRevision)? {
        let key = MetadataKeys.item(space: self.space, name: name)
        for _ in 0..<Self.attemptsMax {
            let entry: MetadataEntry?
            var present: [String: String] = [:]
            do throws(MetadataError) {
                entry = try await self.store.get(key).entry
                if let entry { present = try self.coding.decode(entry.value) }
            } catch {
                throw BrokerError(error)
            }
            let wanted = try edit(present)
            if validateOnly || wanted == present { return nil }
            let transaction = MetadataTransaction(
                compares: [MetadataCompare(key, .equal, .modRevision(entry?.modRevision ?? 0))],
                success: [
                    wanted.isEmpty ? .delete(.key(key)) : .put(key: key, value: self.coding.encode(wanted))
                ]
            )
            do throws(MetadataError) {
                let outcome = try await self.store.commit(transaction)
                if outcome.succeeded { return (wanted, outcome.revision) }
            } catch {
                throw BrokerError(error)
            }
        }
        throw BrokerError(.conflict, "The settings of \(name) were changed by others all the time.")
    }
}
