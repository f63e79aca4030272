internal import LogCore
internal import Synchronization

/// The searches of one request, worked off a few at a time by one reader after the other.
///
/// A request may name thousands of partitions, and each costs some reads of indexes: done in one go they would keep all
/// other reads waiting.
final class OffsetSearches: Sendable {
    /// About a millisecond's work where the indexes are in the page cache.
    static let perTurn = 16

    private let searches: [OffsetSearch]
    private let completion: @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    /// One thread at a time: the lock only hands them from thread to thread.
    private let found = Mutex<[Result<TimestampedOffset?, LogError>]>([])

    init(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) {
        self.searches = searches
        self.completion = completion
    }

    /// Carries out the next few. Blocking.
    ///
    /// - Returns: whether all are done; `completion` has been called then.
    func doTurn() -> Bool {
        let first = self.found.withLock { $0.count }
        let turn = self.searches[first..<min(first + Self.perTurn, self.searches.count)].map(Self.result)
        let all = self.found.withLock { found in
            found.append(contentsOf: turn)
            return found.count == self.searches.count ? found : nil
        }
        guard let all else { return false }
        self.completion(all)
        return true
    }

    /// Answers all of them with an error; none has begun.
    func refuse(_ error: LogError) {
        self.completion(self.searches.map { _ in .failure(error) })
    }

    private static func result(of search: OffsetSearch) -> Result<TimestampedOffset?, LogError> {
        Result { () throws(LogError) in
            guard let log = search.log as? FilePartitionLog else {
                throw LogError(.storage, "the log belongs to another engine")
            }
            return try log.findOffset(search.query, isolation: search.isolation)
        }
    }
}
