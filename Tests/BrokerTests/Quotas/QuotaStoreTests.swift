import Logging
import Metadata
import Model
import Quotas
import Testing

@testable import Broker

/// Quotas in the metadata: changed here, followed from there.
@Suite struct QuotaStoreTests {
    private static let alice = QuotaEntity.client(user: .named("alice"))
    private static let client = QuotaClient(user: "alice", clientID: "a")

    /// One broker of the cluster.
    private struct Node {
        let quotas = ClientQuotas(QuotaSensors.Settings(), now: { 0 })
        let store: QuotaStore

        init(_ metadata: MemoryMetadataStore) async throws {
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            self.store = QuotaStore(store: metadata, quotas: self.quotas, logger: logger)
            try await self.store.load()
        }

        var bound: Double? { self.quotas.quotas.limit(.producerByteRate, of: QuotaStoreTests.client)?.bound }

        func set(_ value: Double?, validateOnly: Bool = false) async throws {
            try await self.store.alter(
                QuotaStoreTests.alice,
                [("producer_byte_rate", value)],
                validateOnly: validateOnly
            )
        }
    }

    @Test func `a change holds at once and after a restart, and a trial run changes nothing`() async throws {
        let metadata = MemoryMetadataStore()
        let node = try await Node(metadata)
        #expect(!node.quotas.isLimitingRequests)
        try await node.set(5)
        #expect(node.bound == 5 && node.quotas.isLimitingRequests)
        try await node.set(9, validateOnly: true)
        #expect(node.bound == 5)
        #expect(try await Node(metadata).bound == 5)
        let commits = metadata.commitCount
        try await node.set(5)
        #expect(metadata.commitCount == commits, "nothing to change")
        try await node.set(nil)
        #expect(node.bound == nil && !node.quotas.isLimitingRequests)
        #expect(try await Node(metadata).store.describe(try QuotaFilter([], isStrict: false)).isEmpty)
    }

    @Test func `what cannot be set is refused and nothing of it kept`() async throws {
        let node = try await Node(MemoryMetadataStore())
        for changes: [(name: String, value: Double?)] in [
            [("producer_byte_rate", 0)], [("producer_byte_rate", 1), ("producer_byte_rate", 2)], [("nonsense", 1)],
            [("connection_creation_rate", 1)], [("producer_byte_rate", 1), ("request_percentage", -.infinity)],
        ] {
            await #expect(throws: BrokerError.self) {
                try await node.store.alter(Self.alice, changes, validateOnly: false)
            }
        }
        try await node.store.alter(Self.alice, [("nonsense", nil)], validateOnly: false)
        #expect(node.quotas.quotas.count == 0)
    }

    @Test func `a change that another one overtakes is made on top of it`() async throws {
        let metadata = MemoryMetadataStore()
        let node = try await Node(metadata)
        let key = MetadataKeys.item(space: "quotas", name: Self.alice.key)
        metadata.beforeNextCommit {
            let value = DynamicBrokerConfigs.encode(["consumer_byte_rate": "7.0"])
            metadata.write(MetadataTransaction(success: [.put(key: key, value: value)]))
        }
        try await node.set(5)
        #expect(try await Node(metadata).quotas.quotas[Self.alice] == [.producerByteRate: 5, .consumerByteRate: 7])
    }

    @Test func `other brokers follow, and no old change comes back`() async throws {
        let metadata = MemoryMetadataStore()
        let (here, there) = (try await Node(metadata), try await Node(metadata))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await here.store.follow() }
            tasks.addTask { await there.store.follow() }
            metadata.silenceWatches()
            try await here.set(1)
            try await here.set(2)
            try await here.set(nil)
            try await here.set(3)
            #expect(here.bound == 3 && there.bound == nil)
            metadata.resumeWatches()
            while there.bound != 3 {
                #expect(here.bound == 3, "an older revision does not replace a newer one")
                await Task.yield()
            }
            try await there.set(4)
            while here.bound != 4 { await Task.yield() }
            tasks.cancelAll()
        }
    }

    @Test func `what a watch has missed is loaded again`() async throws {
        let metadata = MemoryMetadataStore()
        let node = try await Node(metadata)
        try await Node(metadata).set(6)
        metadata.compact()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await node.store.follow() }
            while node.bound != 6 { await Task.yield() }
            tasks.cancelAll()
        }
    }

    @Test func `what a later version wrote is left alone`() async throws {
        let metadata = MemoryMetadataStore()
        func write(_ name: String, _ value: [UInt8]) {
            let key = MetadataKeys.item(space: "quotas", name: name)
            metadata.write(MetadataTransaction(success: [.put(key: key, value: value)]))
        }
        write("z9:something", [9, 9])
        write(Self.alice.key, [200])
        write("u3:bob", DynamicBrokerConfigs.encode(["future": "1", "producer_byte_rate": "8.0"]))
        let node = try await Node(metadata)
        #expect(node.quotas.quotas.all == [.client(user: .named("bob")): [.producerByteRate: 8]])
    }
}
