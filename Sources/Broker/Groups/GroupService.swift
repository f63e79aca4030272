package import GroupCoordinator
package import LogCore
package import Model
package import NIOCore

/// The group coordinator as servers see it: finds the group's shard, crosses to its loop and back.
///
/// Every function is called on the caller's `eventLoop` and completes there, once. Joins and syncs may take as long as
/// a rebalance does; everything else waits for durability at most.
package final class GroupService: Sendable {
    package let settings: GroupSettings
    private let shards: [GroupShard]

    /// - Parameters:
    ///   - eventLoops: at least one; partitions are dealt out to them in turn.
    ///   - engine: of the offsets topic's logs.
    package init(
        topic: any OffsetsTopic,
        engine: any LogEngine,
        settings: GroupSettings,
        environment: BrokerEnvironment,
        eventLoops: [any EventLoop]
    ) {
        precondition(!eventLoops.isEmpty && topic.partitionCount > 0, "groups need loops and partitions")
        self.settings = settings
        self.shards = (0..<topic.partitionCount).map { partition in
            GroupShard(
                partition: partition,
                eventLoop: eventLoops[Int(partition) % eventLoops.count],
                topic: topic,
                engine: engine,
                settings: settings,
                environment: environment
            )
        }
    }

    /// The partition of `__consumer_offsets` that holds a group: Java's `String.hashCode` without its sign, modulo
    /// the number of partitions.
    package static func partition(of groupID: GroupID, count: Int32) -> Int32 {
        var hash: Int32 = 0
        for unit in groupID.rawValue.utf16 { hash = hash &* 31 &+ Int32(unit) }
        // As Kafka's Utils.abs: the smallest number, which has no positive counterpart, counts as zero.
        return (hash == .min ? 0 : Swift.abs(hash)) % count
    }

    package func partition(of groupID: GroupID) -> Int32 {
        Self.partition(of: groupID, count: Int32(self.shards.count))
    }

    // MARK: One group

    /// JoinGroup. Completes when the rebalance does.
    package func join(
        _ request: JoinRequest,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (JoinResponse) -> Void
    ) {
        self.cross(to: request.groupID) { shard in
            shard.join(request) { response in eventLoop.cross { completion(response) } }
        }
    }

    /// SyncGroup. Completes when the leader's assignment is durable.
    package func sync(
        _ request: SyncRequest,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (SyncResponse) -> Void
    ) {
        self.cross(to: request.groupID) { shard in
            shard.sync(request) { response in eventLoop.cross { completion(response) } }
        }
    }

    /// Heartbeat. `nil` means all is well.
    package func heartbeat(
        _ request: MemberHeartbeat,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (GroupError?) -> Void
    ) {
        self.cross(to: request.groupID) { shard in
            let error = shard.heartbeat(request)
            eventLoop.cross { completion(error) }
        }
    }

    /// LeaveGroup.
    package func leave(
        _ request: LeaveRequest,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (LeaveResponse) -> Void
    ) {
        self.cross(to: request.groupID) { shard in
            shard.leave(request) { response in eventLoop.cross { completion(response) } }
        }
    }

    /// OffsetCommit. Completes when the offsets are durable.
    package func commit(
        _ request: CommitRequest,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (OffsetChangeResponse) -> Void
    ) {
        self.cross(to: request.groupID) { shard in
            shard.commit(request) { response in eventLoop.cross { completion(response) } }
        }
    }

    /// OffsetDelete.
    package func deleteOffsets(
        _ request: OffsetDeletion,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (OffsetChangeResponse) -> Void
    ) {
        self.cross(to: request.groupID) { shard in
            shard.deleteOffsets(request) { response in eventLoop.cross { completion(response) } }
        }
    }

    // MARK: Several groups

    /// OffsetFetch. Answers come in the order of the queries.
    package func offsets(
        _ queries: [OffsetQuery],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([OffsetAnswer]) -> Void
    ) {
        self.gather(queries, by: \.groupID, on: eventLoop, completion: completion) { shard, queries, done in
            shard.offsets(queries, completion: done)
        }
    }

    /// DescribeGroups. Answers come in the order of the IDs.
    package func describe(
        _ groupIDs: [GroupID],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([GroupDescription]) -> Void
    ) {
        self.gather(groupIDs, by: \.self, on: eventLoop, completion: completion) { shard, groupIDs, done in
            done(shard.describe(groupIDs))
        }
    }

    /// DeleteGroups. Answers come in the order of the IDs.
    package func delete(
        _ groupIDs: [GroupID],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([GroupDeletion]) -> Void
    ) {
        self.gather(groupIDs, by: \.self, on: eventLoop, completion: completion) { shard, groupIDs, done in
            shard.delete(groupIDs, completion: done)
        }
    }

    /// ListGroups, sorted by ID within each partition. An error when any partition cannot tell.
    package func list(
        states: [String] = [],
        types: [String] = [],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<[GroupListing], GroupError>) -> Void
    ) {
        let gathering = Gathering<Result<[GroupListing], GroupError>>(count: self.shards.count, on: eventLoop) { all in
            var listings: [GroupListing] = []
            for part in all {
                switch part {
                case .success(let some): listings += some
                case .failure(let error): return completion(.failure(error))
                }
            }
            completion(.success(listings))
        }
        for (index, shard) in self.shards.enumerated() {
            shard.eventLoop.cross {
                let part = shard.list(states: states, types: types)
                gathering.put(part, at: index)
            }
        }
    }

    // MARK: Life

    /// Starts loading a group's partition (FindCoordinator), so that the first join finds it loaded.
    package func prepare(_ groupID: GroupID) { self.cross(to: groupID) { $0.prepare() } }

    /// Starts loading every partition: at the start of a broker whose offsets topic exists.
    package func prepareAll() {
        for shard in self.shards { shard.eventLoop.cross { shard.prepare() } }
    }

    /// Topics were added, grown or removed. The offsets of removed ones go. Only loaded partitions are asked.
    package func topicsChanged(_ changes: TopicChanges) {
        guard !changes.removed.isEmpty else { return }
        let removed = Set(changes.removed.map(\.name))
        for shard in self.shards { shard.eventLoop.cross { shard.topicsDeleted(removed) } }
    }

    /// Answers everything that waits with `NOT_COORDINATOR` and serves no more.
    package func close(on eventLoop: any EventLoop, completion: @escaping @Sendable () -> Void) {
        let gathering = Gathering<Void>(count: self.shards.count, on: eventLoop) { _ in completion() }
        for (index, shard) in self.shards.enumerated() {
            shard.eventLoop.cross {
                shard.close()
                gathering.put((), at: index)
            }
        }
    }

    // MARK: Crossing

    private func cross(to groupID: GroupID, _ body: @escaping @Sendable (GroupShard) -> Void) {
        let shard = self.shards[Int(self.partition(of: groupID))]
        shard.eventLoop.cross { body(shard) }
    }

    /// Asks each shard once for all of its items and puts the answers back into the items' order.
    private func gather<Item: Sendable, Answer: Sendable>(
        _ items: [Item],
        by groupID: KeyPath<Item, GroupID>,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([Answer]) -> Void,
        ask: @escaping @Sendable (GroupShard, [Item], @escaping @Sendable ([Answer]) -> Void) -> Void
    ) {
        guard !items.isEmpty else { return eventLoop.cross { completion([]) } }
        let byPartition = Dictionary(grouping: items.indices) { self.partition(of: items[$0][keyPath: groupID]) }
        let gathering = Gathering<Answer>(count: items.count, on: eventLoop, completion: completion)
        for (partition, indices) in byPartition {
            let shard = self.shards[Int(partition)]
            let asked = indices.map { items[$0] }
            shard.eventLoop.cross {
                ask(shard, asked) { answers in gathering.put(answers, at: indices) }
            }
        }
    }
}

/// Collects answers from several loops on one.
// SAFETY: `answers` and `missing` are used on `eventLoop` alone.
private final class Gathering<Answer: Sendable>: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let completion: @Sendable ([Answer]) -> Void
    private var answers: [Answer?]
    private var missing: Int

    init(count: Int, on eventLoop: any EventLoop, completion: @escaping @Sendable ([Answer]) -> Void) {
        self.eventLoop = eventLoop
        self.completion = completion
        self.answers = Array(repeating: nil, count: count)
        self.missing = count
    }

    func put(_ answer: Answer, at index: Int) { self.put([answer], at: [index]) }

    func put(_ answers: [Answer], at indices: [Int]) {
        self.eventLoop.cross {
            for (answer, index) in zip(answers, indices) { self.answers[index] = answer }
            self.missing -= indices.count
            if self.missing == 0 { self.completion(self.answers.compactMap { $0 }) }
        }
    }
}

extension EventLoop {
    /// Runs `body` on this loop: at once when there already.
    func cross(_ body: @escaping @Sendable () -> Void) {
        if self.inEventLoop { body() } else { self.execute(body) }
    }
}
