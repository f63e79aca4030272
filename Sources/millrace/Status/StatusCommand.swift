internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model
internal import Text

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what a server or a cluster is and how it is.",
        discussion: """
            Asks the Kafka port; the Kinesis port and the admin port too where they are named by an option, the \
            environment or a profile. A port that does not answer is said to be so, and the command ends with 3 then.

            Examples:
              millrace status
              millrace status --admin http://127.0.0.1:8080 --endpoint http://127.0.0.1:4567 --watch
            """
    )

    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var ports: PortOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var watch: WatchOptions

    func run() async throws {
        try await Reporting.run {
            try await self.kafka.withCluster { cluster in
                try await self.watch.repeating {
                    let status = try await ServerStatus.read(cluster, self.ports, self.kafka.tlsFiles.filesOrDefault)
                    try self.output.publish(status.table, names: [status.clusterID], json: status.json)
                    if !status.failures.isEmpty, self.watch.watch == nil { throw ExitCode(Reporting.partial) }
                }
            }
        }
    }
}
