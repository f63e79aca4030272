internal import LogCore
internal import Model

extension Broker {
    /// How far every group that this broker coordinates is behind, as it was measured within the last ten seconds.
    package var lag: LagSnapshot { self.lagMonitor.current }

    /// The same metrics by the names of kafka_exporter, topics and partitions among them.
    package func kafkaExporterText() -> String {
        var brokers = "# HELP kafka_brokers Number of Brokers in the Kafka Cluster.\n# TYPE kafka_brokers gauge\n"
        brokers += "kafka_brokers 1\n"
        var counts = "# HELP kafka_topic_partitions Number of partitions for this Topic\n"
        counts += "# TYPE kafka_topic_partitions gauge\n"
        var ends = "# HELP kafka_topic_partition_current_offset Current Offset of a Broker at Topic/Partition\n"
        ends += "# TYPE kafka_topic_partition_current_offset gauge\n"
        var starts = "# HELP kafka_topic_partition_oldest_offset Oldest Offset of a Broker at Topic/Partition\n"
        starts += "# TYPE kafka_topic_partition_oldest_offset gauge\n"
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
