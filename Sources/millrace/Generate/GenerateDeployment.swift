internal import ArgumentParser
internal import FoundationEssentials

extension GenerateCommand {
    struct Systemd: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "systemd",
            abstract: "Print a unit for systemd that runs this binary.",
            discussion: """
                The unit of the Debian package, with its hardening, for a binary that was not installed by it. The \
                user must exist; systemd makes a data directory below /var/lib, another one you make yourself.

                  millrace generate systemd --user millrace > /etc/systemd/system/millrace.service
                """
        )

        @Option(help: "The binary. (default: this one)", completion: .file())
        var binary: String?

        @Option(help: "Where everything is kept.", completion: .directory)
        var dataDir = "/var/lib/millrace"

        @Option(help: "Who it runs as.")
        var user = "millrace"

        @Option(help: "A configuration file; without one the environment and $MILLRACE_OPTS hold.", completion: .file())
        var config: String?

        func run() throws {
            let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let binary = try GeneratedFile.checked(self.binary ?? own ?? "/usr/bin/millrace", option: "--binary")
            let dataDir = try GeneratedFile.checked(self.dataDir, option: "--data-dir")
            let user = try GeneratedFile.checked(self.user, option: "--user", allowing: "-_")
            guard binary.hasPrefix("/"), dataDir.hasPrefix("/") else {
                throw Failure("--binary and --data-dir are absolute paths")
            }
            var unit = ShippedFiles.systemdUnit
            let config = try self.config.map { " --config \(try GeneratedFile.checked($0, option: "--config"))" } ?? ""
            unit.replace(
                "/usr/bin/millrace serve --config /etc/millrace/millrace.yaml --data-dir /var/lib/millrace",
                with: "\(binary) serve\(config) --data-dir \(dataDir)"
            )
            unit.replace("User=millrace\nGroup=millrace\n", with: "User=\(user)\nGroup=\(user)\n")
            unit.replace("WorkingDirectory=/var/lib/millrace\n", with: "WorkingDirectory=\(dataDir)\n")
            unit.replace("ConfigurationDirectory=millrace\n", with: "")
            let state = "StateDirectory=millrace\nStateDirectoryMode=0750\n"
            let base = "/var/lib/"
            unit.replace(
                state,
                with: dataDir.hasPrefix(base)
                    ? "StateDirectory=\(dataDir.dropFirst(base.count))\nStateDirectoryMode=0750\n"
                    : "ReadWritePaths=\(dataDir)\n"
            )
            try GeneratedFile.publish([GeneratedFile(name: "millrace.service", text: unit)], directory: nil)
        }
    }

    struct Compose: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compose",
            abstract: "Print a compose file that runs the container image.",
            discussion: """
                Clients on the host reach it by localhost, those in other containers of the file by its service name: \
                each listener advertises the address by which its clients come.

                  millrace generate compose > compose.yaml && docker compose up -d
                """
        )

        @Option(help: "The image.")
        var image = "millrace:\(Version.number)"

        @Option(help: "The name of the service, by which other containers reach it.")
        var name = "millrace"

        @Option(help: "The name by which clients outside reach it.")
        var host = "localhost"

        @Option(help: "What the server may use of memory.")
        var memoryLimit = "512MiB"

        @Flag(
            help:
                "Beside it Prometheus, with the scrape configuration and rules of `millrace generate prometheus --dir .`"
        )
        var prometheus = false

        func run() throws {
            let image = try GeneratedFile.checked(self.image, option: "--image", allowing: "-._/:@")
            let name = try GeneratedFile.checked(self.name, option: "--name", allowing: "-")
            let host = try GeneratedFile.checked(self.host, option: "--host", allowing: "-.")
            let memory = try GeneratedFile.checked(self.memoryLimit, option: "--memory-limit", allowing: "")
            var text = """
                services:
                  \(name):
                    image: \(image)
                    environment:
                      # Containers reach 19092, and clients outside 9092.
                      KAFKA_LISTENERS: "INSIDE://0.0.0.0:19092,OUTSIDE://0.0.0.0:9092"
                      KAFKA_ADVERTISED_LISTENERS: "INSIDE://\(name):19092,OUTSIDE://\(host):9092"
                      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT"
                      MILLRACE_MEMORY_LIMIT: "\(memory)"
                    ports:
                      - "9092:9092"
                      - "4566:4566"
                      - "127.0.0.1:8080:8080"
                    volumes:
                      - \(name)-data:/var/lib/millrace
                    restart: unless-stopped
                    stop_grace_period: 30s

                """
            if self.prometheus {
                text += """
                      prometheus:
                        image: prom/prometheus
                        volumes:
                          - ./prometheus.yml:/etc/prometheus/prometheus.yml:ro
                          - ./millrace.rules.yml:/etc/prometheus/millrace.rules.yml:ro
                        ports:
                          - "127.0.0.1:9090:9090"

                    """
            }
            text += """
                volumes:
                  \(name)-data: {}

                """
            try GeneratedFile.publish([GeneratedFile(name: "compose.yaml", text: text)], directory: nil)
        }
    }
}
