import AccessControl
import Authentication
import Broker
import Metadata
import Model
import Quotas
import Secrets
import Testing

/// What is set at one broker of a cluster is in force at all of them.
@Suite(.timeLimit(.minutes(20))) struct SharedSettingsTests {
    /// Runs two brokers while the body runs.
    private func withTwoBrokers(
        _ properties: [(name: String, value: String)] = [],
        _ body: @escaping @Sendable (_ here: Broker, _ there: Broker) async throws -> Void
    ) async throws {
        let cluster = try TestCluster()
        let members = [try await cluster.join(1, properties), try await cluster.join(2, properties)]
        try await cluster.run(members) { try await body(members[0].broker, members[1].broker) }
    }

    @Test func `properties of all brokers, and of one`() async throws {
        try await self.withTwoBrokers { here, there in
            try await here.configStore.alter(.thisBroker, validateOnly: false) { _ in ["num.partitions": "9"] }
            try await here.configStore.alter(.everyBroker, validateOnly: false) { _ in ["num.partitions": "7"] }
            try await TestCluster.until { there.configs.int("num.partitions") == 7 }
            #expect(here.configs.int("num.partitions") == 9)
        }
    }

    @Test func `settings of groups`() async throws {
        try await self.withTwoBrokers { here, there in
            let setting = ["consumer.session.timeout.ms": "50000"]
            try await here.groupConfigs.alter("g", validateOnly: false) { _ in setting }
            try await TestCluster.until { there.groupConfigs.configs(of: "g").texts == setting }
        }
    }

    @Test func `subscriptions to metrics of clients`() async throws {
        try await self.withTwoBrokers { here, there in
            try await here.clientMetrics.alter("s", validateOnly: false) { _ in ["metrics": "*"] }
            try await TestCluster.until { there.clientMetrics.names == ["s"] }
            try await there.clientMetrics.alter("s", validateOnly: false) { _ in [:] }
            try await TestCluster.until { here.clientMetrics.names.isEmpty }
        }
    }

    @Test func `quotas`() async throws {
        try await self.withTwoBrokers { here, there in
            let entity = QuotaEntity.client(user: .named("alice"))
            try await here.quotaStore.alter(entity, [("producer_byte_rate", 5)], validateOnly: false)
            try await TestCluster.until { there.quotas.quotas[entity] == [.producerByteRate: 5] }
        }
    }

    @Test func `ACLs`() async throws {
        try await self.withTwoBrokers([("authorizer.class.name", "true")]) { here, there in
            let acl = ACL(.allow, .read, on: .topic, "t", to: Principal(name: "alice"))
            try await here.authorizer.add([acl])
            try await TestCluster.until { there.authorizer.aclCount == 1 }
        }
    }

    @Test func `users and delegation tokens`() async throws {
        try await self.withTwoBrokers([("delegation.token.secret.key", "key")]) { here, there in
            let alice = Principal(name: "alice")
            let (token, _) = try await here.authentication.createToken(
                owner: alice,
                requester: alice,
                renewers: [],
                lifetime: -1
            )
            try await TestCluster.until { there.authentication.credentials.token(id: token.id) != nil }
            try await here.authentication.credentials.alterUser("bob") { (user: inout StoredUser) in
                user.credentials = [
                    .sha256: ScramCredential(hash: .sha256, password: [1], salt: [1, 2, 3], iterations: 4096)
                ]
            }
            try await TestCluster.until { there.authentication.credentials.userNames == ["bob"] }
        }
    }

    @Test func `roles and tokens of the admin port`() async throws {
        let cluster = try TestCluster()
        let stores = [1, 2].map { _ in AdminAccessStore(in: cluster.store, now: { 1_700_000_000_000 }) }
        for store in stores { try await store.load() }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await stores[1].followRoles() }
            tasks.addTask { try await stores[1].followTokens() }
            try await stores[0].setRole(.viewer, of: "alice")
            let (token, text) = try await stores[0].createToken(user: "alice", lifeMilliseconds: 60_000)
            try await TestCluster.until { stores[1].role(of: "alice") == .viewer && stores[1].hasToken(id: token.id) }
            let owner = text.withBytes { stores[1].owner(ofToken: String(decoding: $0, as: UTF8.self)) }
            #expect(owner?.user == "alice")
            try await stores[0].deleteToken(token.id)
            try await TestCluster.until { !stores[1].hasToken(id: token.id) }
            tasks.cancelAll()
        }
    }
}
