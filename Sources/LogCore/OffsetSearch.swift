/// One question of `LogEngine.findOffsets`.
package struct OffsetSearch: Sendable {
    package var log: any PartitionLog
    package var query: TimestampQuery
    /// Records beyond this level's read limit are not found. The limit is looked at when the search begins: what is
    /// appended before that is found.
    package var isolation: IsolationLevel

    package init(in log: any PartitionLog, for query: TimestampQuery, isolation: IsolationLevel) {
        self.log = log
        self.query = query
        self.isolation = isolation
    }
}

extension LogEngine {
    /// `findOffsets` for one, among all that is durable.
    package func findOffset(
        in log: any PartitionLog,
        for query: TimestampQuery,
        isolation: IsolationLevel = .readUncommitted,
        completion: @escaping @Sendable (Result<TimestampedOffset?, LogError>) -> Void
    ) {
        self.findOffsets([OffsetSearch(in: log, for: query, isolation: isolation)]) { found in
            completion(found.first ?? .failure(LogError(.storage, "the search was not answered")))
        }
    }
}
