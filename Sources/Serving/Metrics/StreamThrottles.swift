package import Model
internal import Synchronization

/// How often streams were refused records or reads because of their throughput limits. Only what is refused counts, so
/// a lock costs nothing that matters.
package final class StreamThrottles: Sendable {
    package struct Counts: Equatable, Sendable {
        /// Records of puts.
        package var writes: UInt64 = 0
        /// Calls of GetRecords.
        package var reads: UInt64 = 0
    }

    private let streams = Mutex<[TopicID: Counts]>([:])

    package init() {}

    package func refusedWrites(_ count: Int, of stream: TopicID) {
        guard count > 0 else { return }
        self.streams.withLock { $0[stream, default: Counts()].writes += UInt64(count) }
    }

    package func refusedRead(of stream: TopicID) {
        self.streams.withLock { $0[stream, default: Counts()].reads += 1 }
    }

    /// By stream.
    ///
    /// - Parameter exists: streams for which it is false are forgotten.
    package func current(_ exists: (TopicID) -> Bool) -> [TopicID: Counts] {
        self.streams.withLock { streams in
            streams = streams.filter { exists($0.key) }
            return streams
        }
    }
}
