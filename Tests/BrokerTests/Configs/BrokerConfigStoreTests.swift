import Logging
import Metadata
import Model
import Synchronization
import Testing

@testable import Broker

@Suite struct BrokerConfigStoreTests {
    private func store(_ metadata: MemoryMetadataStore) async throws -> BrokerConfigStore {
        let start = try BrokerConfigs(parsing: [(name: "num.partitions", value: "2")])
        let store = BrokerConfigStore(store: metadata, start: start, brokerID: BrokerID(0))
        try await store.load()
        return store
    }

    @Test func `a change holds at once and after a restart`() async throws {
        let metadata = MemoryMetadataStore()
        let store = try await self.store(metadata)
        let seen = Mutex<[Int]>([])
        store.observe { configs in seen.withLock { $0.append(configs.int("num.partitions")) } }
        try await store.alter(.everyBroker, validateOnly: false) { _ in ["num.partitions": "3"] }
        #expect(store.current.int("num.partitions") == 3)
        try await store.alter(.thisBroker, validateOnly: false) { _ in ["num.partitions": "4"] }
        #expect(try await self.store(metadata).current.int("num.partitions") == 4)
        try await store.alter(.thisBroker, validateOnly: false) { configs in
            #expect(configs == ["num.partitions": "4"])
            return [:]
        }
        try await store.alter(.everyBroker, validateOnly: false) { _ in [:] }
        #expect(try await self.store(metadata).current.int("num.partitions") == 2)
        #expect(seen.withLock { $0 } == [3, 4, 3, 2])
    }

    @Test func `a trial run and a refused change leave everything as it is`() async throws {
        let store = try await self.store(MemoryMetadataStore())
        try await store.alter(.thisBroker, validateOnly: true) { _ in ["num.partitions": "9"] }
        for (name, value) in [("num.partitions", "0"), ("node.id", "1"), ("nonsense", "1")] {
            await #expect(throws: BrokerError.self) {
                try await store.alter(.thisBroker, validateOnly: false) { _ in [name: value] }
            }
        }
        #expect(store.current.int("num.partitions") == 2)
    }
}

@Suite struct LoggerLevelsTests {
    @Test func `loggers follow the root unless they have a level of their own`() {
        let levels = LoggerLevels(root: .info, names: ["a", "b"])
        #expect(levels.set("a", to: "DEBUG") && levels.set("ROOT", to: "ERROR"))
        #expect(levels.level(of: "a").current == .debug && levels.level(of: "b").current == .error)
        #expect(levels.all.map { "\($0.name)=\($0.level)" } == ["ROOT=ERROR", "a=DEBUG", "b=ERROR"])
        #expect(levels.set("a", to: nil) && levels.level(of: "a").current == .error)
        #expect(!levels.set("ROOT", to: nil) && !levels.set("c", to: "INFO") && !levels.set("a", to: "LOUD"))
        #expect(levels.level(of: "a").current == .error)
    }
}
