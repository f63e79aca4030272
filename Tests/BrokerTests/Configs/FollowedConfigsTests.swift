import Metadata
import Model
import Synchronization
import Testing

@testable import Broker

/// Settings that one broker of a cluster changes and the others follow.
@Suite(.timeLimit(.minutes(20))) struct FollowedConfigsTests {
    /// What a store of settings does, whichever it is.
    private struct Node: Sendable {
        var value: @Sendable () -> Int?
        /// `nil` takes the setting away.
        var set: @Sendable (Int?) async throws -> Void
        var follow: @Sendable () async throws -> Void
    }

    private enum Kind: CaseIterable {
        case brokers
        case groups
        case clientMetrics

        func open(_ metadata: MemoryMetadataStore, id: Int32) async throws -> Node {
            switch self {
            case .brokers:
                let store = BrokerConfigStore(
                    store: metadata,
                    start: try BrokerConfigs(parsing: [(name: "num.partitions", value: "1")]),
                    brokerID: BrokerID(id)
                )
                try await store.load()
                return Node(
                    value: { [store.current.int("num.partitions")].first { $0 != 1 } },
                    set: { value in
                        try await store.alter(.everyBroker, validateOnly: false) { _ in
                            value.map { ["num.partitions": "\($0)"] } ?? [:]
                        }
                    },
                    follow: { try await store.follow() }
                )
            case .groups:
                let store = GroupConfigStore(store: metadata, broker: BrokerConfigs())
                try await store.load()
                let name = "consumer.session.timeout.ms"
                return Node(
                    value: { store.configs(of: "g").texts[name].flatMap { Int($0) }.map { $0 - 45_000 } },
                    set: { value in
                        try await store.alter("g", validateOnly: false) { _ in
                            value.map { [name: "\($0 + 45_000)"] } ?? [:]
                        }
                    },
                    follow: { try await store.follow() }
                )
            case .clientMetrics:
                let store = ClientMetricsStore(store: metadata)
                try await store.load()
                return Node(
                    value: {
                        (try? store.configs(of: "s"))?.texts["interval.ms"].flatMap { Int($0) }.map { $0 - 1_000 }
                    },
                    set: { value in
                        try await store.alter("s", validateOnly: false) { _ in
                            value.map { ["interval.ms": "\($0 + 1_000)", "metrics": "*"] } ?? [:]
                        }
                    },
                    follow: { try await store.follow() }
                )
            }
        }
    }

    @Test(arguments: Kind.allCases)
    private func `a change holds on the others, and no old change comes back`(_ kind: Kind) async throws {
        let metadata = MemoryMetadataStore()
        let (here, there) = (try await kind.open(metadata, id: 1), try await kind.open(metadata, id: 2))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await here.follow() }
            tasks.addTask { try await there.follow() }
            metadata.silenceWatches()
            for value in [2, 3, nil, 4] { try await here.set(value) }
            #expect(here.value() == 4 && there.value() == nil)
            metadata.resumeWatches()
            while there.value() != 4 {
                #expect(here.value() == 4, "an older revision does not replace a newer one")
                await Task.yield()
            }
            try await there.set(nil)
            while here.value() != nil { await Task.yield() }
            tasks.cancelAll()
        }
    }

    @Test(arguments: Kind.allCases)
    private func `what a watch has missed is read again`(_ kind: Kind) async throws {
        let metadata = MemoryMetadataStore()
        let (here, there) = (try await kind.open(metadata, id: 1), try await kind.open(metadata, id: 2))
        try await there.set(6)
        metadata.compact()
        await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await here.follow() }
            while here.value() != 6 { await Task.yield() }
            tasks.cancelAll()
        }
    }

    @Test func `properties of one broker are that broker's`() async throws {
        let metadata = MemoryMetadataStore()
        let stores = [1, 2].map { BrokerConfigStore(store: metadata, start: BrokerConfigs(), brokerID: BrokerID($0)) }
        for store in stores { try await store.load() }
        let seen = Mutex<[Int]>([])
        stores[1].observe { configs in seen.withLock { $0.append(configs.int("num.partitions")) } }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await stores[1].follow() }
            try await stores[0].alter(.thisBroker, validateOnly: false) { _ in ["num.partitions": "5"] }
            try await stores[0].alter(.everyBroker, validateOnly: false) { _ in ["num.partitions": "7"] }
            while stores[1].current.int("num.partitions") != 7 { await Task.yield() }
            while seen.withLock({ $0.isEmpty }) { await Task.yield() }
            #expect(stores[0].current.int("num.partitions") == 5)
            #expect(seen.withLock { $0 } == [7])
            // Its own, written by another process: by a broker of the same number in its earlier life.
            let key = MetadataKeys.item(space: "brokers", name: "2")
            let value = DynamicBrokerConfigs.encode(["num.partitions": "9"])
            metadata.write(MetadataTransaction(success: [.put(key: key, value: value)]))
            while stores[1].current.int("num.partitions") != 9 { await Task.yield() }
            tasks.cancelAll()
        }
    }
}
