internal import ClientTLS
internal import CommandCore
internal import Glibc
internal import KafkaClient
internal import Model
internal import NIOCore
internal import NIOPosix
internal import Text

/// What `millrace doctor` looks at, one port after the other.
struct Examination {
    private(set) var findings: [HealthFinding] = []
    private let ports: PortOptions
    private let files: ClientTLS.Files

    init(ports: PortOptions, files: ClientTLS.Files) {
        self.ports = ports
        self.files = files
    }

    mutating func add(
        _ subject: String,
        _ verdict: HealthFinding.Verdict,
        _ text: String,
        _ advice: String = ""
    ) {
        self.findings.append(HealthFinding(subject, verdict, text, advice: advice))
    }

    // MARK: - Kafka

    mutating func lookAtKafka(_ cluster: KafkaCluster) async throws {
        let first = try await cluster.anyConnection()
        self.add("kafka", .ok, "\(first.address) answers")
        let description = try await Admin(cluster: cluster).describeCluster()
        for (id, address) in description.brokers.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            await self.dial(id.rawValue, address, as: first.address, cluster.settings)
        }
        await self.lookAtAuthentication(first.address, cluster.settings)
        if let tls = cluster.settings.tls { await self.lookAtCertificate(first.address, tls) }
        let topics = try await Admin(cluster: cluster).listTopics()
        let offline = topics.flatMap { topic in
            topic.partitions.filter { $0.leader == nil }.map { "\(topic.name)-\($0.index)" }
        }
        if let one = offline.first {
            self.add(
                "partitions",
                .problem,
                "\(offline.count) without a leader, \(one) for one",
                "start the brokers that have them"
            )
        } else {
            self.add("partitions", .ok, "all \(topics.reduce(0) { $0 + $1.partitions.count }) have a leader")
        }
    }

    /// Connects to an address that clients are sent to.
    private mutating func dial(
        _ id: Int32,
        _ address: BrokerAddress,
        as used: BrokerAddress,
        _ settings: ClientSettings
    ) async {
        let subject = "advertised address of broker \(id)"
        var settings = settings
        settings.connectTimeout = .seconds(5)
        let began = ContinuousClock.now
        do {
            let connection = try await BrokerConnection.connect(
                to: address,
                settings: settings,
                on: MultiThreadedEventLoopGroup.singleton
            )
            await connection.close()
        } catch {
            self.add(
                subject,
                .problem,
                "\(address) is advertised, and cannot be reached from here: \(error)",
                "advertise one that clients reach: `millrace serve --set advertised.listeners=PLAINTEXT://HOST:PORT`"
            )
            return
        }
        let time = (ContinuousClock.now - began) / .milliseconds(1)
        if Self.isLoopback(address.host), !Self.isLoopback(used.host) {
            self.add(
                subject,
                .problem,
                "\(address) is this machine's own, but \(used) was connected to: another server answers here",
                "advertise that address: `millrace serve --set advertised.listeners=PLAINTEXT://\(used)`"
            )
        } else {
            self.add(subject, .ok, "\(address) answers within \(Int(time)) ms")
        }
    }

    /// Whether strangers are served.
    private mutating func lookAtAuthentication(_ address: BrokerAddress, _ settings: ClientSettings) async {
        var stranger = settings
        stranger.login = nil
        stranger.retryTimeout = .seconds(2)
        let cluster = KafkaCluster(bootstrap: [address], settings: stranger)
        let isServed: Bool
        do {
            _ = try await Admin(cluster: cluster).listTopics()
            isServed = true
        } catch {
            isServed = false
        }
        await cluster.close()
        guard isServed else { return self.add("authentication", .ok, "\(address) asks clients who they are") }
        if Self.isLoopback(address.host) {
            self.add("authentication", .ok, "\(address) asks nobody who he is; it is reached from this machine alone")
        } else if settings.tls != nil {
            self.add(
                "authentication",
                .warning,
                "\(address) lists topics for clients without a password",
                "ask for certificates (ssl.client.auth=required) or passwords; see docs/security.md"
            )
        } else {
            self.add(
                "authentication",
                .warning,
                "everybody who reaches \(address) may read and change everything",
                "see docs/security.md, or listen on 127.0.0.1"
            )
        }
    }

    /// An end that is nearer deserves a warning.
    private static let certificateDaysMin: Int64 = 14

    private mutating func lookAtCertificate(_ address: BrokerAddress, _ tls: ClientTLS) async {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(5))
        do {
            let channel = try await bootstrap.connect(host: address.host, port: address.port, tls: tls).get()
            let expiry = await ClientTLS.certificateExpiry(of: channel)
            try? await channel.close()
            guard let expiry else { return }
            let days = (expiry - Clock.now / 1000) / 86_400
            self.add(
                "certificate",
                days < Self.certificateDaysMin ? .warning : .ok,
                "that of \(address) is good for \(days) days",
                days < Self.certificateDaysMin ? "renew it; the server reads its files again by itself" : ""
            )
        } catch {
            self.add("certificate", .problem, "\(address): \(error)", "see docs/security.md")
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    // MARK: - The other ports

    mutating func lookAtKinesis() async {
        guard let url = self.ports.kinesisURL else {
            return self.add("kinesis", .skipped, "no --endpoint is given")
        }
        do {
            guard let client = try self.ports.kinesisClient(self.files) else { return }
            let count = try await client.listStreams().count
            self.add("kinesis", .ok, "\(url) answers and has \(count) stream\(count == 1 ? "" : "s")")
            guard let server = try await client.serverTime() else { return }
            let distance = abs(server - Clock.now)
            // Signatures are refused when they are five minutes off.
            if distance > 60_000 {
                self.add(
                    "clock",
                    distance > 240_000 ? .problem : .warning,
                    "the server's clock and this one are \(distance / 1000) s apart",
                    "set both by NTP: signatures are refused when clocks are five minutes apart"
                )
            } else {
                self.add("clock", .ok, "within \(max(1, distance / 1000)) s of the server's")
            }
        } catch {
            self.add("kinesis", .problem, "\(url): \(error)", "see that the server listens there")
        }
    }

    mutating func lookAtAdmin() async {
        do {
            guard let client = try self.ports.adminClient(self.files) else {
                return self.add("admin", .skipped, "neither --admin nor --data-dir is given")
            }
            let ready = try await client.text("/health/ready")
            let lines = ready.text.split(separator: "\n")
            if ready.status == 200, lines.count <= 1 {
                self.add("admin", .ok, "the server is ready")
            } else if ready.status == 200 {
                self.add(
                    "damage",
                    .warning,
                    lines.dropFirst().joined(separator: "; "),
                    "stop the server and run `millrace check DATA-DIR`"
                )
            } else {
                self.add("admin", .problem, lines.first.map(String.init) ?? "not ready", "see the server's log")
            }
            let metrics = try await client.text("/metrics")
            if metrics.status == 200 { self.lookAtMetrics(MetricsText(metrics.text)) }
        } catch {
            self.add("admin", .problem, "\(error)", "see that the server has an admin port (--admin)")
        }
    }

    private mutating func lookAtMetrics(_ metrics: MetricsText) {
        if let open = metrics.sum("process_open_fds"), let limit = metrics.sum("process_max_fds"), limit > 0 {
            let percent = Int(open * 100 / limit)
            self.add(
                "file descriptors",
                percent >= 80 ? .problem : percent >= 60 ? .warning : .ok,
                "\(Int(open)) of \(Int(limit)) are open",
                percent >= 60 ? "raise LimitNOFILE of the unit, or ulimit -n" : ""
            )
        }
        let stalled = metrics["millrace_group_status"].filter { $0.value > 0 && $0.labels["status"] == "stalled" }
        let names = Set(stalled.compactMap { $0.labels["group"] }).sorted()
        if !names.isEmpty {
            self.add(
                "groups",
                .warning,
                "\(names.count) stalled: \(names.prefix(3).joined(separator: ", "))",
                "see `millrace group lag \(names[0])`"
            )
        }
    }

    // MARK: - This machine

    mutating func lookAtMachine() {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            let isLow = limit.rlim_max < 65_536
            self.add(
                "open files of this shell",
                isLow ? .warning : .ok,
                "at most \(limit.rlim_max)",
                isLow ? "a server that is started here serves few clients: raise it with ulimit -n 65536" : ""
            )
        }
        guard let directory = self.ports.directory else {
            return self.add("disk", .skipped, "no --data-dir is given")
        }
        var volume = statvfs()
        guard statvfs(directory, &volume) == 0, volume.f_blocks > 0 else {
            return self.add("disk", .problem, "\(directory): \(String(cString: strerror(errno)))", "name a directory")
        }
        let free = Int(volume.f_bavail) * Int(volume.f_frsize)
        let percent = Int(volume.f_bavail) * 100 / Int(volume.f_blocks)
        self.add(
            "disk",
            percent < 5 ? .problem : percent < 15 ? .warning : .ok,
            "\(Progress.size(free)) of \(directory)'s disk are free, \(percent) %",
            percent < 15 ? "shorten retention.ms of the largest topics, or add space" : ""
        )
        if volume.f_favail < 10_000, volume.f_files > 0 {
            self.add("inodes", .problem, "only \(volume.f_favail) files can be made", "add space, or merge topics")
        }
    }
}
