package import Model
internal import Synchronization

/// Who reads a stream without leaving an offset in a group.
package enum ReaderKind: String, Sendable, CaseIterable {
    /// Calls of GetRecords, by access key and user agent.
    case getRecords = "getrecords"
    /// A consumer with enhanced fan-out.
    case fanOut = "efo"
    /// A KCL application, by its leases.
    case kcl
}

/// Where readers of streams stand that leave no offset behind: callers of GetRecords and consumers with enhanced
/// fan-out (decision 0069).
///
/// Bounded: `readersMax` readers, of which those that were silent for longest make room, and the shards of each. What
/// was silent for `idleMillisecondsMax` is forgotten.
package final class ShardReaders: Sendable {
    package static let readersMax = 1_000
    /// Shards of one reader; further ones are not followed.
    package static let shardsMax = 10_000
    /// Silent for longer than this, a reader is one no more.
    package static let idleMillisecondsMax: Int64 = 15 * 60_000

    package struct Key: Hashable, Sendable {
        package var stream: TopicID
        package var name: String
        package var kind: ReaderKind

        package init(stream: TopicID, name: String, kind: ReaderKind) {
            self.stream = stream
            self.name = name
            self.kind = kind
        }
    }

    /// Where a reader stands in one shard.
    struct Place: Sendable {
        var partition: Int32
        /// The next offset that it will read.
        var next: Offset
        /// Milliseconds since the epoch.
        var seen: Timestamp
    }

    /// One reader of one stream. A connection keeps the one that it last was: telling where it stands costs a lock that
    /// no other stream's readers take.
    package final class Reader: Sendable {
        package let key: Key
        private let places = Mutex<[Int32: Place]>([:])

        fileprivate init(_ key: Key) { self.key = key }

        /// The reader was answered.
        ///
        /// - Parameters:
        ///   - shard: its ordinal.
        ///   - next: the next offset that it will read.
        package func read(shard: Int32, partition: Int32, next: Offset, now: Timestamp) {
            self.places.withLock { places in
                guard places.count < ShardReaders.shardsMax || places[shard] != nil else { return }
                places[shard] = Place(partition: partition, next: next, seen: now)
            }
        }

        /// What was not read for long is forgotten.
        fileprivate func current(now: Timestamp) -> [(shard: Int32, place: Place)] {
            self.places.withLock { places in
                let stale = places.filter { now - $0.value.seen > ShardReaders.idleMillisecondsMax }
                for shard in stale.keys { places[shard] = nil }
                return places.map { ($0.key, $0.value) }.sorted { $0.shard < $1.shard }
            }
        }

        fileprivate var lastSeen: Timestamp { self.places.withLock { $0.values.map(\.seen).max() ?? .min } }
    }

    private let readers = Mutex<[Key: Reader]>([:])

    package init() {}

    /// The reader of this name, made when it is new.
    package func reader(_ key: Key) -> Reader {
        self.readers.withLock { readers in
            if let known = readers[key] { return known }
            if readers.count >= Self.readersMax { Self.makeRoom(&readers) }
            let reader = Reader(key)
            readers[key] = reader
            return reader
        }
    }

    /// A quarter goes at once, so that many new names cost little each.
    private static func makeRoom(_ readers: inout [Key: Reader]) {
        let byAge = readers.values.map { ($0, $0.lastSeen) }.sorted { $0.1 < $1.1 }
        for (reader, _) in byAge.prefix(Self.readersMax / 4) { readers[reader.key] = nil }
    }

    /// Every reader that was answered lately, and where it stands.
    func current(now: Timestamp) -> [(key: Key, places: [(shard: Int32, place: Place)])] {
        let readers = self.readers.withLock { Array($0.values) }
        let current = readers.map { ($0.key, $0.current(now: now)) }
        let gone = current.filter { $0.1.isEmpty }.map(\.0)
        // One that is made meanwhile, or answered, is there with its next answer at the latest.
        if !gone.isEmpty { self.readers.withLock { readers in for key in gone { readers[key] = nil } } }
        return current.filter { !$0.1.isEmpty }
    }
}
