import Authentication
import Logging
import Metadata
import Model
import NIOEmbedded
import NIOPosix
import Synchronization
import Testing

@testable import Broker

@Suite struct CredentialStoreTests {
    private static let credential = ScramCredential(
        hash: .sha256,
        password: Array("secret".utf8),
        salt: [1, 2, 3],
        iterations: 4096
    )

    private func setCredential(_ store: CredentialStore, _ user: String) async throws {
        try await store.alterUser(user) { (user: inout StoredUser) in user.credentials[.sha256] = Self.credential }
    }

    @Test func `a change holds at once, and is there for another broker that loads`() async throws {
        let metadata = MemoryMetadataStore()
        let store = CredentialStore(store: metadata)
        try await store.load()
        try await self.setCredential(store, "alice")
        #expect(store.user("alice")?.credentials[.sha256] == Self.credential)
        let other = CredentialStore(store: metadata)
        try await other.load()
        #expect(other.userNames == ["alice"])
        try await store.alterUser("alice") { (user: inout StoredUser) in user.credentials = [:] }
        #expect(store.user("alice") == nil && store.userNames.isEmpty)
    }

    @Test func `changes of other brokers come by watch, and do not undo later ones made here`() async throws {
        let metadata = MemoryMetadataStore()
        let here = CredentialStore(store: metadata)
        let there = CredentialStore(store: metadata)
        try await here.load()
        try await there.load()
        try await self.setCredential(there, "alice")
        // The watch of here starts before all of this.
        try await self.setCredential(here, "bob")
        try await here.alterUser("bob") { (user: inout StoredUser) in user.credentials = [:] }
        let following = Task { try await here.follow() }
        while here.user("alice") == nil { await Task.yield() }
        #expect(here.user("bob") == nil)
        try await self.setCredential(there, "bob")
        while here.user("bob") == nil { await Task.yield() }
        following.cancel()
        _ = try? await following.value
    }

    @Test func `what is damaged is left out`() async throws {
        let metadata = MemoryMetadataStore()
        for (key, value) in [(CredentialKey.user("a"), [UInt8(1), 1, 200]), (.token(id: "t"), [9]), (.user("b"), [1])] {
            _ = try await metadata.commit(MetadataTransaction(success: [.put(key: key.key, value: value)]))
        }
        let store = CredentialStore(store: metadata)
        try await store.load()
        #expect(store.user("a") == nil && store.token(id: "t") == nil)
        #expect(store.user("b")?.credentials.isEmpty == true)
    }
}

@Suite struct AuthenticationServiceTests {
    private func service(
        _ metadata: MemoryMetadataStore = MemoryMetadataStore(),
        configs: [String: String] = ["delegation.token.secret.key": "key"],
        now: @escaping @Sendable () -> Int64 = { 1000 }
    ) async throws -> AuthenticationService {
        let credentials = CredentialStore(store: metadata)
        try await credentials.load()
        let configs = try BrokerConfigs(parsing: configs.map { (name: $0.key, value: $0.value) })
        return AuthenticationService(
            credentials: credentials,
            decoySecret: [1, 2, 3],
            environment: BrokerEnvironment(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: now,
                monotonicMilliseconds: { 0 },
                random: { (UInt64.random(in: 0...(.max)), 2) }
            ),
            configs: { configs }
        )
    }

    private func listener(_ users: String = "") throws -> SaslListener {
        let module = JaasLine.plainModule
        let configs = try BrokerConfigs(parsing: [
            (name: "sasl.enabled.mechanisms", value: "PLAIN"),
            (name: "listener.name.l.plain.sasl.jaas.config", value: "\(module) required \(users);"),
        ])
        return SaslListener(name: "L", settings: try .init(listener: "L", configs), bearers: nil)
    }

    private func verify(
        _ service: AuthenticationService,
        _ user: String,
        _ password: String,
        _ listener: SaslListener
    ) async -> Bool? {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return await withCheckedContinuation { continuation in
            service.verifyPassword(of: user, Array(password.utf8), listener: listener, on: eventLoop) {
                continuation.resume(returning: $0)
            }
        }
    }

    @Test func `passwords are those of the JAAS line, else those that are stored`() async throws {
        let service = try await self.service()
        let listener = try self.listener("user_bob=\"bob-secret\"")
        try await service.credentials.alterUser("alice") { (user: inout StoredUser) in
            user.credentials[.sha512] = ScramCredential(
                hash: .sha512,
                password: Array("secret".utf8),
                salt: [1],
                iterations: 4096
            )
        }
        #expect(await self.verify(service, "alice", "secret", listener) == true)
        #expect(await self.verify(service, "alice", "Secret", listener) == false)
        #expect(await self.verify(service, "bob", "bob-secret", listener) == true)
        #expect(await self.verify(service, "bob", "secret", listener) == false)
        #expect(await self.verify(service, "nobody", "secret", listener) == false)
        service.hasher.shutdown()
        #expect(await self.verify(service, "alice", "secret", listener) == nil)
    }

    @Test func `a token authenticates until it expires, and only with the key that it was made with`() async throws {
        let clock = Mutex<Int64>(1000)
        let metadata = MemoryMetadataStore()
        let service = try await self.service(metadata, now: { clock.withLock { $0 } })
        let owner = Principal(name: "alice")
        let (token, hmac) = try await service.createToken(owner: owner, requester: owner, renewers: [], lifetime: 5000)
        #expect(service.lookUp(user: token.id, .sha256, isToken: true).account?.user == "alice")
        #expect(service.lookUp(user: token.id, .sha256, isToken: false).account == nil)
        let other = try await self.service(metadata, configs: ["delegation.token.secret.key": "other"])
        #expect(other.tokens.isEmpty)
        #expect(other.lookUp(user: token.id, .sha256, isToken: true).account == nil)
        await #expect(throws: DelegationTokenError.notFound) {
            try await other.renewToken(hmac: hmac, by: owner, period: 0)
        }
        await #expect(throws: DelegationTokenError.ownerMismatch) {
            try await service.expireToken(hmac: hmac, by: Principal(name: "bob"), period: -1)
        }
        clock.withLock { $0 = 6001 }
        #expect(service.lookUp(user: token.id, .sha256, isToken: true).account == nil)
        await #expect(throws: DelegationTokenError.expired) {
            try await service.renewToken(hmac: hmac, by: owner, period: 0)
        }
        _ = try await service.expireToken(hmac: hmac, by: owner, period: -1)
        #expect(service.tokens.isEmpty)
    }

    @Test func `jobs beyond the bound are refused`() async {
        let hasher = PasswordHasher(jobsMax: 1)
        let gate = Mutex(false)
        // One runs, one waits.
        let isStarted = Atomic(false)
        #expect(
            hasher.submit {
                isStarted.store(true, ordering: .releasing)
                while !gate.withLock({ $0 }) {}
            }
        )
        while !isStarted.load(ordering: .acquiring) { await Task.yield() }
        #expect(hasher.submit {})
        #expect(!hasher.submit {})
        gate.withLock { $0 = true }
        hasher.shutdown()
    }

    @Test(arguments: [
        ["sasl.enabled.mechanisms": "GSSAPI"], ["sasl.enabled.mechanisms": "OAUTHBEARER"],
        ["listener.name.l.plain.sasl.jaas.config": "nonsense", "sasl.enabled.mechanisms": "PLAIN"],
    ]) func `settings that cannot be carried out are refused`(_ settings: [String: String]) throws {
        let configs = try BrokerConfigs(parsing: settings.map { (name: $0.key, value: $0.value) })
        #expect(throws: ConfigError.self) { try SaslListener.Settings(listener: "L", configs) }
    }

    @Test func `a listener and a mechanism have properties of their own`() throws {
        let configs = try BrokerConfigs(parsing: [
            (name: "connections.max.reauth.ms", value: "1000"),
            (name: "listener.name.l.connections.max.reauth.ms", value: "2000"),
            (name: "listener.name.l.scram-sha-512.connections.max.reauth.ms", value: "3000"),
        ])
        let mine = try SaslListener.Settings(listener: "L", configs)
        #expect(mine.machine.sessionLifetimes == [.scramSHA256: 2000, .scramSHA512: 3000])
        #expect(try SaslListener.Settings(listener: "M", configs).machine.sessionLifetimes[.scramSHA256] == 1000)
        #expect(mine.mechanismNames == ["SCRAM-SHA-256", "SCRAM-SHA-512"])
    }
}
