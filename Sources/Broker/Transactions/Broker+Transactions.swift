internal import Metadata
internal import NIOCore
internal import TransactionCoordinator

extension Broker {
    /// Answers whether a partition that the table of topics does not have is gone, by the metadata itself: a broker
    /// that has come to coordinate a transaction may hear of the transaction's topics later.
    ///
    /// - Parameter store: `nil` where the table is all there is.
    static func isGone(
        _ store: (any MetadataStore)?,
        _ tasks: BackgroundTasks
    ) -> @Sendable (TransactionPartition, any EventLoop, @escaping @Sendable (Bool) -> Void) -> Void {
        guard let store else {
            return { _, eventLoop, completion in
                if eventLoop.inEventLoop { completion(true) } else { eventLoop.execute { completion(true) } }
            }
        }
        return { place, eventLoop, completion in
            let isStarted = tasks.start {
                let isGone: Bool
                do throws(MetadataError) {
                    let entry = try await store.get(MetadataKeys.topic(name: place.topic)).entry
                    let count = try entry.map { entry throws(MetadataError) in try Topic.decode(entry).partitions.count
                    }
                    isGone = Int(place.partition) >= count ?? 0
                } catch {
                    isGone = false
                }
                eventLoop.execute { completion(isGone) }
            }
            if !isStarted { eventLoop.execute { completion(false) } }
        }
    }
}
