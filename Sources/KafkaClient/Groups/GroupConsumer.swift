internal import KafkaProtocol
package import Model
internal import NIOCore

/// Reads topics as a member of a classic consumer group (Kafka's protocol before KIP-848), with the range assignor.
///
/// Call `poll`, work on the records, call `commit`, and so on; `close` commits nothing by itself. Heartbeats go out
/// beside that, so working on records may take as long as `rebalanceTimeout`.
package actor GroupConsumer {
    package struct Settings: Sendable {
        package var consumer = ConsumerSettings()
        /// A member whose heartbeats stop for so long is dropped: `session.timeout.ms`.
        package var sessionTimeout: Duration = .seconds(45)
        /// How long members have to join again: `max.poll.interval.ms`.
        package var rebalanceTimeout: Duration = .seconds(300)
        package var heartbeatInterval: Duration = .seconds(3)
        /// `group.instance.id` of a static member.
        package var instanceID: String?
        /// Where to begin in partitions without a committed offset.
        package var start: StartPosition = .latest

        package init() {}
    }

    private let cluster: KafkaCluster
    private let groupID: GroupID
    private let topics: [String]
    private let settings: Settings
    private let consumer: Consumer
    private var memberID = MemberID("")
    private var generation = GenerationID(-1)
    private var coordinator: BrokerConnection?
    private var heartbeats: Task<Void, Never>?
    private var mustJoin = true
    /// The error that ended the heartbeats.
    private var fatal: ClientError?
    private var committed: [NamedPartition: Offset] = [:]

    /// The partitions that this member reads at the moment.
    package private(set) var assignment: [NamedPartition] = []
    /// How often the group was joined, the first time included.
    package private(set) var joins = 0

    package init(cluster: KafkaCluster, group: String, topics: [String], settings: Settings = Settings()) {
        self.cluster = cluster
        self.groupID = GroupID(group)
        self.topics = topics
        self.settings = settings
        self.consumer = Consumer(cluster: cluster, settings: settings.consumer)
    }

    /// The offset of the next record of each assigned partition.
    package var offsets: [NamedPartition: Offset] {
        get async { await self.consumer.offsets }
    }

    /// The next records; joins the group first when needed. What earlier polls returned counts as worked on: it is
    /// committed before partitions are given up to another member.
    package func poll() async throws -> [ConsumedRecord] {
        if let fatal { throw fatal }
        if self.mustJoin {
            // After the first time a rebalance: the others must not read again what was worked on here.
            if !self.assignment.isEmpty { try? await self.commit() }
            try await self.join()
        }
        guard !self.assignment.isEmpty else {
            try await Task.sleep(for: self.settings.consumer.wait)
            return []
        }
        return try await self.consumer.poll()
    }

    /// Sets the position to this record, so that it and what follows are not committed.
    package func seek(_ partition: NamedPartition, to offset: Offset) async {
        await self.consumer.seek(partition, to: offset)
    }

    /// Commits the position after the last records that `poll` returned. A rebalance does not throw: the next `poll`
    /// joins again.
    package func commit() async throws {
        let offsets = await self.consumer.offsets.filter { self.committed[$0.key] != $0.value }
        guard !offsets.isEmpty, self.generation.rawValue >= 0 else { return }
        var topics: [OffsetCommitRequest.Topic] = []
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            let entry = OffsetCommitRequest.Partition(
                partitionIndex: partition.partition,
                committedOffset: offset,
                committedMetadata: ""
            )
            if topics.last?.name == partition.topic {
                topics[topics.count - 1].partitions.append(entry)
            } else {
                topics.append(OffsetCommitRequest.Topic(name: partition.topic, partitions: [entry]))
            }
        }
        let request = topics
        try await self.cluster.retrying {
            let response = try await self.withCoordinator { connection in
                try await connection.send(
                    OffsetCommitRequest(
                        groupID: self.groupID,
                        generationIDOrMemberEpoch: self.generation,
                        memberID: self.memberID,
                        groupInstanceID: self.instanceID,
                        topics: request
                    ),
                    versionMax: 9
                )
            }
            let failed = response.topics.flatMap(\.partitions).first { $0.errorCode != .none }
            if let failed { try self.groupError(failed.errorCode) }
        }
        self.committed.merge(offsets) { $1 }
    }

    /// Leaves the group, so that the others get the partitions at once.
    package func close() async {
        self.heartbeats?.cancel()
        await self.heartbeats?.value
        self.heartbeats = nil
        // A static member comes back: it keeps its place until the session ends.
        guard !self.memberID.rawValue.isEmpty, self.settings.instanceID == nil else { return }
        let isNew = self.coordinator?.version(of: .leaveGroup, within: LeaveGroupRequest.versions) ?? 0 >= 3
        var request = LeaveGroupRequest(groupID: self.groupID)
        if isNew {
            request.members = [LeaveGroupRequest.Member(memberID: self.memberID, reason: "the consumer was closed")]
        } else {
            request.memberID = self.memberID
        }
        _ = try? await self.coordinator?.send(request)
        self.memberID = MemberID("")
        self.assignment = []
    }

    private var instanceID: GroupInstanceID? { self.settings.instanceID.map { GroupInstanceID($0) } }

    // MARK: - Joining

    private func join() async throws {
        self.heartbeats?.cancel()
        await self.heartbeats?.value
        while true {
            try Task.checkCancellation()
            do {
                let joined = try await self.sendJoin()
                let assigned = try await self.sendSync(joined)
                try await self.begin(assigned)
                return
            } catch let error as ClientError where Self.meansJoinAgain(error) {
                try await Task.sleep(for: self.cluster.settings.retryBackoff)
            } catch let error as ClientError where error.isRetriable && error.code != .unreachable {
                self.coordinator = nil
                try await Task.sleep(for: self.cluster.settings.retryBackoff)
            }
        }
    }

    private static func meansJoinAgain(_ error: ClientError) -> Bool {
        switch error.serverCode {
        case .memberIDRequired, .unknownMemberID, .illegalGeneration, .rebalanceInProgress: true
        default: false
        }
    }

    private func sendJoin() async throws -> JoinGroupResponse {
        var metadata = ByteBuffer()
        ConsumerProtocolSubscription(topics: self.topics.sorted()).encodeVersioned(into: &metadata, version: 1)
        let request = JoinGroupRequest(
            groupID: self.groupID,
            sessionTimeoutMs: self.settings.sessionTimeout.wireMilliseconds,
            rebalanceTimeoutMs: self.settings.rebalanceTimeout.wireMilliseconds,
            memberID: self.memberID,
            groupInstanceID: self.instanceID,
            protocolType: "consumer",
            protocols: [JoinGroupRequest.GroupProtocol(name: "range", metadata: metadata)]
        )
        let wait = self.settings.rebalanceTimeout
        let response = try await self.withCoordinator { try await $0.send(request, wait: wait) }
        if response.errorCode == .memberIDRequired { self.memberID = response.memberID }
        if response.errorCode != .none { try self.groupError(response.errorCode) }
        self.memberID = response.memberID
        self.generation = response.generationID
        return response
    }

    private func sendSync(_ joined: JoinGroupResponse) async throws -> [NamedPartition] {
        var assignments: [SyncGroupRequest.Assignment] = []
        if joined.leaderID == joined.memberID, !joined.skipAssignment {
            assignments = try await self.computeAssignments(joined.members)
        }
        let request = SyncGroupRequest(
            groupID: self.groupID,
            generationID: self.generation,
            memberID: self.memberID,
            groupInstanceID: self.instanceID,
            protocolType: "consumer",
            protocolName: joined.protocolName ?? "range",
            assignments: assignments
        )
        let wait = self.settings.rebalanceTimeout
        let response = try await self.withCoordinator { try await $0.send(request, wait: wait) }
        if response.errorCode != .none { try self.groupError(response.errorCode) }
        var bytes = response.assignment
        guard bytes.readableBytes > 0 else { return [] }
        do {
            let assignment = try ConsumerProtocolAssignment.decodeVersioned(from: &bytes, newerAsNewest: true).value
            return assignment.assignedPartitions.flatMap { topic in
                topic.partitions.map { NamedPartition(topic: topic.name, partition: $0) }
            }
        } catch {
            throw ClientError(.malformedResponse, "group \(self.groupID): the assignment is malformed: \(error)")
        }
    }

    private func computeAssignments(
        _ members: [JoinGroupResponse.Member]
    ) async throws -> [SyncGroupRequest.Assignment] {
        var subscribed: [RangeAssignor.Member] = []
        for member in members {
            var bytes = member.metadata
            let subscription = try? ConsumerProtocolSubscription.decodeVersioned(from: &bytes, newerAsNewest: true)
            subscribed.append(
                RangeAssignor.Member(
                    memberID: member.memberID.rawValue,
                    instanceID: member.groupInstanceID?.rawValue,
                    topics: subscription?.value.topics ?? []
                )
            )
        }
        var counts: [String: Int] = [:]
        let topics = Set(subscribed.flatMap(\.topics)).sorted()
        for topic in try await self.cluster.metadata(topics: topics).topics where topic.errorCode == .none {
            if let name = topic.name { counts[name] = topic.partitions.count }
        }
        return RangeAssignor.assign(subscribed, partitionCounts: counts)
            .sorted { $0.key < $1.key }
            .map { member, partitions in
                var byTopic: [ConsumerProtocolAssignment.TopicPartitions] = []
                for partition in partitions {
                    if byTopic.last?.name == partition.topic {
                        byTopic[byTopic.count - 1].partitions.append(partition.partition)
                    } else {
                        byTopic.append(.init(name: partition.topic, partitions: [partition.partition]))
                    }
                }
                var bytes = ByteBuffer()
                ConsumerProtocolAssignment(assignedPartitions: byTopic).encodeVersioned(into: &bytes, version: 1)
                return SyncGroupRequest.Assignment(memberID: MemberID(member), assignment: bytes)
            }
    }

    /// Reads what was assigned, from the committed offsets.
    private func begin(_ partitions: [NamedPartition]) async throws {
        self.mustJoin = false
        self.startHeartbeats()
        let committed = try await self.cluster.committedOffsets(of: self.groupID.rawValue, partitions: partitions)
        var starts: [NamedPartition: StartPosition] = [:]
        for partition in partitions {
            starts[partition] = committed[partition].map { .offset($0) } ?? self.settings.start
        }
        try await self.consumer.assign(starts)
        self.assignment = partitions.sorted()
        self.committed = committed
        self.joins += 1
    }

    // MARK: - Heartbeats

    private func startHeartbeats() {
        let interval = self.settings.heartbeatInterval
        self.heartbeats?.cancel()
        self.heartbeats = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                guard !Task.isCancelled, let self, await self.beat() else { return }
            }
        }
    }

    /// False when the group must be joined again.
    private func beat() async -> Bool {
        do {
            let request = HeartbeatRequest(
                groupID: self.groupID,
                generationID: self.generation,
                memberID: self.memberID,
                groupInstanceID: self.instanceID
            )
            let response = try await self.withCoordinator { try await $0.send(request) }
            if response.errorCode != .none { try self.groupError(response.errorCode) }
            return true
        } catch let error as ClientError {
            if error.isRetriable { return true }
            if !Self.meansJoinAgain(error) { self.fatal = error }
            return false
        } catch {
            return false
        }
    }

    // MARK: - The coordinator

    private func withCoordinator<Value: Sendable>(
        _ body: (BrokerConnection) async throws -> Value
    ) async throws -> Value {
        let connection: BrokerConnection
        if let known = self.coordinator, known.isOpen {
            connection = known
        } else {
            connection = try await self.cluster.coordinatorConnection(of: self.groupID)
            self.coordinator = connection
        }
        return try await body(connection)
    }

    /// Notes what an error means for the membership and throws it.
    private func groupError(_ code: ErrorCode) throws(ClientError) {
        switch code {
        case .unknownMemberID:
            self.memberID = MemberID("")
            self.generation = GenerationID(-1)
            self.mustJoin = true
        case .illegalGeneration:
            self.generation = GenerationID(-1)
            self.mustJoin = true
        case .rebalanceInProgress:
            self.mustJoin = true
        case .notCoordinator, .coordinatorNotAvailable:
            self.coordinator = nil
        default:
            break
        }
        throw ClientError.server(code, "group \(self.groupID)")
    }
}
