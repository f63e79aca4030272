import Model

@testable import Metadata

let topicID = TopicID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
/// 2026-11-23T22:00:00Z
let now: Timestamp = 1_795_471_200_000

/// A stored topic made by the planner.
func makeTopic(
    _ name: String = "orders",
    partitions: Int,
    configs: [String: String] = [:],
    origin: TopicOrigin = .kinesis,
    id: TopicID = topicID,
    revision: Int64 = 2
) throws -> Topic {
    try TopicPlanner.createTopic(
        TopicCreation(
            name: name,
            id: id,
            partitionCount: partitions,
            configs: configs,
            origin: origin,
            streamMode: .provisioned
        ),
        in: TopicsImage(),
        now: now
    ).committed(at: revision)
}

func entry(of topic: Topic) -> MetadataEntry {
    MetadataEntry(
        key: MetadataKeys.topic(name: topic.name),
        value: topic.encoded(),
        createRevision: 2,
        modRevision: topic.modRevision,
        version: 1
    )
}

/// The code of what a plan throws.
func code(_ body: () throws -> Void) -> TopicPlanError.Code? {
    do {
        try body()
        return nil
    } catch let error as TopicPlanError {
        return error.code
    } catch {
        return nil
    }
}
