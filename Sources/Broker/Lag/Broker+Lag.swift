internal import LogCore
internal import Model
internal import Serving

extension Broker {
    /// How far every group that this broker coordinates is behind, as it was measured within the last ten seconds.
    package var lag: LagSnapshot { self.lagMonitor.current }

    /// The same metrics by the names of kafka_exporter, topics and partitions among them.
    package func kafkaExporterText() -> String {
        let brokers = BrokerMetrics.gauge("kafka_brokers", "Number of Brokers in the Kafka Cluster.", 1)
        func head(_ name: String, _ help: String) -> String { BrokerMetrics.head(name, help, "gauge") }
        var counts = head("kafka_topic_partitions", "Number of partitions for this Topic")
        var ends = head("kafka_topic_partition_current_offset", "Current Offset of a Broker at Topic/Partition")
        var starts = head("kafka_topic_partition_oldest_offset", "Oldest Offset of a Broker at Topic/Partition")
        for topic in self.topics.current.all.sorted(by: { $0.name < $1.name }) {
            counts += "kafka_topic_partitions{topic=\"\(topic.name)\"} \(topic.partitionCount)\n"
            for hosted in topic.served {
                let offsets = hosted.log.offsets
                let labels = "partition=\"\(hosted.partition.partition)\",topic=\"\(topic.name)\""
                ends += "kafka_topic_partition_current_offset{\(labels)} \(offsets.highWatermark)\n"
                starts += "kafka_topic_partition_oldest_offset{\(labels)} \(offsets.logStart)\n"
            }
        }
        return brokers + counts + ends + starts + self.lag.kafkaExporterText
    }
}
