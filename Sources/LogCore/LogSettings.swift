/// The settings of one partition's log: Kafka's topic configs of the same name, resolved.
package struct LogSettings: Sendable, Equatable {
    package enum TimestampType: Sendable { case createTime, logAppendTime }

    /// `segment.bytes`
    package var segmentBytes: Int64 = 1 << 30
    /// `segment.ms`, and for a compacted topic `max.compaction.lag.ms` where that is shorter
    package var segmentMilliseconds: Int64 = 604_800_000
    /// `segment.index.bytes`
    package var segmentIndexBytes: Int64 = 10 << 20
    /// `index.interval.bytes`
    package var indexIntervalBytes: Int64 = 4096
    /// `retention.bytes`; negative means no limit
    package var retentionBytes: Int64 = -1
    /// `retention.ms`; negative means no limit
    package var retentionMilliseconds: Int64 = 604_800_000
    /// `file.delete.delay.ms`
    package var fileDeleteDelayMilliseconds: Int64 = 60_000
    /// `max.message.bytes`: of a batch, after compression
    package var messageBytesMax: Int = 1_048_588
    /// `message.timestamp.type`
    package var timestampType: TimestampType = .createTime
    /// `cleanup.policy` contains `delete`
    package var cleanupDelete = true
    /// `cleanup.policy` contains `compact`
    package var cleanupCompact = false
    /// `delete.retention.ms`
    package var deleteRetentionMilliseconds: Int64 = 86_400_000
    /// `segment.jitter.ms`: up to how much earlier than by `segmentMilliseconds` a segment ends
    package var segmentJitterMilliseconds: Int64 = 0
    /// `preallocate`
    package var preallocates = false
    /// `min.cleanable.dirty.ratio`
    package var minCleanableDirtyRatio = 0.5
    /// `min.compaction.lag.ms`
    package var minCompactionLagMilliseconds: Int64 = 0
    /// `max.compaction.lag.ms`; `Int64.max` means no limit
    package var maxCompactionLagMilliseconds: Int64 = .max
    /// `flush.messages`. 1, Millrace's default, means durable before acknowledged, through the journal. A larger
    /// number skips the journal and forces the segment every that many records.
    package var flushMessages: Int64 = 1
    /// `flush.ms`: the longest that records of a topic with `flushMessages` > 1 stay unforced. Without meaning for a
    /// topic with `flushMessages` 1, whose records are durable before they are acknowledged. Checkpoints force every
    /// few seconds anyway, so `Int64.max`, never by time, is what only they bound.
    package var flushMilliseconds: Int64 = .max
    /// `fetch.verify.checksums`: the checksum of a batch that comes from a file is looked at before a Kafka client gets
    /// it, see `ReadRequest.isForwarded`.
    package var verifiesFetches = true
    /// `producer.id.expiration.ms`
    package var producerIDExpirationMilliseconds: Int64 = 86_400_000

    package init() {}

    /// Whether appends are durable before they are acknowledged.
    package var isJournaled: Bool { self.flushMessages <= 1 }

    /// How much earlier than by `segmentMilliseconds` a segment that begins now is to end.
    package func rollJitter(random: () -> UInt64) -> Int64 {
        let most = min(self.segmentJitterMilliseconds, self.segmentMilliseconds)
        return most > 0 ? Int64(random() % UInt64(most)) : 0
    }
}
