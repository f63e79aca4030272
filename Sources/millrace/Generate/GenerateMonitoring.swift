internal import ArgumentParser

extension GenerateCommand {
    struct Prometheus: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prometheus",
            abstract: "Print a configuration of Prometheus that scrapes servers, or the alert rules for them.",
            discussion: """
                For example:

                  millrace generate prometheus --target broker-1:8080 --target broker-2:8080 > prometheus.yml
                  millrace generate prometheus --rules > millrace.rules.yml
                """
        )

        @Option(
            name: .customLong("target"),
            parsing: .singleValue,
            help: "The admin address of a server, HOST:PORT; repeatable. (default: localhost:8080)"
        )
        var targets: [String] = []

        @Option(help: "How often to scrape.")
        var interval = "15s"

        @Flag(help: "Print the alert rules instead.")
        var rules = false

        @Option(help: "Write prometheus.yml and millrace.rules.yml there, instead of printing.", completion: .directory)
        var dir: String?

        func run() throws {
            let rules = GeneratedFile(name: "millrace.rules.yml", text: ShippedFiles.alertRules)
            if self.rules, self.dir == nil { return try GeneratedFile.publish([rules], directory: nil) }
            let targets = try (self.targets.isEmpty ? ["localhost:8080"] : self.targets).map {
                try GeneratedFile.checked($0, option: "--target", allowing: "-._:[]")
            }
            let interval = try GeneratedFile.checked(self.interval, option: "--interval", allowing: "")
            let text = """
                global:
                  scrape_interval: \(interval)
                  evaluation_interval: \(interval)
                rule_files:
                  - millrace.rules.yml
                scrape_configs:
                  # The alert rules name the job.
                  - job_name: millrace
                    metrics_path: /metrics
                    static_configs:
                      - targets: [\(targets.map { "\"\($0)\"" }.joined(separator: ", "))]

                """
            let scrape = GeneratedFile(name: "prometheus.yml", text: text)
            try GeneratedFile.publish(self.dir == nil ? [scrape] : [scrape, rules], directory: self.dir)
        }
    }

    struct Grafana: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "grafana",
            abstract: "Print a Grafana dashboard, or write all of them.",
            discussion: """
                Without a name it lists the names. Grafana imports the files as they are and asks for the data source.

                  millrace generate grafana millrace-overview > overview.json
                  millrace generate grafana --dir /var/lib/grafana/dashboards
                """
        )

        @Argument(help: "The name of a dashboard.", completion: .list(ShippedFiles.dashboards.map(\.name)))
        var name: String?

        @Option(help: "Write them there, instead of printing.", completion: .directory)
        var dir: String?

        func run() throws {
            let all = ShippedFiles.dashboards.map { GeneratedFile(name: "\($0.name).json", text: $0.text) }
            guard let name else {
                if let dir { return try GeneratedFile.publish(all, directory: dir) }
                return try ResultOutput.write(ShippedFiles.dashboards.map { $0.name + "\n" }.joined())
            }
            guard let one = all.first(where: { $0.name == "\(name).json" }) else {
                let names = ShippedFiles.dashboards.map(\.name).joined(separator: ", ")
                throw Failure("there is no dashboard '\(name)'; there are \(names)")
            }
            try GeneratedFile.publish([one], directory: self.dir)
        }
    }
}
