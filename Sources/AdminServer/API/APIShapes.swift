internal import Broker
internal import LogCore
internal import Metadata
internal import Model

// How the views are written as JSON. A name here is part of the API: it does not change.

extension LagStatus {
    static let names = Self.allCases.map(\.rawValue)
}

extension TopicLag {
    static let shape = JSONShape<TopicLag>(
        "TopicLag",
        [
            .string("group", "The group that is furthest behind.") { $0.groupID },
            .integer("records", "Offsets that it has not read, of all partitions.") { $0.records },
            .optionalNumber("seconds", "The age of the oldest record that it has not read.") { $0.seconds },
            .choice("status", LagStatus.names, "By Burrow's rules.") { $0.status.rawValue },
        ]
    )
}

extension TopicRow {
    static let shape = JSONShape<TopicRow>(
        "Topic",
        [
            .string("name", "") { $0.name },
            .string("id", "As Kafka's tools print it.") { $0.id.description },
            .boolean("isInternal", "Written by the broker only.") { $0.isInternal },
            .boolean("isStream", "Kinesis clients see it.") { $0.isStream },
            .integer("partitions", "") { $0.partitions },
            .integer("offlinePartitions", "Partitions that should be served here and cannot.") { $0.offlinePartitions },
            .integer("openShards", "") { $0.openShards },
            .string("mode", "ON_DEMAND or PROVISIONED.") { $0.mode },
            .integer("sizeBytes", "Of the partitions served here.") { $0.sizeBytes },
            .integer("records", "Offsets that can be read.") { $0.records },
            .integer("retentionMilliseconds", "-1: no limit.") { $0.retentionMilliseconds },
            .integer("retentionBytes", "Of each partition; -1: no limit.") { $0.retentionBytes },
            .string("cleanupPolicy", "") { $0.cleanupPolicy },
            .integer("createdAt", "") { $0.createdAt },
            .optionalObject("lag", TopicLag.shape, "Of the group that is furthest behind.") { $0.lag },
        ]
    )
}

extension TopicView {
    static let shape = JSONShape<TopicView>(
        "TopicDetails",
        [
            .object("topic", TopicRow.shape, "") { $0.row },
            .string("routing", "kafka or md5.") { $0.routing },
            .boolean("isWrittenByKafka", "") { $0.isWrittenByKafka },
            .dictionary("tags", "Kinesis resource tags.") { $0.tags },
            .list("groups", TopicLag.shape, "Every group that reads it, worst first.") { $0.groups },
            .list("settings", SettingRow.shape, "") { $0.settings },
        ]
    )
}

extension PartitionRow {
    static let shape = JSONShape<PartitionRow>(
        "Partition",
        [
            .integer("partition", "") { $0.partition },
            .choice("state", ["here", "opening", "elsewhere", "unassigned", "offline"], "Where it is served.") {
                $0.state
            },
            .optionalString("problem", "Why it is not served here.") { $0.problem },
            .integer("leaderEpoch", "") { $0.leaderEpoch },
            .boolean("isSealed", "Merged into another one: readable, closed for produce.") { $0.isSealed },
            .optionalString("openShard", "The shard that takes its records.") { $0.openShard },
            .optionalInteger("logStartOffset", "") { $0.offsets?.logStart },
            .optionalInteger("lastStableOffset", "") { $0.offsets?.lastStable },
            .optionalInteger("highWatermark", "") { $0.offsets?.highWatermark },
            .optionalInteger("logEndOffset", "") { $0.offsets?.logEnd },
            .optionalInteger("sizeBytes", "") { $0.sizeBytes },
            .integer("damagedRanges", "Ranges of offsets that readers are refused.") { $0.damagedRanges },
        ]
    )
}

extension ShardRow {
    static let shape = JSONShape<ShardRow>(
        "Shard",
        [
            .string("id", "") { $0.id },
            .integer("partition", "") { $0.partition },
            .string("startingHashKey", "In decimal digits.") { String($0.hashRange.lower) },
            .string("endingHashKey", "In decimal digits.") { String($0.hashRange.upper) },
            .boolean("isOpen", "") { $0.isOpen },
            .integer("startOffset", "") { $0.startOffset },
            .optionalInteger("endOffset", "The first offset that does not belong to it any more.") { $0.endOffset },
            .integer("createdSecond", "Seconds since the epoch.") { $0.createdSecond },
            .optionalInteger("closedAt", "") { $0.closedAt },
            .strings("parents", "") { $0.parents },
            .strings("children", "") { $0.children },
        ]
    )
}

extension GroupRow {
    static let shape = JSONShape<GroupRow>(
        "Group",
        [
            .string("id", "") { $0.groupID },
            .choice("kind", ["classic", "consumer", "kcl"], "") { $0.kind.rawValue },
            .string("state", "As Kafka prints it.") { $0.state },
            .integer("members", "") { $0.members },
            .integer("topics", "") { $0.topics },
            .integer("partitions", "") { $0.partitions },
            .integer("lagRecords", "") { $0.lagRecords },
            .integer("lagRecordsMax", "Of the partition that has most of them.") { $0.lagRecordsMax },
            .optionalNumber("lagSeconds", "") { $0.lagSeconds },
            .optionalChoice("status", LagStatus.names, "null: not measured yet.") { $0.status?.rawValue },
        ]
    )
}

extension MemberRow {
    static let shape = JSONShape<MemberRow>(
        "Member",
        [
            .string("id", "") { $0.memberID },
            .optionalString("instanceID", "") { $0.instanceID },
            .string("clientID", "") { $0.clientID },
            .string("clientHost", "") { $0.clientHost },
            .strings("subscribedTopics", "A regular expression begins with ~.") { $0.subscribedTopics },
            .list("assigned", AssignedTopic.shape, "") { $0.assigned },
        ]
    )
}

extension MemberRow.AssignedTopic {
    static let shape = JSONShape<MemberRow.AssignedTopic>(
        "AssignedTopic",
        [.string("topic", "") { $0.topic }, .integers("partitions", "") { $0.partitions }]
    )
}

extension GroupOffsetRow {
    static let shape = JSONShape<GroupOffsetRow>(
        "GroupOffset",
        [
            .string("topic", "") { $0.topic },
            .integer("partition", "") { $0.partition },
            .integer("committed", "The next offset that the group will read.") { $0.committed },
            .string("metadata", "") { $0.metadata },
            .optionalInteger("logStartOffset", "") { $0.logStart },
            .optionalInteger("end", "The last stable offset.") { $0.end },
            .optionalInteger("lagRecords", "") { $0.lagRecords },
            .optionalNumber("lagSeconds", "As it was measured within the last ten seconds.") { $0.lagSeconds },
            .optionalChoice("status", LagStatus.names, "") { $0.status?.rawValue },
        ]
    )
}

extension RebalanceRow {
    static let shape = JSONShape<RebalanceRow>(
        "Rebalance",
        [
            .integer("beganAt", "") { $0.beganAt },
            .optionalInteger("endedAt", "null of the consumer protocol, whose members change over one by one.") {
                $0.endedAt
            },
            .optionalInteger("generation", "Or epoch, that began with it.") { $0.generation },
            .optionalInteger("members", "After it.") { $0.members },
            .list("causes", RebalanceRow.Cause.shape, "What began it, and what came while it was under way.") {
                $0.causes
            },
            .integer("causesLeftOut", "") { $0.causesLeftOut },
        ]
    )
}

extension RebalanceRow.Cause {
    static let shape = JSONShape<RebalanceRow.Cause>(
        "RebalanceCause",
        [
            .string("reason", "For example member-joined, member-left, member-expired, topics-changed.") { $0.reason },
            .optionalString("member", "Whose doing it was.") { $0.memberID },
        ]
    )
}

extension GroupView {
    static let shape = JSONShape<GroupView>(
        "GroupDetails",
        [
            .object("group", GroupRow.shape, "") { $0.row },
            .string("assignor", "") { $0.assignor },
            .optionalInteger("epoch", "Of a consumer group.") { $0.epoch },
            .list("members", MemberRow.shape, "") { $0.members },
            .list("offsets", GroupOffsetRow.shape, "") { $0.offsets },
            .list("rebalances", RebalanceRow.shape, "Why it rebalanced lately, the last time first.") {
                $0.rebalances
            },
        ]
    )
}

extension ReaderRow {
    static let shape = JSONShape<ReaderRow>(
        "Reader",
        [
            .string("stream", "Empty when it is not known.") { $0.stream },
            .string("name", "") { $0.name },
            .choice("kind", ["fan-out", "kcl"], "") { $0.kind.rawValue },
            .optionalInteger("createdAt", "") { $0.createdAt },
            .integer("workers", "Of an application.") { $0.workers },
            .optionalInteger("lagRecords", "") { $0.lagRecords },
            .optionalNumber("lagSeconds", "") { $0.lagSeconds },
            .optionalChoice("status", LagStatus.names, "") { $0.status },
        ]
    )
}

extension ClientRow {
    static let shape = JSONShape<ClientRow>(
        "Client",
        [
            .string("address", "") { $0.address }, .string("face", "kafka or kinesis.") { $0.face },
            .integer("connections", "") { $0.connections },
        ]
    )
}

extension SettingRow {
    static let shape = JSONShape<SettingRow>(
        "Setting",
        [
            .string("name", "") { $0.name },
            .optionalString("value", "null: not set, or secret.") { $0.value },
            .string("source", "Kafka's name.") { $0.source },
            .optionalString("default", "") { $0.defaultValue },
            .string("type", "Kafka's name.") { $0.type },
            .string("allowed", "In words.") { $0.allowed },
            .boolean("isReadOnly", "It cannot be changed while the broker runs.") { $0.isReadOnly },
            .boolean("isSensitive", "") { $0.isSensitive },
            .boolean("isSet", "Set rather than a default.") { $0.isSet },
            .string("help", "") { $0.help },
        ]
    )
}

extension FaceView {
    static let shape = JSONShape<FaceView>(
        "Face",
        [
            .integer("connections", "") { $0.connections }, .integer("requests", "") { $0.requests },
            .integer("requestsFailed", "") { $0.requestsFailed },
            .integer("bytesReceived", "") { $0.bytesReceived }, .integer("bytesSent", "") { $0.bytesSent },
            .integer("recordsAppended", "") { $0.recordsAppended },
            .integer("recordBytesAppended", "") { $0.recordBytesAppended },
            .integer("recordBytesRead", "") { $0.recordBytesRead },
        ]
    )
}

extension OverviewView {
    static let shape = JSONShape<OverviewView>(
        "Overview",
        [
            .string("clusterID", "") { $0.clusterID }, .integer("brokerID", "") { $0.brokerID },
            .string("version", "") { $0.version }, .integer("startedAt", "") { $0.startedAt },
            .integer("now", "") { $0.now }, .integer("topics", "") { $0.topics },
            .integer("partitions", "") { $0.partitions },
            .integer("offlinePartitions", "") { $0.offlinePartitions },
            .integer("damagedRanges", "") { $0.damagedRanges }, .integer("sizeBytes", "") { $0.sizeBytes },
            .optionalInteger("diskFreeBytes", "") { $0.diskFreeBytes },
            .optionalInteger("diskSizeBytes", "") { $0.diskSizeBytes }, .integer("groups", "") { $0.groups },
            .list("worstGroups", GroupRow.shape, "Those furthest behind.") { $0.worstGroups },
            .list("largestTopics", TopicRow.shape, "") { $0.largestTopics },
            .object("kafka", FaceView.shape, "Since the start.") { $0.kafka },
            .object("kinesis", FaceView.shape, "Since the start.") { $0.kinesis },
            .integer("connectionBufferBytes", "") { $0.connectionBufferBytes },
            .optionalString("problem", "Why clients are not served.") { $0.problem },
            .integer("alarms", "How many alarms ring; /api/v1/alarms has them.") { $0.alarms.count },
        ]
    )
}
