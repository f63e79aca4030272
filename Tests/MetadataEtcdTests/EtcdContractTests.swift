import Certificates
import ClientTLS
import EtcdTestSupport
import Foundation
import Metadata
import MetadataTestSupport
import Testing

@testable import MetadataEtcd

/// What every metadata store promises, checked on a real etcd.
@Suite(
    .enabled(if: EtcdCluster.binary != nil, "etcd is not there: scripts/engines/etcd fetch"),
    .timeLimit(.minutes(20))
)
struct EtcdContractTests {
    @Test(arguments: MetadataContract.all)
    func `the store in etcd keeps the contract`(_ contract: MetadataContract) async throws {
        let running = try await RunningStore(EtcdCluster.shared.value.settings())
        try await contract.check(running.store)
        await running.stop()
    }

    @Test func `stores of different prefixes do not see each other`() async throws {
        let cluster = try await EtcdCluster.shared.value
        let first = try await RunningStore(cluster.settings())
        let second = try await RunningStore(cluster.settings())
        _ = try await first.store.write(put("a", "1"))
        #expect(try await second.store.range(.all).entries.isEmpty)
        await first.stop()
        await second.stop()
    }

    @Test func `a closed store says so, and its watches end`() async throws {
        let running = try await RunningStore(EtcdCluster.shared.value.settings())
        let from = try await running.store.revision + 1
        let watch = Task { [store = running.store] in
            var reader = store.watch(.all, from: from).makeAsyncIterator()
            return try await reader.next()
        }
        await running.stop()
        let ended = await #expect(throws: MetadataError.self) { try await watch.value }
        #expect(ended?.code == .closed)
        let refused = await #expect(throws: MetadataError.self) { try await running.store.write(put("a", "1")) }
        #expect(refused?.code == .closed)
    }

    @Test func `users and their passwords are checked, and tokens renewed`() async throws {
        let cluster = try await EtcdCluster.start(.init(arguments: ["--auth-token-ttl", "1"]))
        try await cluster.control("user", "add", "root:secret")
        try await cluster.control("user", "grant-role", "root", "root")
        try await cluster.control("user", "add", "millrace:pass")
        try await cluster.control("role", "add", "broker")
        try await cluster.control("role", "grant-permission", "broker", "--prefix=true", "readwrite", "/test/")
        try await cluster.control("user", "grant-role", "millrace", "broker")
        try await cluster.control("auth", "enable")
        var settings = cluster.settings()
        settings.callTimeout = .seconds(120)
        let anonymous = await #expect(throws: MetadataError.self) { try await RunningStore(settings) }
        #expect(anonymous?.code == .unavailable)
        settings.credentials = .init(name: "millrace", password: "wrong")
        let stranger = await #expect(throws: MetadataError.self) { try await RunningStore(settings) }
        #expect(stranger?.code == .unavailable)
        #expect(stranger?.message.contains("wrong") == false)
        settings.credentials = .init(name: "millrace", password: "pass")
        let running = try await RunningStore(settings)
        let from = try await running.store.revision + 1
        _ = try await running.store.write(put("a", "1"))
        // A change of the users makes old tokens void, as their age does.
        try await cluster.control("--user", "root:secret", "user", "add", "other:pass")
        _ = try await running.store.write(put("a", "2"))
        var reader = running.store.watch(.all, from: from).makeAsyncIterator()
        var seen: [String] = []
        while seen.count < 2, let batch = try await reader.next() { seen += summary(batch) ?? [] }
        #expect(seen == ["a=1", "a=2"])
        await running.stop()
    }

    @Test func `connections are encrypted, and only to whom the authority vouches for`() async throws {
        let now = Int(Date().timeIntervalSince1970)
        let authority = try CertificateAuthority.make(now: now)
        let issued = try authority.issue(names: ["localhost"], addresses: ["127.0.0.1"], now: now)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ text: String) throws -> String {
            let path = folder.appendingPathComponent(name).path
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
        let certificate = try file("server.pem", issued.certificatePEM)
        let key = try file("server.key", issued.keyPEM)
        let authorities = try file("ca.pem", authority.credential.certificatePEM)
        let cluster = try await EtcdCluster.start(.init(tls: (certificate, key)))
        var settings = cluster.settings()
        settings.callTimeout = .seconds(120)
        settings.connectTimeout = .seconds(20)
        settings.tls = try ClientTLS(.init(authorities: authorities), applicationProtocols: ["h2"])
        let running = try await RunningStore(settings)
        let from = try await running.store.revision + 1
        _ = try await running.store.write(put("a", "1"))
        var reader = running.store.watch(.all, from: from).makeAsyncIterator()
        #expect(try await summary(reader.next()) == ["a=1"])
        await running.stop()
        settings.callTimeout = .seconds(1)
        settings.tls = try ClientTLS(applicationProtocols: ["h2"])
        await #expect(throws: MetadataError.self) { try await RunningStore(settings) }
    }
}

extension EtcdCluster {
    /// Runs etcdctl against the first member.
    func control(_ arguments: String...) async throws {
        let binary = try EtcdCluster.binary ?? { throw CocoaError(.fileNoSuchFile) }()
        let process = try ChildProcess(
            binary + "ctl",
            ["--endpoints", "\(self.endpoints[0])"] + arguments,
            environment: ["ETCDCTL_API=3"]
        )
        let status = await process.ended()
        guard status == 0 else { throw MetadataError(.unavailable, "etcdctl \(arguments) failed") }
    }
}
