internal import ArgumentParser

@main
struct Millrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "One durable log that speaks Apache Kafka's protocol and the Amazon Kinesis API.",
        discussion: """
            Start a server with `millrace serve --data-dir DIR`, then point any Kafka client at port 9092 and any \
            Kinesis client at http://HOST:4567.
            """,
        version: Version.text,
        subcommands: [
            ServeCommand.self,
            TopicCommand.self,
            StreamCommand.self,
            GroupCommand.self,
            ACLCommand.self,
            UserCommand.self,
            TokenCommand.self,
            KeyCommand.self,
            AdminCommand.self,
            QuotaCommand.self,
            ProduceCommand.self,
            ConsumeCommand.self,
            SearchCommand.self,
            BenchCommand.self,
            StatusCommand.self,
            TopCommand.self,
            DoctorCommand.self,
            CheckCommand.self,
            RepairCommand.self,
            ImportCommand.self,
            MirrorCommand.self,
            ProfileCommand.self,
            DebugCommand.self,
            GenerateCommand.self,
            VersionCommand.self,
        ]
    )

    static func main() async {
        await self.main(WatchOptions.completed(Array(CommandLine.arguments.dropFirst())))
    }
}
