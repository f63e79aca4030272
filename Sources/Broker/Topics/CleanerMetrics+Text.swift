internal import LogCore
internal import Serving

extension CleanerMetrics {
    /// As `/metrics` shows it: what Kafka's cleaner counts.
    var prometheusText: String {
        let counters: [(String, String, Int64)] = [
            ("runs", "Runs of the cleaner that compacted a partition.", Int64(self.runs)),
            ("read_bytes", "Bytes of segments that compaction read.", self.bytesRead),
            ("written_bytes", "Bytes of segments that compaction wrote.", self.bytesWritten),
            ("read_records", "Records that compaction looked at.", self.recordsRead),
            ("kept_records", "Records that compaction kept.", self.recordsKept),
        ]
        let gauges: [(String, String, Int64)] = [
            ("max_dirty_percent", "Dirtiness of the dirtiest partition at the last look.", Int64(self.dirtyPercentMax)),
            ("max_buffer_utilization_percent", "The fullest map of keys of a run.", Int64(self.bufferPercentMax)),
            ("max_clean_time_milliseconds", "The longest run.", self.runMillisecondsMax),
            (
                "max_compaction_delay_milliseconds", "The most that a record is beyond max.compaction.lag.ms.",
                self.overdueMillisecondsMax
            ),
            ("uncleanable_partitions", "Partitions that cannot be compacted.", Int64(self.uncleanablePartitions)),
            ("idle_milliseconds", "Since the cleaner last looked for work.", self.idleMilliseconds),
        ]
        let text = counters.map { name, help, value in
            BrokerMetrics.counter("millrace_log_cleaner_\(name)_total", help, value)
        }
        return text.joined()
            + gauges.map { BrokerMetrics.gauge("millrace_log_cleaner_\($0)", $1, Int(clamping: $2)) }.joined()
    }
}
