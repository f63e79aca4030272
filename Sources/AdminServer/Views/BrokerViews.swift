package import Broker
internal import LogCore
internal import Metadata
internal import Model
package import NIOCore
internal import Serving

/// What the console and `/api/v1` show of a broker: values, made when they are asked for.
///
/// Everything that does not wait reads tables in memory and takes short locks; it may cost some milliseconds with many
/// thousands of partitions, so that it is not for event loops. Groups are asked of their coordinators.
package struct BrokerViews: Sendable {
    let broker: Broker
    /// Where answers of coordinators come to.
    let eventLoop: any EventLoop
    private let version: String
    private let startedAt: Int64
    private let clients: @Sendable () -> [ClientRow]
    private let unreadiness: @Sendable () -> String?
    private let board: AlarmBoard

    /// - Parameters:
    ///   - version: of this build.
    ///   - startedAt: milliseconds since the epoch.
    ///   - clients: who is connected.
    ///   - unreadiness: as in `AdminServer.Sources`.
    ///   - alarms: what rings; somebody has to evaluate the rules.
    package init(
        _ broker: Broker,
        eventLoop: any EventLoop,
        version: String,
        startedAt: Int64,
        clients: @escaping @Sendable () -> [ClientRow] = { [] },
        unreadiness: @escaping @Sendable () -> String? = { nil },
        alarms: AlarmBoard = AlarmBoard()
    ) {
        self.broker = broker
        self.eventLoop = eventLoop
        self.version = version
        self.startedAt = startedAt
        self.clients = clients
        self.unreadiness = unreadiness
        self.board = alarms
    }

    // MARK: Topics

    /// Sorts by `name`, `size`, `records`, `partitions`, `retention`, `created` and `lag` (in seconds).
    package func topics(_ request: PageRequest, internal isInternalShown: Bool = true) throws(PageProblem) -> Page<
        TopicRow
    > {
        try Self.topics(
            self.broker.topics.current,
            self.broker.configs,
            self.broker.lag,
            request,
            internal: isInternalShown
        )
    }

    static func topics(
        _ table: TopicTable,
        _ configs: BrokerConfigs,
        _ lag: LagSnapshot,
        _ request: PageRequest,
        internal isInternalShown: Bool
    ) throws(PageProblem) -> Page<TopicRow> {
        let lag = LagByTopic(lag)
        let topics = isInternalShown ? table.sorted : table.sorted.filter { !$0.topic.isInternal }
        let list = RowList(
            topics,
            name: \.name,
            columns: [
                "size": { .number(Double(TopicFacts($0).sizeBytes)) },
                "records": { .number(Double(TopicFacts($0).records)) },
                "partitions": { .number(Double($0.partitionCount)) },
                "retention": { topic in
                    let limit = configs.settings(for: topic.topic).int64("retention.ms")
                    return .number(limit < 0 ? .infinity : Double(limit))
                },
                "created": { .number(Double($0.topic.createdAt)) },
                "lag": { topic in
                    lag.worst[topic.name].map { .number($0.seconds ?? 0) } ?? .missing
                },
            ]
        )
        return try list.page(request) { TopicRow($0, configs, lag) }
    }

    /// `nil` for a name that no topic has.
    package func topic(named name: String) -> TopicView? {
        guard let hosted = self.broker.topics.topic(named: name) else { return nil }
        let snapshot = self.broker.lag
        return TopicView(
            row: TopicRow(hosted, self.broker.configs, LagByTopic(snapshot)),
            settings: self.broker.configs.resolve(topic: hosted.topic).map {
                SettingRow($0, rule: TopicConfigs.all[$0.name]?.definition.rule)
            },
            tags: hosted.topic.tags,
            groups: LagByTopic.groups(of: name, in: snapshot),
            routing: hosted.topic.routing.configValue,
            isWrittenByKafka: hosted.topic.isWrittenByKafka
        )
    }

    /// By number. Sorts by `partition`, `size` and `records`.
    package func partitions(of name: String, _ request: PageRequest) throws(PageProblem) -> Page<PartitionRow>? {
        guard let hosted = self.broker.topics.topic(named: name) else { return nil }
        let list = RowList(
            Array(0..<Int32(hosted.partitionCount)),
            name: { String($0) },
            columns: [
                "partition": { .number(Double($0)) },
                "size": { number in
                    hosted.placements[Int(number)].hosted.map { .number(Double($0.log.sizeBytes)) } ?? .missing
                },
                "records": { number in
                    guard let offsets = hosted.placements[Int(number)].hosted?.log.offsets else { return .missing }
                    return .number(Double(offsets.highWatermark - offsets.logStart))
                },
            ]
        )
        // Their names are numbers, which have an order of their own.
        var request = request
        request.sort = request.sort ?? "partition"
        return try list.page(request) { PartitionRow($0, of: hosted) }
    }

    /// By ordinal, closed ones included. Sorts by `ordinal`, `partition` and `hash`.
    package func shards(of name: String, _ request: PageRequest) throws(PageProblem) -> Page<ShardRow>? {
        guard let topic = self.broker.topics.topic(named: name)?.topic else { return nil }
        let list = RowList(
            topic.shards,
            name: \.id,
            columns: [
                "ordinal": { .number(Double($0.ordinal)) },
                "partition": { .number(Double($0.partition)) },
                "hash": { .number(Double($0.hashRange.lower)) },
            ]
        )
        return try list.page(request) { ShardRow($0, of: topic) }
    }

    // MARK: Others

    /// What rings, and what has rung.
    package var alarms: AlarmsView { self.board.view }

    /// By name; those that are not known are left out.
    func settings(named names: [String]) -> [SettingRow] {
        self.broker.configs.resolveBroker().filter { names.contains($0.name) }.map {
            SettingRow($0, rule: BrokerConfigs.all[$0.name]?.rule)
        }
    }

    /// Sorts by `name`, `source`, `type` and `set`.
    package func settings(_ request: PageRequest) throws(PageProblem) -> Page<SettingRow> {
        let rows = self.broker.configs.resolveBroker().map {
            SettingRow($0, rule: BrokerConfigs.all[$0.name]?.rule)
        }
        let list = RowList(
            rows,
            name: \.name,
            columns: [
                "source": { .text($0.source) }, "type": { .text($0.type) },
                "set": { .number($0.isSet ? 1 : 0) },
            ]
        )
        return try list.page(request) { $0 }
    }

    /// Who is connected. Sorts by `name` (the address), `face` and `connections`.
    package func clients(_ request: PageRequest) throws(PageProblem) -> Page<ClientRow> {
        // One address may use both protocols.
        let name: (ClientRow) -> String = { $0.address + " " + $0.face }
        let list = RowList(
            self.clients().sorted { name($0) < name($1) },
            name: name,
            columns: ["face": { .text($0.face) }, "connections": { .number(Double($0.connections)) }]
        )
        return try list.page(request) { $0 }
    }

    /// The server at this moment, with its largest topics and its worst groups.
    package func overview() async throws(BrokerError) -> OverviewView {
        let groups = try await self.allGroups()
        let table = self.broker.topics.current
        let space = self.broker.environment.logDirectory.space()
        var view = OverviewView(
            clusterID: self.broker.clusterID,
            brokerID: self.broker.settings.nodeID.rawValue,
            version: self.version,
            startedAt: self.startedAt,
            now: self.broker.environment.now(),
            topics: table.count,
            partitions: 0,
            offlinePartitions: 0,
            damagedRanges: self.broker.engine.damagedRangeCount,
            sizeBytes: 0,
            diskFreeBytes: space?.usableBytes,
            diskSizeBytes: space?.totalBytes,
            groups: groups.count,
            worstGroups: Self.worst(groups),
            largestTopics: [],
            kafka: FaceView(self.broker.metrics.kafka),
            kinesis: FaceView(self.broker.metrics.kinesis),
            connectionBufferBytes: self.broker.memory.heldBytes,
            problem: self.unreadiness(),
            alarms: self.alarms.active
        )
        var sizes: [(topic: HostedTopic, bytes: Int64)] = []
        for topic in table.all {
            let facts = TopicFacts(topic)
            view.partitions += topic.partitionCount
            view.offlinePartitions += facts.offline
            view.sizeBytes += facts.sizeBytes
            sizes.append((topic, facts.sizeBytes))
        }
        sizes.sort { ($1.bytes, $0.topic.name) < ($0.bytes, $1.topic.name) }
        let lag = LagByTopic(self.broker.lag)
        view.largestTopics = sizes.prefix(Self.overviewRows).map { TopicRow($0.topic, self.broker.configs, lag) }
        return view
    }

    private static let overviewRows = 10

    private static func worst(_ groups: [GroupRow]) -> [GroupRow] {
        let behind = groups.filter { $0.status.map { $0 != .ok } ?? false || $0.lagRecords > 0 }
        let sorted = behind.sorted { left, right in
            (left.lagSeconds ?? 0, left.lagRecords) > (right.lagSeconds ?? 0, right.lagRecords)
        }
        return Array(sorted.prefix(Self.overviewRows))
    }
}
