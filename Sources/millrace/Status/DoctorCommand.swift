internal import ArgumentParser
internal import CommandCore
internal import KafkaClient

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what usually goes wrong with a server, and say what to do.",
        discussion: """
            Connects as a client does, then dials the address that every broker advertises: a client that is sent to \
            an \
            address which it cannot reach is the most frequent fault of all. Looks at who may connect without saying \
            who he is, at certificates that end soon, at the clocks of both sides, at the admin and the Kinesis port, \
            and with --data-dir at the disk and the limits of this machine. Ends with 1 when there is a problem; \
            warnings do not count.

            Examples:
              millrace doctor
              millrace doctor --bootstrap broker.example.org:9092 --endpoint http://broker.example.org:4567
              millrace doctor --data-dir /var/lib/millrace -o json
            """
    )

    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var ports: PortOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Reporting.run {
            var examination = Examination(ports: self.ports, files: self.kafka.tlsFiles.filesOrDefault)
            do {
                try await self.kafka.withCluster { try await examination.lookAtKafka($0) }
            } catch let error as Failure where error.exitCode == Reporting.unreachable {
                examination.add(
                    "kafka",
                    .problem,
                    error.description,
                    "see that the server runs and listens there: `millrace serve --data-dir DIR`"
                )
            } catch let error as ClientError {
                examination.add("kafka", .problem, error.message, "see the server's log")
            }
            await examination.lookAtKinesis()
            await examination.lookAtAdmin()
            examination.lookAtMachine()
            let findings = examination.findings
            let problems = findings.count { $0.verdict == .problem }
            let warnings = findings.count { $0.verdict == .warning }
            try self.output.publish(
                HealthFinding.table(findings),
                before:
                    "\(problems) problem\(problems == 1 ? "" : "s"), \(warnings) warning\(warnings == 1 ? "" : "s")\n\n",
                names: findings.filter { $0.verdict == .problem }.map(\.subject),
                json: HealthFinding.json(findings)
            )
            if problems > 0 { throw ExitCode(1) }
        }
    }
}
