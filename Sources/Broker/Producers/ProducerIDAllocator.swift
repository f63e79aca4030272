internal import Metadata
package import Model

/// Hands out producer IDs (KIP-98) from blocks reserved in the metadata store, so that an ID is never given twice,
/// even by two brokers or after a crash. What is left of a block at a stop is skipped.
package actor ProducerIDAllocator {
    private static let attemptsMax = 16

    private let store: any MetadataStore
    private var next: Int64 = 0
    private var end: Int64 = 0

    init(store: any MetadataStore) { self.store = store }

    package func allocate() async throws(BrokerError) -> ProducerID {
        if self.next >= self.end {
            let block = try await self.reserveBlock()
            // Callers that came meanwhile may have reserved too. Each block is this broker's own; the IDs of the one
            // that is put aside are skipped.
            if self.next >= self.end {
                self.next = block.first.rawValue
                self.end = block.first.rawValue + block.count
            }
        }
        defer { self.next += 1 }
        return ProducerID(self.next)
    }

    private func reserveBlock() async throws(BrokerError) -> ProducerIDBlock {
        do throws(MetadataError) {
            for _ in 0..<Self.attemptsMax {
                let current = try await self.store.get(MetadataKeys.nextProducerID).entry
                let plan = try ProducerIDBlock.plan(current: current)
                if try await self.store.commit(plan.transaction).succeeded { return plan.block }
            }
        } catch {
            throw BrokerError(error)
        }
        throw BrokerError(.conflict, "Other brokers kept reserving producer IDs first; try again.")
    }
}
