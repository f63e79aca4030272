/// The changes of a range of keys from a revision on, in revision order.
///
/// Pulls: nothing is buffered on behalf of a reader that does not ask. A reader that falls behind what the store
/// keeps gets `MetadataError.compacted` and must read the range again. Iteration ends (without an error) when the
/// task is cancelled. Each iterator has its own position and starts at `from`.
package struct MetadataWatch: AsyncSequence, Sendable {
    package typealias Element = MetadataWatchBatch

    /// Delivers the next batch whose revisions are all at least `from`; `nil` on cancellation.
    package typealias Next =
        @Sendable (_ from: MetadataRevision) async throws(MetadataError) -> MetadataWatchBatch?

    private let from: MetadataRevision
    private let next: Next

    /// For stores.
    package init(from: MetadataRevision, next: @escaping Next) {
        self.from = from
        self.next = next
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(from: self.from, next: self.next) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var from: MetadataRevision
        fileprivate let next: Next

        package mutating func next() async throws(MetadataError) -> MetadataWatchBatch? {
            guard let batch = try await self.next(self.from) else { return nil }
            self.from = batch.revision + 1
            return batch
        }
    }
}
