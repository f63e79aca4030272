internal import Metadata
internal import Model
internal import Synchronization

/// One space of the metadata that says who may do what, in memory for those who ask on event loops.
///
/// Every change is read back from the store, by the watch or by who made it, so that memory never is ahead of what is
/// stored and an older state never replaces a newer one. An entry that cannot be read gives nobody anything.
///
/// Names that begin with `#` are marks of the space: they have no value.
final class IdentitySpace<Value: Sendable>: Sendable {
    private struct Snapshot {
        var revision: MetadataRevision = 0
        var values: [String: Value] = [:]
        var marks: Set<String> = []
    }

    /// How often a change is tried again when others come first.
    private static var attemptsMax: Int { 10 }

    private let store: any MetadataStore
    private let space: String
    private let valuesMax: Int
    private let decode: @Sendable (_ bytes: [UInt8], _ name: String) throws(MetadataError) -> Value
    private let encode: @Sendable (Value) -> [UInt8]
    private let snapshot = Mutex(Snapshot())

    /// - Parameter valuesMax: a further one is refused.
    init(
        _ space: String,
        in store: any MetadataStore,
        valuesMax: Int,
        decode: @escaping @Sendable (_ bytes: [UInt8], _ name: String) throws(MetadataError) -> Value,
        encode: @escaping @Sendable (Value) -> [UInt8]
    ) {
        self.space = space
        self.store = store
        self.valuesMax = valuesMax
        self.decode = decode
        self.encode = encode
    }

    subscript(_ name: String) -> Value? { self.snapshot.withLock { $0.values[name] } }

    var all: [String: Value] { self.snapshot.withLock { $0.values } }

    func hasMark(_ name: String) -> Bool { self.snapshot.withLock { $0.marks.contains(name) } }

    /// Reads what is stored.
    func load() async throws(MetadataError) {
        let prefix = MetadataKeys.space(self.space)
        let range = try await self.store.range(.prefix(prefix))
        var read = Snapshot(revision: range.revision)
        for entry in range.entries {
            guard let name = String(validating: entry.key.bytes.dropFirst(prefix.bytes.count), as: UTF8.self) else {
                continue
            }
            if name.hasPrefix("#") {
                read.marks.insert(name)
            } else {
                read.values[name] = try? self.decode(entry.value, name)
            }
        }
        let loaded = read
        self.snapshot.withLock { if loaded.revision >= $0.revision { $0 = loaded } }
    }

    /// Follows what others change, until the task is cancelled.
    ///
    /// - Parameter changed: called after each change has been read.
    func follow(_ changed: () -> Void) async throws(MetadataError) {
        let loaded = self.snapshot.withLock { $0.revision }
        try await self.store.follow(prefix: MetadataKeys.space(self.space), after: loaded) {
            batch throws(MetadataError) in
            if batch.events.isEmpty { return }
            try await self.load()
            changed()
        } reload: { () throws(MetadataError) in
            try await self.load()
            changed()
            return self.snapshot.withLock { $0.revision }
        }
    }

    /// Changes one entry; what is returned is stored, and `self` has it.
    ///
    /// - Parameters:
    ///   - marks: written together with the change.
    ///   - edit: makes the new value of the present one, `nil` to remove it; may run more than once.
    @discardableResult
    func alter(
        _ name: String,
        marks: [String] = [],
        _ edit: (_ present: Value?) throws(BrokerError) -> Value?
    ) async throws(BrokerError) -> Value? {
        let key = MetadataKeys.item(space: self.space, name: name)
        for _ in 0..<Self.attemptsMax {
            let entry: MetadataEntry?
            var present: Value?
            do throws(MetadataError) {
                entry = try await self.store.get(key).entry
                if let entry { present = try self.decode(entry.value, name) }
            } catch {
                throw BrokerError(error)
            }
            let wanted = try edit(present)
            if wanted == nil, entry == nil { return nil }
            if wanted != nil, entry == nil, self.snapshot.withLock({ $0.values.count }) >= self.valuesMax {
                throw BrokerError(.limitExceeded, "\(self.valuesMax) entries of \(self.space) are kept at most.")
            }
            var writes: [MetadataOperation] = marks.map {
                .put(key: MetadataKeys.item(space: self.space, name: $0), value: [])
            }
            if let wanted {
                writes.append(.put(key: key, value: self.encode(wanted)))
            } else {
                writes.append(.delete(.key(key)))
            }
            let transaction = MetadataTransaction(
                compares: [.isUnchanged(key, since: entry?.modRevision ?? 0)],
                success: writes
            )
            do throws(MetadataError) {
                if try await self.store.commit(transaction).succeeded {
                    try await self.load()
                    return wanted
                }
            } catch {
                throw BrokerError(error)
            }
        }
        throw BrokerError(.conflict, "\(name) was changed by others all the time.")
    }
}
