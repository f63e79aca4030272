internal import Metadata
internal import Model

/// Settings of named resources in one space of the metadata: each resource is a key, its settings the value.
struct StoredConfigs: Sendable {
    /// How often a change is tried again when others come first.
    private static let attemptsMax = 10

    let store: any MetadataStore
    let space: String

    /// The settings of every resource that has any, by its name.
    func load() async throws(MetadataError) -> [String: [String: String]] {
        let prefix = MetadataKeys.space(self.space)
        var resources: [String: [String: String]] = [:]
        for entry in try await self.store.range(.prefix(prefix)).entries {
            guard let name = String(validating: entry.key.bytes.dropFirst(prefix.bytes.count), as: UTF8.self) else {
                continue
            }
            resources[name] = try DynamicBrokerConfigs.decode(entry.value)
        }
        return resources
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
                if let entry { present = try DynamicBrokerConfigs.decode(entry.value) }
            } catch {
                throw BrokerError(error)
            }
            let wanted = try edit(present)
            if validateOnly || wanted == present { return nil }
            let transaction = MetadataTransaction(
                compares: [MetadataCompare(key, .equal, .modRevision(entry?.modRevision ?? 0))],
                success: [
                    wanted.isEmpty ? .delete(.key(key)) : .put(key: key, value: DynamicBrokerConfigs.encode(wanted))
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
