internal import CoordinatorRuntime
internal import GroupCoordinator
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

/// Measures how far the groups of this broker are behind: classic and consumer groups, and KCL applications by their
/// leases (decision 0062); and so the readers of streams that leave no offset behind (decision 0069).
///
/// Lag in records needs the committed offsets and the ends of the logs, which are in memory, and the records between
/// them where not every offset is a record (`LagMonitor+Counting`). Lag in seconds needs the timestamp of the first
/// record that is not read: it is read once for each offset that a group commits while it is behind.
final class LagMonitor: Sendable {
    /// How often it measures.
    static let interval = Duration.seconds(10)
    /// Partitions of groups that are measured; further ones are counted only.
    static let partitionsMax = 50_000
    /// Batches that one round looks up; what is left has its seconds from the next round on.
    static let lookupsMax = 256

    /// Whose position it is.
    enum Owner: Hashable {
        case group(String)
        /// A shard's ordinal.
        case reader(ShardReaders.Key, shard: Int32)
    }

    fileprivate struct Place: Hashable {
        var owner: Owner
        var topic: TopicID
        var partition: Int32
    }

    /// What is remembered of a group's partition from one round to the next.
    private struct Memory {
        var window = LagWindow()
        /// Of the first record at or after `start`.
        var since: (start: Offset, timestamp: Timestamp)?
    }

    fileprivate struct Position {
        var owner: Owner
        var hasMembers: Bool
        var topic: String
        var partition: Int32
        var committed: Offset
        /// Of a shard that is closed: nothing after it is the reader's.
        var endMax: Offset = .max
        /// When a reader was last answered.
        var seen: Timestamp?
        /// Of a KCL application, which is a group and a reader.
        var isApplication = false
    }

    struct Measured {
        fileprivate var place: Place
        fileprivate var position: Position
        var log: any PartitionLog
        /// What is not read: from the first of these offsets to the end of what can be read.
        var unread: Range<Offset>
        var records: Int64
        var partition: TopicPartition { self.log.partition }
        /// Compaction leaves gaps in the topic.
        var isCompacted: Bool
    }

    private let topics: TopicRegistry
    private let groups: GroupService
    private let applications: LeaseTableService
    let readers: ShardReaders
    let engine: any LogEngine
    private let now: @Sendable () -> Timestamp
    private let eventLoop: any EventLoop
    private let snapshot = Mutex(LagSnapshot())

    init(
        topics: TopicRegistry,
        groups: GroupService,
        applications: LeaseTableService,
        readers: ShardReaders,
        engine: any LogEngine,
        now: @escaping @Sendable () -> Timestamp,
        eventLoop: any EventLoop
    ) {
        self.topics = topics
        self.groups = groups
        self.applications = applications
        self.readers = readers
        self.engine = engine
        self.now = now
        self.eventLoop = eventLoop
    }

    /// As it was last measured.
    var current: LagSnapshot { self.snapshot.withLock { $0 } }

    /// Measures until the task is cancelled.
    func run() async {
        var memory: [Place: Memory] = [:]
        var counts: [TopicPartition: VisibleRecords] = [:]
        while !Task.isCancelled {
            await self.measure(&memory, &counts)
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    private func measure(
        _ memory: inout [Place: Memory],
        _ counts: inout [TopicPartition: VisibleRecords]
    ) async {
        let asked = await self.groupAnswers()
        var positions = asked.positions
        positions += await self.applicationPositions()
        positions += self.readerPositions()
        let omitted = max(0, positions.count - Self.partitionsMax)
        if omitted > 0 { positions.removeLast(omitted) }
        var measured = positions.compactMap { self.measured($0) }
        await self.count(&measured, &counts)
        var next: [Place: Memory] = [:]
        var lookups: [Measured] = []
        for one in measured {
            var known = memory[one.place] ?? Memory()
            known.window.measured(
                committed: one.position.committed,
                records: one.records,
                hasMembers: one.position.hasMembers
            )
            if known.since?.start != one.unread.lowerBound {
                known.since = nil
                if one.records > 0, lookups.count < Self.lookupsMax { lookups.append(one) }
            }
            next[one.place] = known
        }
        for (one, timestamp) in zip(lookups, await self.timestamps(lookups)) {
            if let timestamp { next[one.place]?.since = (one.unread.lowerBound, timestamp) }
        }
        memory = next
        self.publish(measured, memory, asked, omitted: omitted)
    }

    private func publish(
        _ measured: [Measured],
        _ memory: [Place: Memory],
        _ asked: GroupAnswers,
        omitted: Int
    ) {
        let now = self.now()
        var groups: [GroupLag] = []
        var readers: [ReaderLag] = []
        for one in measured {
            let known = memory[one.place] ?? Memory()
            let age = known.since.map { Double(max(0, now - $0.timestamp)) / 1000 }
            let seconds = one.records == 0 ? 0 : age
            if case .group(let groupID) = one.position.owner {
                if groups.last?.groupID != groupID {
                    groups.append(GroupLag(groupID: groupID, hasMembers: one.position.hasMembers, partitions: []))
                }
                groups[groups.count - 1].partitions.append(
                    PartitionLag(
                        topic: one.position.topic,
                        partition: one.position.partition,
                        committed: one.position.committed,
                        records: one.records,
                        seconds: seconds,
                        status: known.window.status
                    )
                )
            }
            self.addReader(one, seconds: seconds, now: now, to: &readers)
        }
        groups.sort { $0.groupID < $1.groupID }
        readers.sort { ($0.stream, $0.reader, $0.kind.rawValue) < ($1.stream, $1.reader, $1.kind.rawValue) }
        var snapshot = LagSnapshot(groups: groups, readers: readers, omitted: omitted)
        snapshot.members = asked.members.sorted { ($1.count, $0.groupID) < ($0.count, $1.groupID) }
        snapshot.counts = asked.counts
        let published = snapshot
        self.snapshot.withLock { $0 = published }
    }

    private func addReader(_ one: Measured, seconds: Double?, now: Timestamp, to readers: inout [ReaderLag]) {
        let (name, kind, shard): (String, ReaderKind, Int32)
        switch one.position.owner {
        case .group(let groupID):
            guard one.position.isApplication else { return }
            // Its leases come by partition.
            (name, kind, shard) = (groupID, .kcl, one.position.partition)
        case .reader(let key, let ordinal):
            // A closed shard that was read to its end has nothing more.
            guard one.unread.lowerBound < one.position.endMax else { return }
            (name, kind, shard) = (key.name, key.kind, ordinal)
        }
        if readers.last?.reader != name || readers.last?.stream != one.position.topic || readers.last?.kind != kind {
            readers.append(ReaderLag(stream: one.position.topic, reader: name, kind: kind, shards: []))
        }
        readers[readers.count - 1].shards.append(
            ShardLag(
                shard: shard,
                partition: one.position.partition,
                nextOffset: one.position.committed,
                records: one.records,
                seconds: seconds,
                idleSeconds: one.position.seen.map { Double(max(0, now - $0)) / 1000 }
            )
        )
    }

    private func measured(_ position: Position) -> Measured? {
        guard let topic = self.topics.topic(named: position.topic),
            case .here(let hosted)? = topic.placement(position.partition)
        else { return nil }
        let offsets = hosted.log.offsets
        // Records that retention took are lost to the group, and not what it has to read.
        let start = max(position.committed, offsets.logStart)
        let end = max(start, min(offsets.lastStable, position.endMax))
        return Measured(
            place: Place(owner: position.owner, topic: topic.id, partition: position.partition),
            position: position,
            log: hosted.log,
            unread: start..<end,
            records: end - start,
            isCompacted: hosted.isCompacted
        )
    }

    // MARK: Positions

    /// What the coordinators say in one round.
    private struct GroupAnswers {
        var positions: [Position] = []
        var members: [GroupMembers] = []
        var counts = GroupCounts()
    }

    private func groupAnswers() async -> GroupAnswers {
        typealias Answer = (groups: [(listing: GroupListing, offsets: OffsetAnswer)], counts: GroupCounts)
        let answers: [Answer] = await withCheckedContinuation { continuation in
            self.groups.readEvery(on: self.eventLoop) { machine in
                let groups = machine.listing(states: [], types: []).map { listing in
                    (listing, machine.offsetsRequested(OffsetQuery(groupID: listing.groupID, topics: nil)))
                }
                return (groups, machine.counts)
            } completion: { results in
                // Groups of a partition that cannot be loaded are missing, and those of all others are not.
                continuation.resume(returning: results.compactMap { try? $0.get() })
            }
        }
        var all = GroupAnswers()
        for answer in answers {
            all.counts += answer.counts
            all.members += answer.groups.map {
                GroupMembers(groupID: $0.listing.groupID.rawValue, count: $0.listing.memberCount)
            }
            all.positions += Self.positions(answer.groups)
        }
        return all
    }

    private static func positions(_ groups: [(listing: GroupListing, offsets: OffsetAnswer)]) -> [Position] {
        groups.flatMap { listing, offsets in
            offsets.topics.flatMap { topic in
                topic.partitions.filter { $0.offset >= 0 }.map { partition in
                    Position(
                        owner: .group(listing.groupID.rawValue),
                        hasMembers: listing.state != .empty && listing.state != .dead,
                        topic: topic.name,
                        partition: partition.index,
                        committed: partition.offset
                    )
                }
            }
        }
    }

    private func applicationPositions() async -> [Position] {
        // Asking would create the topic.
        guard self.topics.topic(named: TopicName.leaseTables) != nil else { return [] }
        let listings = await withCheckedContinuation { continuation in
            self.applications.applications(on: self.eventLoop) { continuation.resume(returning: $0) }
        }
        let table = self.topics.current
        let applications = await withCheckedContinuation { continuation in
            self.applications.applications(listings.map(\.groupID), reading: table, on: self.eventLoop) {
                continuation.resume(returning: $0)
            }
        }
        return zip(listings, applications).flatMap { listing, application in
            (application?.progress ?? []).compactMap { progress in
                progress.offset.map { offset in
                    Position(
                        owner: .group(listing.groupID.rawValue),
                        hasMembers: listing.hasWorkers,
                        topic: progress.topic,
                        partition: progress.partition,
                        committed: offset,
                        isApplication: true
                    )
                }
            }
        }
    }

    private func readerPositions() -> [Position] {
        let table = self.topics.current
        return self.readers.current(now: self.now()).flatMap { key, places in
            guard let hosted = table.topic(id: key.stream) else { return [Position]() }
            return places.map { shard, place in
                Position(
                    owner: .reader(key, shard: shard),
                    hasMembers: true,
                    topic: hosted.name,
                    partition: place.partition,
                    committed: place.next,
                    endMax: hosted.topic.shard(ordinal: shard)?.endOffset ?? .max,
                    seen: place.seen
                )
            }
        }
    }

    // MARK: Timestamps

    /// The timestamps of the first batches at or after where groups stand; `nil` where they cannot be read now.
    private func timestamps(_ wanted: [Measured]) async -> [Timestamp?] {
        var found: [Timestamp?] = Array(repeating: nil, count: wanted.count)
        var deferred: [(index: Int, read: DeferredRead)] = []
        for (index, one) in wanted.enumerated() {
            let request = ReadRequest(
                offset: one.unread.lowerBound,
                bytesMax: 1,
                atLeastOneBatch: true,
                isolation: .readUncommitted
            )
            switch try? one.log.read(request) {
            case .records(let records): found[index] = Self.timestamp(records)
            case .deferred(let read): deferred.append((index, read))
            case nil: break
            }
        }
        guard !deferred.isEmpty else { return found }
        let results = await withCheckedContinuation { continuation in
            self.engine.perform(deferred.map(\.read)) { continuation.resume(returning: $0) }
        }
        for (part, result) in zip(deferred, results) {
            if case .success(let records) = result { found[part.index] = Self.timestamp(records) }
        }
        return found
    }

    private static func timestamp(_ records: FetchedRecords) -> Timestamp? {
        var found: Timestamp?
        try? records.forEachBatch { header, _ in
            // The broker's time is in the header's maximum alone; a producer's first record may have none.
            let isOfBroker = header.attributes.isLogAppendTime || header.baseTimestamp < 0
            found = isOfBroker ? header.maxTimestamp : header.baseTimestamp
            return false
        }
        return found.flatMap { $0 < 0 ? nil : $0 }
    }
}
