import Metadata
import Model
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(20))) struct ProducerIDAllocatorTests {
    private static func code(_ allocator: ProducerIDAllocator) async -> BrokerError.Code? {
        do {
            _ = try await allocator.allocate()
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `IDs of a block are given in order, and a block is reserved once`() async throws {
        let store = MemoryMetadataStore()
        let allocator = ProducerIDAllocator(store: store)
        for expected in 0..<ProducerIDBlock.size {
            let id = try await allocator.allocate()
            #expect(id.rawValue == expected)
        }
        #expect(store.commitCount == 1)
        let next = try await allocator.allocate()
        #expect(next.rawValue == ProducerIDBlock.size)
        #expect(store.commitCount == 2)
    }

    @Test func `brokers on one store, and a restarted one, never give an ID twice`() async throws {
        let store = MemoryMetadataStore()
        let allocators = (0..<4).map { _ in ProducerIDAllocator(store: store) }
        let all = await withTaskGroup(of: Int64?.self, returning: [Int64].self) { group in
            for number in 0..<200 {
                let allocator = allocators[number % 4]
                group.addTask { try? await allocator.allocate().rawValue }
            }
            var ids: [Int64] = []
            for await id in group { if let id { ids.append(id) } }
            return ids
        }
        #expect(all.count == 200 && Set(all).count == 200)
    }

    @Test func `a reservation that another broker won is tried again, up to a bound`() async throws {
        let store = MemoryMetadataStore()
        let other = { @Sendable in
            guard let plan = try? ProducerIDBlock.plan(current: store.entry(MetadataKeys.nextProducerID)) else {
                return
            }
            store.write(MetadataTransaction(success: plan.transaction.success))
        }
        store.beforeNextCommit(other)
        let allocator = ProducerIDAllocator(store: store)
        let id = try await allocator.allocate()
        #expect(id.rawValue == ProducerIDBlock.size)
        for _ in 0..<16 { store.beforeNextCommit(other) }
        let unlucky = ProducerIDAllocator(store: store)
        let code = await Self.code(unlucky)
        #expect(code == .conflict)
    }

    @Test func `a store that fails, or holds a damaged number, gives no ID and is asked again`() async {
        let store = MemoryMetadataStore()
        let allocator = ProducerIDAllocator(store: store)
        store.failNextCommit(MetadataError(.unavailable, "no answer"))
        let unavailable = await Self.code(allocator)
        #expect(unavailable == .metadataUnavailable)
        let then = await Self.code(allocator)
        #expect(then == nil)
        store.write(MetadataTransaction(success: [.put(key: MetadataKeys.nextProducerID, value: [1, 2])]))
        let damaged = await Self.code(ProducerIDAllocator(store: store))
        #expect(damaged == .metadataUnavailable)
    }
}
