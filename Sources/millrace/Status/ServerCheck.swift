internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model

/// From where on a check of a running server is not well.
struct ServerCheckOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Warn when a group is so many records behind.", valueName: "records"))
    var lagWarning: Int64?

    @Option(help: ArgumentHelp("It is critical when a group is so many records behind.", valueName: "records"))
    var lagCritical: Int64?

    @Option(
        name: .customLong("group"),
        parsing: .singleValue,
        help: ArgumentHelp("Only the lag of this group; repeatable. (default: all)", valueName: "name")
    )
    var groups: [String] = []

    var lag: MonitoringResult.Limit { MonitoringResult.Limit(warning: self.lagWarning, critical: self.lagCritical) }
}

/// `millrace check` of a running server: a plug-in for Nagios, Icinga, Sensu and the like.
struct ServerCheck {
    let kafka: KafkaOptions
    let ports: PortOptions
    let limits: ServerCheckOptions

    /// - Throws: `ExitCode`: 1 warning, 2 critical, 3 unknown.
    func run() async throws {
        var result = MonitoringResult()
        do {
            try await self.kafka.withCluster { cluster in
                let status = try await ServerStatus.read(cluster, self.ports, self.kafka.tlsFiles.filesOrDefault)
                Self.judge(status, &result)
                try await self.judgeLag(cluster, &result)
            }
        } catch let error as ClientError {
            result.add(error.code == .unauthenticated ? .unknown : .critical, error.message)
        } catch let error as Failure {
            result.add(error.exitCode == Reporting.unreachable ? .critical : .unknown, error.description)
        } catch {
            result.add(.unknown, "\(error)")
        }
        try ResultOutput.write(result.line)
        if result.state != .ok { throw ExitCode(result.state.rawValue) }
    }

    private static func judge(_ status: ServerStatus, _ result: inout MonitoringResult) {
        result.note("\(status.brokers.count) broker\(status.brokers.count == 1 ? "" : "s")")
        result.note("\(status.topics) topics, \(status.partitions) partitions")
        if let readiness = status.readiness { result.note(readiness) }
        for failure in status.failures {
            result.add(failure.port == "groups" ? .unknown : .critical, "\(failure.port): \(failure.reason)")
        }
        let none = MonitoringResult.Limit(warning: nil, critical: nil)
        result.measure("topics", Int64(status.topics), none, "")
        result.measure("partitions", Int64(status.partitions), none, "")
        result.measure(
            "offline_partitions",
            Int64(status.offline),
            MonitoringResult.Limit(warning: nil, critical: 1),
            "\(status.offline) partitions have no leader"
        )
        result.measure(
            "under_replicated_partitions",
            Int64(status.underReplicated),
            MonitoringResult.Limit(warning: 1, critical: nil),
            "\(status.underReplicated) partitions have replicas that are not in sync"
        )
    }

    private func judgeLag(_ cluster: KafkaCluster, _ result: inout MonitoringResult) async throws {
        guard self.limits.lag != MonitoringResult.Limit(warning: nil, critical: nil) || !self.limits.groups.isEmpty
        else { return }
        let admin = Admin(cluster: cluster)
        let groups = self.limits.groups.isEmpty ? try await admin.listGroups().map(\.groupID) : self.limits.groups
        var worst: (group: String, lag: Int64) = ("", 0)
        for group in groups {
            let lag = try await admin.progress(of: group).reduce(Int64(0)) { $0 + ($1.lag ?? 0) }
            if lag > worst.lag { worst = (group, lag) }
        }
        result.measure("lag", worst.lag, self.limits.lag, "group \(worst.group) is \(worst.lag) records behind")
    }
}
