package import Authentication
package import Metadata
internal import Model
internal import Synchronization

/// What clients authenticate with: users with their credentials, delegation tokens. In the metadata, and in memory for
/// every authentication; followed by watch, so that a change by any broker holds for the next authentication here.
///
/// A connection that is authenticated already stays so until it has to authenticate again, as in Kafka.
package final class CredentialStore: Sendable {
    fileprivate struct State {
        var users: [String: StoredUser] = [:]
        var tokens: [String: DelegationToken] = [:]
        /// What was changed here is in force before the watch delivers it; older news of it is not.
        var ahead: [CredentialKey: MetadataRevision] = [:]
        var watchFrom: MetadataRevision = 0
    }

    /// Each is a few hundred bytes, in memory and in the metadata.
    package static let usersMax = 100_000
    package static let tokensMax = 10_000
    /// How often a change is tried again when others come first.
    private static let attemptsMax = 10

    private let store: any MetadataStore
    private let state = Mutex(State())

    init(store: any MetadataStore) { self.store = store }

    // MARK: Reading

    /// Reads everything. What cannot be read (damaged, or written by a later version) is left out: its user cannot
    /// authenticate.
    func load() async throws(MetadataError) {
        let result = try await self.store.range(.prefix(CredentialKey.all))
        var state = State()
        for entry in result.entries { state.apply(.put(entry)) }
        state.watchFrom = result.revision + 1
        let loaded = state
        self.state.withLock { $0 = loaded }
    }

    /// Follows the metadata until the task is cancelled.
    func follow() async throws(MetadataError) {
        let loaded = self.state.withLock { $0.watchFrom } - 1
        try await self.store.follow(prefix: CredentialKey.all, after: loaded) { batch in
            self.state.withLock { state in
                for event in batch.events { state.applyWatched(event) }
                state.watchFrom = batch.revision + 1
            }
        } reload: { () throws(MetadataError) in
            try await self.load()
            return self.state.withLock { $0.watchFrom } - 1
        }
    }

    package func user(_ name: String) -> StoredUser? { self.state.withLock { $0.users[name] } }

    /// In byte order.
    package var userNames: [String] {
        self.state.withLock { Array($0.users.keys) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func token(id: String) -> DelegationToken? { self.state.withLock { $0.tokens[id] } }

    /// By their IDs.
    package var tokens: [DelegationToken] {
        self.state.withLock { Array($0.tokens.values) }.sorted { $0.id < $1.id }
    }

    // MARK: Changing

    /// Changes the credentials of one user; one without any is forgotten.
    ///
    /// - Parameter edit: may run more than once; what it throws is thrown.
    package func alterUser<Failure: Error>(
        _ name: String,
        _ edit: (_ user: inout StoredUser) throws(Failure) -> Void
    ) async throws {
        let key = CredentialKey.user(name)
        try await self.change(key) { value in
            var user = try value.map { try StoredUser(decoding: $0) } ?? StoredUser()
            guard value != nil || self.state.withLock({ $0.users.count }) < Self.usersMax else {
                throw BrokerError(.limitExceeded, "\(Self.usersMax) users are kept at most.")
            }
            try edit(&user)
            return user.isEmpty ? nil : user.encoded()
        }
    }

    /// Keeps a new token.
    func add(_ token: DelegationToken) async throws {
        try await self.change(.token(id: token.id)) { value in
            guard value == nil else { throw BrokerError(.conflict, "A delegation token has this ID already.") }
            guard self.state.withLock({ $0.tokens.count }) < Self.tokensMax else { throw DelegationTokenError.tooMany }
            return token.encoded()
        }
    }

    /// Changes a token, or removes it.
    ///
    /// - Parameter edit: `nil` removes the token; may run more than once.
    func alterToken(
        id: String,
        _ edit: (DelegationToken) throws(DelegationTokenError) -> DelegationToken?
    ) async throws {
        try await self.change(.token(id: id)) { value in
            guard let value else { throw DelegationTokenError.notFound }
            return try edit(try DelegationToken(decoding: value, id: id))?.encoded()
        }
    }

    /// - Parameter edit: makes the new value of the present one; `nil`: no key.
    private func change(_ credential: CredentialKey, _ edit: (_ value: [UInt8]?) throws -> [UInt8]?) async throws {
        let key = credential.key
        for _ in 0..<Self.attemptsMax {
            let entry = try await self.store.get(key).entry
            let wanted = try edit(entry?.value)
            if wanted == entry?.value { return }
            let transaction = MetadataTransaction(
                compares: [.isUnchanged(key, since: entry?.modRevision ?? 0)],
                success: [wanted.map { .put(key: key, value: $0) } ?? .delete(.key(key))]
            )
            let outcome = try await self.store.commit(transaction)
            guard outcome.succeeded else { continue }
            self.state.withLock { $0.applyOwn(credential, wanted, at: outcome.revision) }
            return
        }
        throw BrokerError(.conflict, "The credential was changed by others all the time.")
    }
}

extension CredentialStore.State {
    mutating func applyWatched(_ event: MetadataEvent) {
        guard let key = CredentialKey(event.key) else { return }
        if let revision = self.ahead[key] {
            guard event.revision > revision else {
                if event.revision == revision { self.ahead[key] = nil }
                return
            }
            self.ahead[key] = nil
        }
        self.apply(event)
    }

    mutating func applyOwn(_ key: CredentialKey, _ value: [UInt8]?, at revision: MetadataRevision) {
        // The watch may have been faster.
        guard revision >= self.watchFrom, revision > self.ahead[key] ?? 0 else { return }
        self.ahead[key] = revision
        self.set(key, value)
    }

    mutating func apply(_ event: MetadataEvent) {
        guard let key = CredentialKey(event.key) else { return }
        switch event {
        case .put(let entry): self.set(key, entry.value)
        case .deleted: self.set(key, nil)
        }
    }

    private mutating func set(_ key: CredentialKey, _ value: [UInt8]?) {
        switch key {
        case .user(let name): self.users[name] = value.flatMap { try? StoredUser(decoding: $0) }
        case .token(let id): self.tokens[id] = value.flatMap { try? DelegationToken(decoding: $0, id: id) }
        }
    }
}
