internal import CoordinatorRuntime
internal import GroupCoordinator
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

/// Measures how far the groups of this broker are behind: classic and consumer groups, and KCL applications by their
/// leases (decision 0062).
///
/// Lag in records needs the committed offsets and the ends of the logs, which are in memory. Lag in seconds needs the
/// timestamp of the first record that is not read: it is read once for each offset that a group commits while it is
/// behind.
final class LagMonitor: Sendable {
    /// How often it measures.
    static let interval = Duration.seconds(10)
    /// Partitions of groups that are measured; further ones are counted only.
    static let partitionsMax = 50_000
    /// Batches that one round looks up; what is left has its seconds from the next round on.
    static let lookupsMax = 256

    private struct Place: Hashable {
        var group: String
        var topic: TopicID
        var partition: Int32
    }

    /// What is remembered of a group's partition from one round to the next.
    private struct Memory {
        var window = LagWindow()
        /// Of the first record at or after `start`.
        var since: (start: Offset, timestamp: Timestamp)?
    }

    private struct Position {
        var group: String
        var hasMembers: Bool
        var topic: String
        var partition: Int32
        var committed: Offset
    }

    private struct Measured {
        var place: Place
        var position: Position
        var log: any PartitionLog
        var start: Offset
        var records: Int64
    }

    private let topics: TopicRegistry
    private let groups: GroupService
    private let applications: LeaseTableService
    private let engine: any LogEngine
    private let now: @Sendable () -> Timestamp
    private let eventLoop: any EventLoop
    private let snapshot = Mutex(LagSnapshot())

    init(
        topics: TopicRegistry,
        groups: GroupService,
        applications: LeaseTableService,
        engine: any LogEngine,
        now: @escaping @Sendable () -> Timestamp,
        eventLoop: any EventLoop
    ) {
        self.topics = topics
        self.groups = groups
        self.applications = applications
        self.engine = engine
        self.now = now
        self.eventLoop = eventLoop
    }

    /// As it was last measured.
    var current: LagSnapshot { self.snapshot.withLock { $0 } }

    /// Measures until the task is cancelled.
    func run() async {
        var memory: [Place: Memory] = [:]
        while !Task.isCancelled {
            await self.measure(&memory)
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    private func measure(_ memory: inout [Place: Memory]) async {
        var positions = await self.groupPositions()
        positions += await self.applicationPositions()
        let omitted = max(0, positions.count - Self.partitionsMax)
        if omitted > 0 { positions.removeLast(omitted) }
        let measured = positions.compactMap { self.measured($0) }
        var next: [Place: Memory] = [:]
        var lookups: [Measured] = []
        for one in measured {
            var known = memory[one.place] ?? Memory()
            known.window.measured(
                committed: one.position.committed,
                records: one.records,
                hasMembers: one.position.hasMembers
            )
            if known.since?.start != one.start {
                known.since = nil
                if one.records > 0, lookups.count < Self.lookupsMax { lookups.append(one) }
            }
            next[one.place] = known
        }
        for (one, timestamp) in zip(lookups, await self.timestamps(lookups)) {
            if let timestamp { next[one.place]?.since = (one.start, timestamp) }
        }
        memory = next
        self.publish(measured, memory, omitted: omitted)
    }

    private func publish(_ measured: [Measured], _ memory: [Place: Memory], omitted: Int) {
        let now = self.now()
        var groups: [GroupLag] = []
        for one in measured {
            if groups.last?.groupID != one.position.group {
                groups.append(
                    GroupLag(groupID: one.position.group, hasMembers: one.position.hasMembers, partitions: [])
                )
            }
            let known = memory[one.place] ?? Memory()
            let seconds = known.since.map { Double(max(0, now - $0.timestamp)) / 1000 }
            groups[groups.count - 1].partitions.append(
                PartitionLag(
                    topic: one.position.topic,
                    partition: one.position.partition,
                    committed: one.position.committed,
                    records: one.records,
                    seconds: one.records == 0 ? 0 : seconds,
                    status: known.window.status
                )
            )
        }
        groups.sort { $0.groupID < $1.groupID }
        self.snapshot.withLock { $0 = LagSnapshot(groups: groups, omitted: omitted) }
    }

    private func measured(_ position: Position) -> Measured? {
        guard let topic = self.topics.topic(named: position.topic),
            case .here(let hosted)? = topic.placement(position.partition)
        else { return nil }
        let offsets = hosted.log.offsets
        // Records that retention took are lost to the group, and not what it has to read.
        let start = max(position.committed, offsets.logStart)
        return Measured(
            place: Place(group: position.group, topic: topic.id, partition: position.partition),
            position: position,
            log: hosted.log,
            start: start,
            records: max(0, offsets.lastStable - start)
        )
    }

    // MARK: Positions

    private func groupPositions() async -> [Position] {
        let answers: [[(listing: GroupListing, offsets: OffsetAnswer)]] = await withCheckedContinuation {
            continuation in
            self.groups.readEvery(on: self.eventLoop) { machine in
                machine.listing(states: [], types: []).map { listing in
                    (listing, machine.offsetsRequested(OffsetQuery(groupID: listing.groupID, topics: nil)))
                }
            } completion: { results in
                // Groups of a partition that cannot be loaded are missing, and those of all others are not.
                continuation.resume(returning: results.compactMap { try? $0.get() })
            }
        }
        return answers.joined().flatMap { listing, offsets in
            offsets.topics.flatMap { topic in
                topic.partitions.filter { $0.offset >= 0 }.map { partition in
                    Position(
                        group: listing.groupID.rawValue,
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
                        group: listing.groupID.rawValue,
                        hasMembers: listing.hasWorkers,
                        topic: progress.topic,
                        partition: progress.partition,
                        committed: offset
                    )
                }
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
                offset: one.start,
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
