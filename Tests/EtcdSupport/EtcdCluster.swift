internal import Foundation
internal import Logging
package import MetadataEtcd
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A real etcd for tests: members as processes that can be killed, stopped and started again.
///
/// A shell beside each member ends it when the test process is gone.
package final class EtcdCluster: Sendable {
    package struct Options: Sendable {
        package var members = 1
        package var arguments: [String] = []
        /// Certificate and key files of the client port.
        package var tls: (certificate: String, key: String)?

        package init(
            members: Int = 1,
            arguments: [String] = [],
            tls: (certificate: String, key: String)? = nil
        ) {
            self.members = members
            self.arguments = arguments
            self.tls = tls
        }
    }

    /// `scripts/engines/etcd fetch` puts it there; another one can be named.
    package static let binary: String? = {
        let named = ProcessInfo.processInfo.environment["MILLRACE_ETCD"]
        let fetched = FileManager.default.currentDirectoryPath + "/.build/engines/usr/bin/etcd"
        return [named, fetched].compactMap { $0 }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// One member that all tests share which break nothing; each has a prefix of its own.
    package static let shared = Task { try await EtcdCluster.start() }

    package let directory: String
    package let endpoints: [EtcdEndpoint]
    private let options: Options
    private let cluster: String
    private let peers: [Int]
    private let processes: Mutex<[Int: ChildProcess]> = Mutex([:])

    private init(_ options: Options) async throws {
        self.options = options
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("etcd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.directory = url.path
        let ports = try await Self.freePorts(2 * options.members)
        self.endpoints = ports[..<options.members].map { EtcdEndpoint(host: "127.0.0.1", port: $0) }
        self.peers = Array(ports[options.members...])
        self.cluster = self.peers.enumerated().map { "n\($0)=http://127.0.0.1:\($1)" }.joined(separator: ",")
    }

    deinit {
        for process in self.processes.withLock({ $0 }).values { kill(process.identifier, SIGTERM) }
        for member in self.endpoints.indices { self.signal(SIGKILL, member) }
        try? FileManager.default.removeItem(atPath: self.directory)
    }

    /// Ports that were free may be taken before etcd binds them: a start is tried again with others.
    package static func start(_ options: Options = Options()) async throws -> EtcdCluster {
        for _ in 1..<3 {
            if let cluster = try? await Self.startOnce(options) { return cluster }
        }
        return try await Self.startOnce(options)
    }

    private static func startOnce(_ options: Options) async throws -> EtcdCluster {
        let cluster = try await EtcdCluster(options)
        for member in cluster.endpoints.indices { try cluster.launch(member) }
        // A member listens once it has found the others.
        for member in cluster.endpoints.indices { try await cluster.reach(member) }
        if options.tls == nil {
            // They have a leader.
            let running = try await RunningStore(cluster.settings())
            await running.stop()
        }
        return cluster
    }

    package func launch(_ member: Int) throws {
        let binary = try Self.binary ?? { throw CocoaError(.fileNoSuchFile) }()
        let scheme = self.options.tls == nil ? "http" : "https"
        let client = "\(scheme)://\(self.endpoints[member])"
        var arguments = [
            "--name", "n\(member)", "--data-dir", "\(self.directory)/n\(member)", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", "http://127.0.0.1:\(self.peers[member])",
            "--initial-advertise-peer-urls", "http://127.0.0.1:\(self.peers[member])", "--initial-cluster",
            self.cluster, "--heartbeat-interval", "50", "--election-timeout", "500", "--unsafe-no-fsync",
        ]
        if let tls = self.options.tls { arguments += ["--cert-file", tls.certificate, "--key-file", tls.key] }
        arguments += self.options.arguments
        try? FileManager.default.removeItem(atPath: self.pidFile(member))
        let process = try ChildProcess(
            "/bin/sh",
            [
                "-c",
                """
                binary=$1; pidfile=$2; log=$3; parent=$4; shift 4
                "$binary" "$@" >>"$log" 2>&1 & child=$!
                echo $child >"$pidfile"
                while kill -0 $parent 2>/dev/null && kill -0 $child 2>/dev/null; do sleep 0.5; done
                kill -9 $child 2>/dev/null
                """, "sh", binary, self.pidFile(member), "\(self.directory)/n\(member).log",
                "\(ProcessInfo.processInfo.processIdentifier)",
            ] + arguments
        )
        Thread.detachNewThread { process.wait() }
        self.processes.withLock { $0[member] = process }
    }

    private func pidFile(_ member: Int) -> String { "\(self.directory)/n\(member).pid" }

    /// Sends a signal to a member's process.
    package func signal(_ signal: Int32, _ member: Int) {
        guard let text = try? String(contentsOfFile: self.pidFile(member), encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return }
        kill(pid, signal)
    }

    /// Waits until a member takes connections.
    package func reach(_ member: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: self.endpoints[member].host, port: self.endpoints[member].port).get()
                try await channel.close()
                return
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Settings for a prefix that nobody else uses.
    package func settings(endpoints: [EtcdEndpoint]? = nil) -> EtcdSettings {
        EtcdSettings(endpoints: endpoints ?? self.endpoints, prefix: "/test/\(UUID().uuidString)/")
    }

    private static func freePorts(_ count: Int) async throws -> [Int] {
        var channels: [any Channel] = []
        for _ in 0..<count {
            let server = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            channels.append(try await server.bind(host: "127.0.0.1", port: 0).get())
        }
        let ports = channels.map { $0.localAddress?.port ?? 0 }
        for channel in channels { try await channel.close() }
        return ports
    }
}

/// A store and the task that carries its watch.
package final class RunningStore: Sendable {
    package let store: EtcdMetadataStore
    private let task: Task<Void, Never>

    package init(_ settings: EtcdSettings) async throws {
        let store = try await EtcdMetadataStore.connect(
            settings,
            eventLoop: MultiThreadedEventLoopGroup.singleton.any(),
            instance: UInt64.random(in: 1...UInt64.max),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        self.store = store
        self.task = Task { await store.run() }
    }

    package func stop() async {
        self.task.cancel()
        self.store.close()
        await self.task.value
    }
}
