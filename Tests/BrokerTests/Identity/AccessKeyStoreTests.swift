import KinesisProtocol
import Metadata
import Secrets
import Synchronization
import Testing

@testable import Broker

/// Access keys of users, their secrets at rest, and the key that these are sealed under.
@Suite struct AccessKeyStoreTests {
    /// A key file in memory.
    private final class Source: SecretsKeySource {
        let text: Mutex<String?>
        let failsToStore = Mutex(false)
        var name: String { "the key file" }

        init(_ text: String? = nil) { self.text = Mutex(text) }

        func load() throws(SecretsFailure) -> SecretsKeyring? {
            try self.text.withLock { $0 }.map { text throws(SecretsFailure) in
                try SecretsKeyring.parse(text, source: self.name)
            }
        }

        func store(_ keyring: SecretsKeyring) throws(SecretsFailure) {
            guard !self.failsToStore.withLock({ $0 }) else { throw SecretsFailure(.keys, "read-only") }
            self.text.withLock { $0 = keyring.text }
        }
    }

    private let metadata = MemoryMetadataStore()
    private let source = Source()

    private func open(_ source: Source? = nil) async throws -> AccessKeyStore {
        let store = AccessKeyStore(in: self.metadata, source: source ?? self.source)
        try await store.load()
        return store
    }

    private static func text(_ secret: SecretBytes?) -> String? {
        secret?.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `a key is its user's, over restarts, and its secret is nowhere in clear`() async throws {
        let (key, secret) = try await self.open().create(user: "alice", now: 5)
        let text = try #require(Self.text(secret))
        #expect(key.id.hasPrefix("AKIA") && key.id.count == 20 && text.count == 40)
        let again = try await self.open()
        let credential = try #require(again.credential(key.id))
        #expect(credential.user == "alice" && credential.sessionToken == nil)
        #expect(Self.text(credential.secret()) == text)
        #expect(again.credential("AKIAUNKNOWN") == nil)
        for entry in try await self.metadata.range(.all).entries {
            #expect(!String(decoding: entry.value, as: UTF8.self).contains(text))
        }
    }

    @Test func `signatures are required from the first key on, and removing the last one opens nothing`() async throws {
        let store = try await self.open()
        #expect(!store.isRequired)
        let key = try await store.create(user: "alice", now: 0).key
        #expect(store.isRequired)
        _ = try await store.delete(key.id)
        #expect(store.keys.isEmpty)
        #expect(store.isRequired)
        #expect(try await self.open().isRequired)
        for (requirement, isRequired) in [(AccessKeyStore.Requirement.never, false), (.always, true)] {
            let other = AccessKeyStore(in: self.metadata, source: self.source, requirement: requirement)
            #expect(other.isRequired == isRequired)
        }
    }

    @Test func `a disabled key is as one that is not there, until it is enabled`() async throws {
        let store = try await self.open()
        let key = try await store.create(user: "alice", now: 0).key
        #expect(try await store.setEnabled(false, of: key.id).isEnabled == false)
        #expect(store.credential(key.id) == nil)
        _ = try await store.setEnabled(true, of: key.id)
        #expect(store.credential(key.id) != nil)
        await #expect(throws: BrokerError.self) { try await store.setEnabled(true, of: "AKIAUNKNOWN") }
        await #expect(throws: BrokerError.self) { try await store.delete("AKIAUNKNOWN") }
        await #expect(throws: BrokerError.self) { try await store.create(user: "", now: 0) }
    }

    @Test func `a lost or wrong key file is told clearly, and nothing is changed`() async throws {
        let key = try await self.open().create(user: "alice", now: 0).key
        let revision = self.metadata.revision
        for other in [Source(), Source(SecretsKeyring([.random()]).text), Source("garbage")] {
            let store = AccessKeyStore(in: self.metadata, source: other)
            do throws(BrokerError) {
                try await store.load()
                Issue.record("it was loaded")
            } catch {
                #expect(error.code == .policyViolation)
                #expect(error.message.contains("the key file"))
            }
        }
        #expect(self.metadata.revision == revision)
        #expect(try await self.open().credential(key.id)?.secret() != nil, "with the right one all is as before")
        let lost = AccessKeyStore(in: self.metadata, source: Source())
        try await lost.load(checksSecrets: false)
        #expect(lost.credential(key.id)?.secret() == nil)
        #expect(try await lost.delete(key.id).id == key.id, "who lost it for good can remove the keys")
    }

    @Test func `a sealed secret that is moved to another key does not open there`() async throws {
        let store = try await self.open()
        let alice = try await store.create(user: "alice", now: 0).key
        var moved = AccessKey(id: "AKIAOTHER", user: "admin", createdAt: 0, sealedSecret: alice.sealedSecret)
        moved.sealedSecret = alice.sealedSecret
        let key = MetadataKeys.item(space: AccessKey.space, name: moved.id)
        _ = try await self.metadata.commit(MetadataTransaction(success: [.put(key: key, value: moved.encoded())]))
        await #expect(throws: BrokerError.self) { try await store.load() }
        #expect(store.credential(moved.id)?.secret() == nil)
    }

    @Test func `all secrets are sealed under a new key, and the old one is forgotten`() async throws {
        let store = try await self.open()
        var secrets: [String: String?] = [:]
        for user in ["a", "b", "c"] {
            let made = try await store.create(user: user, now: 0)
            secrets[made.key.id] = Self.text(made.secret)
        }
        let before = try #require(self.source.text.withLock { $0 })
        let (keyID, count) = try await store.rotateSecretsKey()
        #expect(count == 3)
        let keyring = try #require(try self.source.load())
        #expect(keyring.keys.map(\.id) == [keyID])
        for store in [store, try await self.open()] {
            for (id, secret) in secrets { #expect(Self.text(store.credential(id)?.secret()) == secret) }
        }
        let old = AccessKeyStore(in: self.metadata, source: Source(before))
        await #expect(throws: BrokerError.self) { try await old.load() }
    }

    @Test func `a change of the key that is interrupted loses nothing, and is completed later`() async throws {
        let store = try await self.open()
        for user in ["a", "b", "c"] { _ = try await store.create(user: user, now: 0) }
        self.metadata.failNextCommit(MetadataError(.diskFull, "full"))
        await #expect(throws: BrokerError.self) { try await store.rotateSecretsKey() }
        let again = try await self.open()
        for key in again.keys { #expect(again.credential(key.id)?.secret() != nil) }
        #expect(try await again.sealAgain() == 3)
        #expect(try await again.rotateSecretsKey().secrets == 3)
        #expect(try self.source.load()?.keys.count == 1)
    }

    @Test func `without a place for the secrets' key no access key is made`() async throws {
        self.source.failsToStore.withLock { $0 = true }
        let store = try await self.open()
        await #expect(throws: BrokerError.self) { try await store.create(user: "alice", now: 0) }
        #expect(store.keys.isEmpty && !store.isRequired)
    }

    @Test func `keys of the configuration are found beside the stored ones`() async throws {
        let configured = StaticAccessKeys([
            (RequestSigner.Keys(accessKeyID: "FILE", secretAccessKey: "s", sessionToken: "t"), nil),
            (RequestSigner.Keys(accessKeyID: "OWNED", secretAccessKey: "s"), "alice"),
        ])
        let store = AccessKeyStore(in: self.metadata, source: self.source, configured: configured)
        try await store.load()
        #expect(store.isRequired)
        #expect(store.credential("FILE")?.user == "FILE")
        #expect(store.credential("FILE")?.sessionToken == "t")
        #expect(store.credential("OWNED")?.user == "alice")
    }

    @Test(arguments: [0, 1, 2, 3]) func `what is stored of a key is read again, and bytes that are not are refused`(
        _ cut: Int
    ) throws {
        let key = AccessKey(id: "AKIA", user: "alice", isEnabled: false, createdAt: -7, sealedSecret: [1, 2, 3])
        #expect(try AccessKey.decode(key.encoded(), id: "AKIA") == key)
        let token = AdminToken(id: "i", user: "u", digest: Array(repeating: 7, count: 32), createdAt: 1, expiresAt: 2)
        #expect(try AdminToken.decode(token.encoded(), id: "i") == token)
        #expect(throws: MetadataError.self) { try AccessKey.decode(Array(key.encoded().prefix(cut)), id: "A") }
        #expect(throws: MetadataError.self) { try AdminToken.decode(Array(token.encoded().prefix(cut)), id: "A") }
        #expect(throws: MetadataError.self) { try AdminRole.decode(Array("owner".utf8)) }
    }
}

/// Roles and tokens of the admin port.
@Suite struct AdminAccessStoreTests {
    private let metadata = MemoryMetadataStore()

    private func open(_ configured: [String: AdminRole] = [:]) async throws -> AdminAccessStore {
        let store = AdminAccessStore(in: self.metadata, configuredRoles: configured) { 1000 }
        try await store.load()
        return store
    }

    @Test func `roles are stored, and configured ones cannot be taken away`() async throws {
        let store = try await self.open(["root": .admin, "alice": .viewer])
        #expect(store.role(of: "nobody") == nil)
        try await store.setRole(.operator, of: "alice")
        try await store.setRole(.viewer, of: "root")
        #expect(store.role(of: "alice") == .operator)
        #expect(store.role(of: "root") == .admin)
        try await store.setRole(nil, of: "alice")
        #expect(store.role(of: "alice") == .viewer)
        #expect(try await self.open().role(of: "root") == .viewer)
        await #expect(throws: BrokerError.self) { try await store.setRole(.admin, of: "a\nb") }
    }

    @Test func `a token is known by its digest until its time is over`() async throws {
        let store = try await self.open()
        let (token, secret) = try await store.createToken(user: "alice", lifeMilliseconds: 10)
        let text = secret.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(store.owner(ofToken: text)?.user == "alice")
        #expect(try await self.open().owner(ofToken: text)?.tokenID == token.id)
        for wrong in [text + "0", String(text.dropLast()), text.uppercased(), "mra_\(token.id)_", "mra__", "", "_"] {
            #expect(store.owner(ofToken: wrong) == nil)
        }
        for entry in try await self.metadata.range(.all).entries {
            #expect(!String(decoding: entry.value, as: UTF8.self).contains(text.suffix(64)))
        }
        let later = AdminAccessStore(in: self.metadata) { 1010 }
        try await later.load()
        #expect(later.owner(ofToken: text) == nil)
        #expect(!later.hasToken(id: token.id))
        try await store.deleteToken(token.id)
        #expect(store.owner(ofToken: text) == nil)
        await #expect(throws: BrokerError.self) { try await store.deleteToken(token.id) }
        for life: Int64 in [0, -1, AdminAccessStore.tokenLifeMax + 1] {
            await #expect(throws: BrokerError.self) { try await store.createToken(user: "a", lifeMilliseconds: life) }
        }
    }
}
