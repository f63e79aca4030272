package import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import Serving

// Groups and readers: what coordinators know, joined with the lag that was last measured.
extension BrokerViews {
    /// Sorts by `name`, `state`, `members`, `lag` (in records), `seconds` and `status`.
    ///
    /// - Throws: while a partition of the offsets topic loads.
    package func groups(_ request: PageRequest) async throws -> Page<GroupRow> {
        try Self.groups(try await self.allGroups(), request)
    }

    /// - Parameter rows: by ID.
    static func groups(_ rows: [GroupRow], _ request: PageRequest) throws(PageProblem) -> Page<GroupRow> {
        let list = RowList(
            rows,
            name: \.groupID,
            columns: [
                "state": { .text($0.state) },
                "members": { .number(Double($0.members)) },
                "lag": { .number(Double($0.lagRecords)) },
                "seconds": { $0.lagSeconds.map { .number($0) } ?? .missing },
                "status": { $0.status.map { .number(Double(LagStatus.allCases.firstIndex(of: $0) ?? 0)) } ?? .missing },
            ]
        )
        return try list.page(request) { $0 }
    }

    /// Every group and KCL application, by ID.
    func allGroups() async throws(BrokerError) -> [GroupRow] {
        let snapshot = self.broker.lag
        let lag = Dictionary(snapshot.groups.map { ($0.groupID, $0) }, uniquingKeysWith: { $1 })
        let (broker, eventLoop) = (self.broker, self.eventLoop)
        let listings: Result<[[GroupListing]], CoordinatorError> = await withCheckedContinuation { continuation in
            broker.groups.readAll(on: eventLoop) { machine in
                machine.listing(states: [], types: [])
            } completion: {
                continuation.resume(returning: $0)
            }
        }
        guard case .success(let listings) = listings else {
            throw BrokerError(.partitionNotReady, "The groups are being loaded; try again.")
        }
        var rows = listings.joined().map { GroupRow($0, lag[$0.groupID.rawValue]) }
        for application in await self.applications() {
            let id = application.groupID.rawValue
            rows.append(
                GroupRow(
                    groupID: id,
                    kind: .kcl,
                    state: (application.hasWorkers ? GroupState.stable : .empty).rawValue,
                    members: application.workers,
                    lag[id]
                )
            )
        }
        rows.sort { $0.groupID < $1.groupID }
        return rows
    }

    /// Whether any group was ever made.
    var hasGroups: Bool { self.broker.topics.topic(named: TopicName.consumerOffsets) != nil }

    /// How often a coordinator is asked again while it loads, and after how long: five seconds together.
    private static let loadAttempts = 100
    private static let loadPause = Duration.milliseconds(50)

    /// Asks a coordinator, and asks again while it loads.
    static func onceLoaded<Answer: Sendable>(
        _ ask: (@escaping @Sendable (Result<Answer, CoordinatorError>) -> Void) -> Void
    ) async -> Result<Answer, CoordinatorError> {
        for _ in 0..<Self.loadAttempts {
            let result = await withCheckedContinuation { continuation in ask { continuation.resume(returning: $0) } }
            switch result {
            case .failure(.coordinatorLoadInProgress), .failure(.coordinatorNotAvailable):
                try? await Task.sleep(for: Self.loadPause)
            case .success, .failure: return result
            }
        }
        return .failure(.coordinatorLoadInProgress)
    }

    private func applications() async -> [LeaseTableService.ApplicationListing] {
        // Asking would create the topic.
        guard self.broker.topics.topic(named: TopicName.leaseTables) != nil else { return [] }
        let (broker, eventLoop) = (self.broker, self.eventLoop)
        return await withCheckedContinuation { continuation in
            broker.leaseTables.applications(on: eventLoop) { continuation.resume(returning: $0) }
        }
    }

    /// `nil` for a group that does not exist.
    ///
    /// - Throws: while its partition of the offsets topic loads.
    package func group(_ groupID: String) async throws(BrokerError) -> GroupView? {
        let id = GroupID(groupID)
        if LeaseTableService.isApplication(id) { return await self.application(id) }
        // Asking would create the topic.
        guard self.hasGroups else { return nil }
        let (broker, eventLoop) = (self.broker, self.eventLoop)
        typealias Answer = (GroupListing?, GroupDescription, ConsumerGroupDescription, OffsetAnswer, [Rebalance])
        let result: Result<Answer, CoordinatorError> = await Self.onceLoaded { done in
            broker.groups.read(groupID, on: eventLoop) { machine -> Answer in
                (
                    machine.listing(of: id), machine.description(of: id), machine.consumerDescription(of: id),
                    machine.offsetsRequested(OffsetQuery(groupID: id, topics: nil)), machine.rebalances(of: id)
                )
            } completion: {
                done($0)
            }
        }
        guard case .success(let (listing, classic, consumer, offsets, rebalances)) = result else {
            throw BrokerError(.partitionNotReady, "The group is being loaded; try again.")
        }
        guard let listing else { return nil }
        let table = broker.topics.current
        let lag = broker.lag.groups.first { $0.groupID == groupID }
        let rows = offsets.topics.flatMap { topic in
            topic.partitions.filter { $0.offset >= 0 }.map { partition in
                GroupOffsetRow(
                    topic: topic.name,
                    partition: partition.index,
                    committed: partition.offset,
                    metadata: partition.metadata,
                    table,
                    lag
                )
            }
        }
        let isConsumer = listing.type == .consumer
        return GroupView(
            row: GroupRow(listing, lag),
            assignor: isConsumer ? consumer.assignorName : classic.protocolData,
            epoch: isConsumer ? consumer.epoch : nil,
            members: isConsumer
                ? consumer.members.map { MemberRow($0, table) } : classic.members.map { MemberRow($0) },
            offsets: rows.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) },
            rebalances: rebalances.reversed().map { RebalanceRow($0) }
        )
    }

    private func application(_ id: GroupID) async -> GroupView? {
        guard let application = await self.kinesisApplications([id]).first ?? nil else { return nil }
        let table = self.broker.topics.current
        let lag = self.broker.lag.groups.first { $0.groupID == id.rawValue }
        let members = application.workers.map { worker in
            var assigned: [MemberRow.AssignedTopic] = []
            for progress in application.progress where progress.owner == worker {
                if assigned.last?.topic != progress.topic {
                    assigned.append(MemberRow.AssignedTopic(topic: progress.topic, partitions: []))
                }
                assigned[assigned.count - 1].partitions.append(progress.partition)
            }
            return MemberRow(
                memberID: worker,
                clientID: worker,
                clientHost: "",
                subscribedTopics: assigned.map(\.topic),
                assigned: assigned
            )
        }
        return GroupView(
            row: GroupRow(
                groupID: id.rawValue,
                kind: .kcl,
                state: (application.workers.isEmpty ? GroupState.empty : .stable).rawValue,
                members: application.workers.count,
                lag
            ),
            assignor: "",
            members: members,
            offsets: application.progress.compactMap { progress in
                progress.offset.map { offset in
                    GroupOffsetRow(
                        topic: progress.topic,
                        partition: progress.partition,
                        committed: offset,
                        metadata: progress.owner ?? "",
                        table,
                        lag
                    )
                }
            }
        )
    }

    private func kinesisApplications(_ ids: [GroupID]) async -> [KinesisApplication?] {
        guard !ids.isEmpty, self.broker.topics.topic(named: TopicName.leaseTables) != nil else { return [] }
        let (broker, eventLoop) = (self.broker, self.eventLoop)
        return await withCheckedContinuation { continuation in
            broker.leaseTables.applications(ids, reading: broker.topics.current, on: eventLoop) {
                continuation.resume(returning: $0)
            }
        }
    }

    /// Registered consumers of enhanced fan-out and KCL applications. Sorts by `name`, `stream`, `kind` and `seconds`.
    package func readers(_ request: PageRequest) async throws -> Page<ReaderRow> {
        var rows: [ReaderRow] = []
        for topic in self.broker.topics.current.all where topic.topic.isVisibleToKinesis {
            rows += topic.topic.registeredConsumers.map { consumer in
                ReaderRow(
                    stream: topic.name,
                    name: consumer.name,
                    kind: .fanOut,
                    createdAt: consumer.created,
                    workers: 0
                )
            }
        }
        let ids = await self.applications().map(\.groupID)
        let lag = Dictionary(self.broker.lag.groups.map { ($0.groupID, $0) }, uniquingKeysWith: { $1 })
        for application in await self.kinesisApplications(ids) {
            guard let application else { continue }
            rows += Self.rows(of: application, lag[KinesisApplication.groupPrefix + application.name])
        }
        // One name may be that of readers of several streams.
        let name: (ReaderRow) -> String = { $0.name + " " + $0.stream }
        rows.sort { name($0) < name($1) }
        let list = RowList(
            rows,
            name: name,
            columns: [
                "stream": { .text($0.stream) }, "kind": { .text($0.kind.rawValue) },
                "seconds": { $0.lagSeconds.map { .number($0) } ?? .missing },
            ]
        )
        return try list.page(request) { $0 }
    }

    private static func rows(of application: KinesisApplication, _ lag: GroupLag?) -> [ReaderRow] {
        var streams: [String] = []
        for progress in application.progress where streams.last != progress.topic { streams.append(progress.topic) }
        return (streams.isEmpty ? [""] : streams).map { stream in
            let partitions = lag?.partitions.filter { $0.topic == stream } ?? []
            return ReaderRow(
                stream: stream,
                name: application.name,
                kind: .kcl,
                workers: application.workers.count,
                lagRecords: partitions.isEmpty ? nil : partitions.reduce(0) { $0 + $1.records },
                lagSeconds: partitions.compactMap(\.seconds).max(),
                status: partitions.map(\.status).max()?.rawValue
            )
        }
    }
}

extension GroupOffsetRow {
    init(
        topic: String,
        partition: Int32,
        committed: Int64,
        metadata: String,
        _ table: TopicTable,
        _ lag: GroupLag?
    ) {
        self.init(topic: topic, partition: partition, committed: committed, metadata: metadata)
        if let hosted = try? table.topic(named: topic).partition(partition) {
            let offsets = hosted.log.offsets
            self.logStart = offsets.logStart
            self.end = offsets.lastStable
            self.lagRecords = max(0, offsets.lastStable - max(committed, offsets.logStart))
        }
        guard let known = lag?.partitions.first(where: { $0.topic == topic && $0.partition == partition }) else {
            return
        }
        self.lagSeconds = known.seconds
        self.status = known.status
    }
}

extension FaceView {
    init(_ face: BrokerMetrics.Face) {
        self.init(
            connections: face.connections.current,
            requests: face.requests.current,
            requestsFailed: face.requestsFailed.current,
            bytesReceived: face.bytesReceived.current,
            bytesSent: face.bytesSent.current,
            recordsAppended: face.recordsAppended.current,
            recordBytesAppended: face.recordBytesAppended.current,
            recordBytesRead: face.recordBytesRead.current
        )
    }
}
