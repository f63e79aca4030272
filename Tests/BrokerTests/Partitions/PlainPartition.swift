import LogCore
import Model

@testable import Broker

extension HostedPartition {
    /// Partition 0 of a client's topic `t`, led here, with the one open shard of a topic and no rule that refuses.
    static func plain(_ log: any PartitionLog) -> HostedPartition {
        HostedPartition(
            topicName: "t",
            log: log,
            isInternal: false,
            rules: .init(
                leaderEpoch: LeaderEpoch(0),
                isSealed: false,
                messageBytesMax: 1 << 20,
                needsKeys: false,
                timestampBeforeMillisecondsMax: .max,
                timestampAfterMillisecondsMax: .max,
                isLogAppendTime: false
            ),
            shard: .open(ordinal: 0, start: 0)
        )
    }
}
