internal import LogCore
internal import Metadata
internal import Model
internal import Serving
internal import Synchronization

// What `/metrics` says. It walks all partitions and takes each one's lock for a moment, so it is made off the event
// loops; the number of its series is bounded by `metrics.topics.max`, `metrics.groups.max` and `metrics.partitions`.

extension Broker {
    /// Prometheus text of everything that this broker counts. Takes a few milliseconds for thousands of partitions.
    package func metricsText() -> String {
        var metrics = MetricsText()
        metrics.append(self.metrics.prometheusText())
        self.writeTopics(into: &metrics)
        self.writeMemory(into: &metrics)
        self.writeDisk(into: &metrics)
        self.writeEngine(into: &metrics)
        self.writeObjectStore(into: &metrics)
        metrics.append(self.engine.compactionMetrics?.prometheusText ?? "")
        self.writeDamage(into: &metrics)
        self.writeScrubber(into: &metrics)
        metrics.append(self.telemetry.prometheusText())
        metrics.append(self.quotas.prometheusText)
        let (lag, seriesMax) = (self.lag, self.configs.int("metrics.groups.max"))
        metrics.append(lag.prometheusText(seriesMax: seriesMax))
        lag.readers.write(into: &metrics, seriesMax: seriesMax)
        return metrics.text
    }

    // MARK: Topics

    private func writeTopics(into metrics: inout MetricsText) {
        let table = self.topics.current
        let configs = self.configs
        let topics = Array(table.all)
        metrics.gauge("millrace_topics", "Topics, internal ones included.", table.count)
        metrics.gauge("millrace_partitions", "Partitions of all topics.", topics.reduce(0) { $0 + $1.partitionCount })
        let samples = topics.map { topic in
            var sample = TopicSelection.Sample(
                id: topic.id,
                name: topic.name,
                traffic: TopicTraffic(),
                sizeBytes: 0,
                partitions: topic.partitionCount
            )
            for hosted in topic.served {
                sample.traffic += hosted.traffic.current
                sample.sizeBytes += hosted.log.sizeBytes
            }
            return sample
        }
        let selected = self.topicSelection.withLock {
            $0.select(samples, limit: configs.int("metrics.topics.max"))
        }
        metrics.gauge(
            "millrace_metrics_topics_left_out",
            "Topics without series of their own (metrics.topics.max), which are summed up as \\\"(others)\\\".",
            selected.leftOut
        )
        Self.writeTraffic(selected, into: &metrics)
        let rows = selected.own + (selected.leftOut > 0 ? [selected.others] : [])
        metrics.family("millrace_topic_size_bytes", "Bytes that a topic's partitions occupy.", .gauge)
        for row in rows { metrics.value(Self.label(row), row.sizeBytes) }
        metrics.family("millrace_topic_partitions", "Partitions of a topic.", .gauge)
        for row in rows { metrics.value(Self.label(row), row.partitions) }
        let own = selected.own.compactMap { row in table.topic(id: row.id).map { (row, $0) } }
        metrics.family("millrace_topic_retention_seconds", "retention.ms of a topic, where it has a limit.", .gauge)
        for (row, topic) in own {
            let milliseconds = configs.settings(for: topic.topic).int64("retention.ms")
            if milliseconds >= 0 { metrics.value(Self.label(row), Double(milliseconds) / 1000) }
        }
        metrics.family("millrace_stream_shards", "Shards of a stream, open or closed.", .gauge)
        for (row, topic) in own where TopicName.isVisibleToKinesis(row.name) {
            let open = topic.topic.shards.count(where: \.isOpen)
            let stream = MetricsText.label("stream", row.name)
            metrics.value("\(stream),state=\"open\"", open)
            metrics.value("\(stream),state=\"closed\"", topic.topic.shards.count - open)
        }
        metrics.family(
            "millrace_stream_throttled_total",
            "Records (write) and calls of GetRecords (read) that a stream's throughput limits refused.",
            .counter
        )
        let throttles = self.metrics.kinesis.throttles.current { table.topic(id: $0) != nil }
        for (row, topic) in own {
            guard let counts = throttles[topic.id] else { continue }
            let stream = MetricsText.label("stream", row.name)
            metrics.value("\(stream),direction=\"write\"", counts.writes)
            metrics.value("\(stream),direction=\"read\"", counts.reads)
        }
        Self.writePartitions(topics, PartitionSeries(configs.string("metrics.partitions") ?? "off"), into: &metrics)
    }

    private static func label(_ row: TopicSelection.Sample) -> String { MetricsText.label("topic", row.name) }

    private static let trafficFamilies: [(PartitionTraffic.Quantity, String, String)] = [
        (.appendedBytes, "appended_bytes", "Bytes of record batches appended to a topic by clients."),
        (.appendedRecords, "appended_records", "Records appended to a topic by clients."),
        (.readBytes, "read_bytes", "Bytes of record batches of a topic sent to clients."),
        (.readRecords, "read_records", "Records of a topic sent to clients."),
    ]

    /// A face that has not touched a topic has no series of it.
    private static func writeTraffic(_ selected: TopicSelection.Selected, into metrics: inout MetricsText) {
        let rows = selected.own + [selected.others]
        for (quantity, name, help) in Self.trafficFamilies {
            metrics.family("millrace_topic_\(name)_total", help, .counter)
            for row in rows {
                for face in PartitionTraffic.Face.allCases where row.traffic[quantity, face] > 0 {
                    metrics.value("\(Self.label(row)),protocol=\"\(face.name)\"", row.traffic[quantity, face])
                }
            }
        }
    }

    private static func writePartitions(
        _ topics: [HostedTopic],
        _ wanted: PartitionSeries,
        into metrics: inout MetricsText
    ) {
        var partitions: [HostedPartition] = []
        switch wanted {
        // The families are there, without series.
        case .off: break
        case .all: partitions = topics.flatMap(\.served)
        case .top(let count):
            let all = topics.flatMap(\.served).map { ($0, $0.log.sizeBytes) }
            partitions = all.sorted { $0.1 > $1.1 }.prefix(count).map(\.0)
        }
        let rows = partitions.map { hosted in
            let topic = MetricsText.label("topic", hosted.topicName)
            return ("\(topic),partition=\"\(hosted.partition.partition)\"", hosted.log.offsets, hosted.log.sizeBytes)
        }
        metrics.family("millrace_partition_start_offset", "The first offset that a partition holds.", .gauge)
        for (labels, offsets, _) in rows { metrics.value(labels, offsets.logStart) }
        metrics.family("millrace_partition_high_watermark", "The end of what readers of a partition see.", .gauge)
        for (labels, offsets, _) in rows { metrics.value(labels, offsets.highWatermark) }
        metrics.family("millrace_partition_size_bytes", "Bytes that a partition occupies.", .gauge)
        for (labels, _, bytes) in rows { metrics.value(labels, bytes) }
    }

    // MARK: Resources

    private func writeMemory(into metrics: inout MetricsText) {
        metrics.gauge(
            "millrace_connection_buffer_bytes",
            "Bytes that connections hold in buffers, of --memory-limit.",
            self.memory.heldBytes
        )
        var pools: [(pool: String, limit: Int, used: Int)] = [
            ("connections", self.memory.bytesMax, self.memory.heldBytes),
            ("groups", self.groupMemory.bytesMax, self.groupMemory.bytesUsed),
            ("group_offsets", self.offsetMemory.bytesMax, self.offsetMemory.bytesUsed),
        ]
        for pool in self.engine.statistics?.pools ?? self.engine.objectStatistics?.pools ?? [] {
            pools.append((pool.name, Int(clamping: pool.limitBytes), Int(clamping: pool.usedBytes)))
        }
        metrics.family("millrace_memory_limit_bytes", "What each part of the server may use of memory.", .gauge)
        for (pool, limit, _) in pools { metrics.value("pool=\"\(pool)\"", limit) }
        metrics.family("millrace_memory_used_bytes", "What each part of the server uses of memory.", .gauge)
        for (pool, _, used) in pools { metrics.value("pool=\"\(pool)\"", used) }
    }

    private func writeDisk(into metrics: inout MetricsText) {
        guard let space = self.environment.logDirectory.space() else { return }
        metrics.gauge(
            "millrace_disk_free_bytes",
            "Bytes of the data directory's volume that may be used.",
            space.usableBytes
        )
        metrics.gauge("millrace_disk_size_bytes", "Bytes of the data directory's volume.", space.totalBytes)
    }

    private func writeEngine(into metrics: inout MetricsText) {
        guard let statistics = self.engine.statistics else { return }
        metrics.family(
            "millrace_journal_write_duration_seconds",
            "How long the durable writes of the journal took, each of them for all partitions.",
            .histogram
        )
        metrics.histogram("", statistics.journalWrites)
        metrics.counter(
            "millrace_journal_written_bytes_total",
            "Bytes that the journal wrote, its own included.",
            statistics.journalWrittenBytes
        )
        metrics.gauge(
            "millrace_journal_queue_bytes",
            "Bytes of record batches that wait for the journal or are being written by it.",
            statistics.journalQueuedBytes
        )
        metrics.gauge(
            "millrace_checkpoint_age_seconds",
            "How long the oldest change that no checkpoint has forced has been there; 0 while there is none.",
            statistics.checkpointAgeSeconds
        )
        metrics.family(
            "millrace_segments_deleted_bytes_total",
            "Bytes of segments that were deleted: by retention of time or size, by DeleteRecords, or with their topic.",
            .counter
        )
        for (reason, bytes) in statistics.deletedBytes { metrics.value("reason=\"\(reason)\"", bytes) }
    }

    // MARK: Stored data

    /// Partitions without damage are not listed: there are many, and an alert asks for more than 0.
    private func writeDamage(into metrics: inout MetricsText) {
        metrics.gauge(
            "millrace_damaged_ranges",
            "Damaged offset ranges that readers are refused.",
            self.engine.damagedRangeCount
        )
        metrics.family(
            "millrace_partition_damaged_ranges",
            "Ranges of offsets that readers are refused, of partitions that have some.",
            .gauge
        )
        guard self.engine.damagedRangeCount > 0 else { return }
        var counts: [(label: String, count: Int)] = []
        for (topic, partition, _) in self.damage {
            let label = "topic=\"\(topic)\",partition=\"\(partition)\""
            if counts.last?.label == label { counts[counts.count - 1].count += 1 } else { counts.append((label, 1)) }
        }
        for (label, count) in counts { metrics.value(label, count) }
    }

    /// What the background verification of stored data has done; nothing when there is none.
    private func writeScrubber(into metrics: inout MetricsText) {
        guard let progress = self.engine.scrubProgress else { return }
        metrics.counter(
            "millrace_scrub_verified_bytes_total",
            "Bytes of stored batches that the scrubber verified.",
            progress.bytesVerified
        )
        metrics.counter("millrace_scrub_passes_total", "Passes of the scrubber.", progress.passes)
        metrics.counter(
            "millrace_scrub_damaged_ranges_total",
            "Damaged ranges that the scrubber was the first to meet.",
            progress.damagedRangesFound
        )
        metrics.counter(
            "millrace_scrub_unreadable_segments_total",
            "Segments that the disk did not let be verified.",
            progress.unreadableSegments
        )
        guard let last = progress.lastPassAt else { return }
        metrics.gauge(
            "millrace_scrub_last_pass_age_seconds",
            "Seconds since the scrubber last verified everything.",
            max(0, self.environment.now() - last) / 1000
        )
    }
}
