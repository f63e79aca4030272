import Logging
import Metadata
import Model
import Testing

@testable import Authentication
@testable import Broker

/// A client counts as another broker of the cluster when it has its secret, at the listener that is for brokers.
@Suite struct BrokerLoginTests {
    private static let login = BrokerLogin(secret: Array(repeating: 7, count: BrokerLogin.secretBytes))

    private func service() async throws -> AuthenticationService {
        let credentials = CredentialStore(store: MemoryMetadataStore())
        try await credentials.load()
        let configs = BrokerConfigs()
        return AuthenticationService(
            credentials: credentials,
            decoySecret: [1, 2, 3],
            environment: BrokerEnvironment(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { 1000 },
                monotonicMilliseconds: { 0 },
                random: { (1, 2) }
            ),
            configs: { configs }
        )
    }

    private func listener(_ login: BrokerLogin?) throws -> SaslListener {
        let configs = try BrokerConfigs(parsing: [(name: "sasl.enabled.mechanisms", value: "SCRAM-SHA-256,PLAIN")])
        return SaslListener(name: "L", settings: try .init(listener: "L", configs), bearers: nil, brokerLogin: login)
    }

    @Test func `the secret is known at the brokers' listener, and nowhere else`() async throws {
        let service = try await self.service()
        let (brokers, clients) = (try self.listener(Self.login), try self.listener(nil))
        let found = service.lookUp(user: BrokerLogin.user, .sha256, isToken: false, listener: brokers)
        #expect(found.account?.user == BrokerLogin.user)
        #expect(found.credential.isOf(Array(Self.login.password.utf8), hash: .sha256))
        #expect(service.lookUp(user: BrokerLogin.user, .sha256, isToken: false, listener: clients).account == nil)
        #expect(service.lookUp(user: BrokerLogin.user, .sha512, isToken: false, listener: brokers).account == nil)
        #expect(service.lookUp(user: BrokerLogin.user, .sha256, isToken: true, listener: brokers).account == nil)
    }

    @Test func `every broker makes the same credential of the secret, and another one of another`() {
        let same = BrokerLogin(secret: Array(repeating: 7, count: BrokerLogin.secretBytes))
        let other = BrokerLogin(secret: Array(repeating: 8, count: BrokerLogin.secretBytes))
        #expect(same.credential == Self.login.credential && same.password == Self.login.password)
        #expect(!other.credential.isOf(Array(Self.login.password.utf8), hash: .sha256))
    }

    @Test func `a user who has the name does not count as a broker`() async throws {
        let service = try await self.service()
        try await service.credentials.alterUser(BrokerLogin.user) { (user: inout StoredUser) in
            user.credentials[.sha256] = ScramCredential(
                hash: .sha256,
                password: Array("mine".utf8),
                salt: [1],
                iterations: 4096
            )
        }
        let (brokers, clients) = (try self.listener(Self.login), try self.listener(nil))
        let found = service.lookUp(user: BrokerLogin.user, .sha256, isToken: false, listener: brokers)
        #expect(!found.credential.isOf(Array("mine".utf8), hash: .sha256))
        func login(
            _ mechanism: SaslMechanism,
            isByToken: Bool = false,
            user: String = BrokerLogin.user
        ) -> SaslMachine.Login {
            SaslMachine.Login(user: user, mechanism: mechanism, isByToken: isByToken, endsAt: nil)
        }
        #expect(brokers.isBroker(login(.scramSHA256)))
        #expect(!clients.isBroker(login(.scramSHA256)))
        #expect(!brokers.isBroker(login(.plain)))
        #expect(!brokers.isBroker(login(.scramSHA512)))
        #expect(!brokers.isBroker(login(.oauthBearer)))
        #expect(!brokers.isBroker(login(.scramSHA256, isByToken: true)))
        #expect(!brokers.isBroker(login(.scramSHA256, user: "alice")))
    }
}
