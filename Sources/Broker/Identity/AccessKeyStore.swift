package import KinesisProtocol
package import Metadata
package import Model
package import Secrets
internal import Synchronization

/// The access keys of users, with which requests to the Kinesis port are signed (decision 0054).
///
/// A secret is stored sealed and is opened for the time of a computation: the verifier keeps what it derives from it
/// for a day and a region, not the secret.
package final class AccessKeyStore: AccessKeyring, Sendable {
    /// Whether the Kinesis port asks for signatures.
    package enum Requirement: Sendable, Equatable {
        case always
        case never
        /// From the moment at which the first key is made, for good: removing the last key opens nothing.
        case fromFirstKey
    }

    /// Stays when the first key is made.
    private static let requiredMark = "#required"
    private static let keysMax = 10_000
    private static let secretCharacters = 40

    private let space: IdentitySpace<AccessKey>
    private let source: any SecretsKeySource
    private let requirement: Requirement
    private let configured: StaticAccessKeys
    private let keyring = Mutex<SecretsKeyring?>(nil)

    /// - Parameters:
    ///   - source: where the keys are that secrets are sealed under.
    ///   - configured: further keys, which are found first and are not stored.
    package init(
        in store: any MetadataStore,
        source: any SecretsKeySource,
        configured: StaticAccessKeys = StaticAccessKeys([]),
        requirement: Requirement = .fromFirstKey
    ) {
        self.space = IdentitySpace(
            AccessKey.space,
            in: store,
            valuesMax: Self.keysMax,
            decode: { bytes, id throws(MetadataError) in try AccessKey.decode(bytes, id: id) },
            encode: { $0.encoded() }
        )
        self.source = source
        self.configured = configured
        self.requirement = requirement
    }

    // MARK: The state

    /// Reads keys and secrets' keys. Blocking where the source reads a file.
    ///
    /// - Parameter checksSecrets: off for who removes keys whose secrets cannot be read.
    /// - Throws: `.policyViolation` when a stored secret cannot be opened: its key is lost, or another one's. Nothing
    ///   is changed then.
    package func load(checksSecrets: Bool = true) async throws(BrokerError) {
        do throws(MetadataError) {
            try await self.space.load()
        } catch {
            throw BrokerError(error)
        }
        do throws(SecretsFailure) {
            let keyring = try self.source.load()
            self.keyring.withLock { $0 = keyring }
            guard checksSecrets else { return }
            for key in self.space.all.values.sorted(by: { $0.id < $1.id }) {
                guard let keyring else {
                    let id = SecretsKeyring.keyID(of: key.sealedSecret) ?? "?"
                    throw SecretsFailure(.unknownKey, "a secret is sealed under key \(id), and there is no key at all")
                }
                _ = try keyring.open(key.sealedSecret, context: key.secretContext)
            }
        } catch {
            throw BrokerError(.policyViolation, self.explain(error))
        }
    }

    private func explain(_ failure: SecretsFailure) -> String {
        switch failure.kind {
        case .keys: "\(failure)"
        case .unknownKey, .damaged:
            "the secrets of access keys cannot be read with \(self.source.name): \(failure). Put the right keys back, "
                + "or remove the access keys with `millrace key delete`. Nothing was changed"
        }
    }

    /// Follows what others change, until the task is cancelled.
    package func follow() async throws(MetadataError) {
        try await self.space.follow {
            let known = Set(self.keyring.withLock { $0 }?.keys.map(\.id) ?? [])
            let needed = self.space.all.values.compactMap { SecretsKeyring.keyID(of: $0.sealedSecret) }
            guard !known.isSuperset(of: needed), let keyring = try? self.source.load() else { return }
            self.keyring.withLock { $0 = keyring }
        }
    }

    /// By ID.
    package var keys: [AccessKey] { self.space.all.values.sorted { $0.id < $1.id } }

    // MARK: AccessKeyring

    package var isRequired: Bool {
        switch self.requirement {
        case .always: true
        case .never: false
        case .fromFirstKey: !self.configured.isEmpty || self.space.hasMark(Self.requiredMark)
        }
    }

    package func credential(_ accessKeyID: String) -> SigningCredential? {
        if let configured = self.configured.credential(accessKeyID) { return configured }
        guard let key = self.space[accessKeyID], key.isEnabled else { return nil }
        let keyring = self.keyring.withLock { $0 }
        return SigningCredential(user: key.user) {
            try? keyring?.open(key.sealedSecret, context: key.secretContext)
        }
    }

    // MARK: Changes

    /// Makes a key for a user. The secret is told once: afterwards it is stored sealed.
    ///
    /// - Parameter user: see `UserName`.
    package func create(user: String, now: Timestamp) async throws(BrokerError) -> (key: AccessKey, secret: SecretBytes)
    {
        guard UserName.isValid(user) else { throw BrokerError(.invalidRequest, "\(user) is not the name of a user.") }
        let keyring = try self.keyringForSealing()
        let secret = Self.makeSecret()
        var key = AccessKey(id: Self.makeID(), user: user, createdAt: now, sealedSecret: [])
        key.sealedSecret = keyring.seal(secret, context: key.secretContext)
        let made = key
        try await self.space.alter(made.id, marks: [Self.requiredMark]) { present throws(BrokerError) in
            guard present == nil else { throw BrokerError(.conflict, "The access key ID is taken; try again.") }
            return made
        }
        return (made, secret)
    }

    package func setEnabled(_ isEnabled: Bool, of id: String) async throws(BrokerError) -> AccessKey {
        let changed = try await self.space.alter(id) { present throws(BrokerError) in
            guard var key = present else { throw Self.unknown(id) }
            key.isEnabled = isEnabled
            return key
        }
        guard let changed else { throw Self.unknown(id) }
        return changed
    }

    /// - Returns: the key that is gone.
    package func delete(_ id: String) async throws(BrokerError) -> AccessKey {
        var removed: AccessKey?
        try await self.space.alter(id) { present throws(BrokerError) in
            guard let present else { throw Self.unknown(id) }
            removed = present
            return nil
        }
        guard let removed else { throw Self.unknown(id) }
        return removed
    }

    private static func unknown(_ id: String) -> BrokerError {
        BrokerError(.unknownTopicOrPartition, "There is no access key \(id).")
    }

    private func keyringForSealing() throws(BrokerError) -> SecretsKeyring {
        if let keyring = self.keyring.withLock({ $0 }) { return keyring }
        let made = SecretsKeyring([.random()])
        try self.store(made)
        return made
    }

    private func store(_ keyring: SecretsKeyring) throws(BrokerError) {
        do throws(SecretsFailure) {
            try self.source.store(keyring)
        } catch {
            throw BrokerError(.policyViolation, "\(error)")
        }
        self.keyring.withLock { $0 = keyring }
    }

    /// Seals all secrets under a new key, and forgets the old ones. At every moment each secret can be opened by a key
    /// that is in the file: what a crash leaves half done is completed by the next call.
    ///
    /// - Returns: the ID of the new key, and how many secrets are sealed under it.
    package func rotateSecretsKey() async throws(BrokerError) -> (keyID: String, secrets: Int) {
        let new = SecretsKey.random()
        let old = self.keyring.withLock { $0 }?.keys ?? []
        let both = SecretsKeyring([new] + old)
        try self.store(both)
        let secrets = try await self.sealAgain()
        let alone = SecretsKeyring([new])
        try self.store(alone)
        return (new.id, secrets)
    }

    /// Seals what is under another key than the first one. How many there are under that one now.
    package func sealAgain() async throws(BrokerError) -> Int {
        guard let keyring = self.keyring.withLock({ $0 }) else { return 0 }
        var secrets = 0
        for id in self.keys.map(\.id) {
            let changed = try await self.space.alter(id) { present throws(BrokerError) in
                guard var key = present else { return nil }
                guard SecretsKeyring.keyID(of: key.sealedSecret) != keyring.current.id else { return key }
                do throws(SecretsFailure) {
                    let secret = try keyring.open(key.sealedSecret, context: key.secretContext)
                    key.sealedSecret = keyring.seal(secret, context: key.secretContext)
                } catch {
                    throw BrokerError(.policyViolation, "\(key.id): \(error). Nothing of it was changed.")
                }
                return key
            }
            if changed != nil { secrets += 1 }
        }
        return secrets
    }

    // MARK: Making keys

    /// As AWS's are: `AKIA` and sixteen characters of base32.
    private static func makeID() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        return SecretBytes.random(count: 16).withBytes { bytes in
            bytes.reduce(into: "AKIA") { $0.append(alphabet[Int($1 & 31)]) }
        }
    }

    /// 240 random bits in forty characters, as AWS's are.
    private static func makeSecret() -> SecretBytes {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return SecretBytes.random(count: Self.secretCharacters).withBytes { bytes in
            SecretBytes(bytes.map { alphabet[Int($0 & 63)] })
        }
    }
}
