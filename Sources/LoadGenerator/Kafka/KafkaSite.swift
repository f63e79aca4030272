package import KafkaClient

/// Where a load on a Kafka cluster runs, and who watches it.
package struct KafkaSite: Sendable {
    package var cluster: KafkaCluster
    /// The cluster's address as people gave it, for the report.
    package var target: String
    package var processes: ServerProcesses
    package var progress: LoadProgress

    package init(
        cluster: KafkaCluster,
        target: String,
        processes: ServerProcesses,
        progress: @escaping LoadProgress
    ) {
        self.cluster = cluster
        self.target = target
        self.processes = processes
        self.progress = progress
    }
}
