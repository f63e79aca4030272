internal import ArgumentParser
internal import Certificates
internal import FoundationEssentials
internal import Glibc

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make what a first setup needs.",
        subcommands: [
            Certs.self, Prometheus.self, Grafana.self, Systemd.self, Compose.self, Kubernetes.self,
        ]
    )

    struct Certs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "certs",
            abstract: "Make a certificate authority to try with, and certificates of a server and of clients.",
            discussion: """
                TLS needs three things. An authority (ca.pem) is what both sides trust; everyone who has its key \
                (ca-key.pem) can make certificates that are trusted, so keep that file to yourself. A server has a \
                certificate for the names and addresses by which clients reach it: a client that connects by another \
                name refuses it. A client may have one too, and is then known by the name in it, without a password \
                (mutual TLS).

                Each is written as two files, NAME.pem and NAME-key.pem, and as both in one, NAME-keystore.pem, which \
                is what Kafka's ssl.keystore.location takes (with ssl.keystore.type=PEM). Nothing is overwritten: with \
                an authority in the directory more certificates are made by it.

                For example, a listener with TLS, and one client that is known by its certificate:

                  millrace generate certs --dir certs --host broker.example.org --client alice
                  millrace serve --data-dir data --set listeners=SSL://0.0.0.0:9093 \\
                    --set ssl.keystore.location=certs/server-keystore.pem \\
                    --set ssl.truststore.location=certs/ca.pem --set ssl.client.auth=required \\
                    --set 'ssl.principal.mapping.rules=RULE:^CN=(.*?)(,.*)?$/$1/'
                  millrace topic list --bootstrap broker.example.org:9093 --tls --ca certs/ca.pem \\
                    --cert certs/alice.pem --key-file certs/alice-key.pem

                The Kinesis port takes the same files: --kinesis-tls-cert certs/server.pem --kinesis-tls-key \
                certs/server-key.pem. For production use the authority of your organisation: what matters is in the \
                files, not who made them.
                """
        )

        @Option(help: "Where the files are written; created when missing.", completion: .directory)
        var dir = "certs"

        @Option(
            name: .customLong("host"),
            parsing: .singleValue,
            help: ArgumentHelp(
                "A name or an address by which clients reach the server; repeatable. (always: localhost, 127.0.0.1, ::1 and this machine's name)",
                valueName: "name"
            )
        )
        var hosts: [String] = []

        @Option(
            name: .customLong("client"),
            parsing: .singleValue,
            help: ArgumentHelp(
                "A client to make a certificate for: a name, which becomes CN=NAME, or a whole one such as CN=alice,OU=Orders,O=Example; repeatable.",
                valueName: "name"
            )
        )
        var clients: [String] = []

        @Flag(help: "Make certificates of clients only: the server has one.")
        var noServer = false

        func run() async throws {
            do {
                try self.make()
            } catch let failure as CertificateFailure {
                throw Failure("generate certs: \(failure)")
            }
        }

        private func make() throws {
            let now = Int(Date().timeIntervalSince1970)
            let clients = try self.clients.map(Self.subject)
            let names = (self.noServer ? [] : ["server"]) + clients.map(\.file)
            guard Set(names).count == names.count, !names.contains("ca") else {
                throw Failure("two certificates would have the same file: \(names.joined(separator: ", "))")
            }
            let new = names.flatMap {
                [self.path("\($0).pem"), self.path("\($0)-key.pem"), self.path("\($0)-keystore.pem")]
            }
            for path in new where access(path, F_OK) == 0 {
                throw Failure("\(path) is there already, and nothing is overwritten; name another --dir, or remove it")
            }
            guard mkdir(self.dir, 0o750) == 0 || errno == EEXIST else {
                throw Failure("\(self.dir) cannot be made: \(String(cString: strerror(errno)))")
            }
            let authority = try self.authority(now: now)
            if !self.noServer {
                let hosts = ["localhost", "127.0.0.1", "::1", HostNames.own] + self.hosts
                let issued = try authority.issue(
                    names: hosts.filter { !HostNames.isAddress($0) },
                    addresses: hosts.filter(HostNames.isAddress),
                    commonName: self.hosts.first ?? "localhost",
                    now: now
                )
                try self.write(issued, "server", by: authority)
                try ResultOutput.write("server: for \(Set(hosts).sorted().joined(separator: ", "))\n")
            }
            for client in clients {
                try self.write(try authority.issueClient(subject: client.parts, now: now), client.file, by: authority)
                let name = client.parts.reversed().map { "\($0.type)=\($0.value)" }.joined(separator: ",")
                try ResultOutput.write("client: \(name)\n")
            }
            try ResultOutput.write("authority: \(self.path("ca.pem")), which clients and servers trust\n")
        }

        private func path(_ name: String) -> String { "\(self.dir)/\(name)" }

        private func authority(now: Int) throws -> CertificateAuthority {
            let (certificate, key) = (self.path("ca.pem"), self.path("ca-key.pem"))
            if access(certificate, F_OK) == 0 || access(key, F_OK) == 0 {
                return try CertificateFiles.authority(certificate: certificate, key: key)
            }
            let made = try CertificateAuthority.make(commonName: "Millrace test authority", now: now)
            try CertificateFiles.create(certificate, made.credential.certificatePEM, mode: 0o644)
            try CertificateFiles.create(key, made.credential.keyPEM, mode: 0o600)
            return made
        }

        private func write(_ issued: Credential, _ name: String, by authority: CertificateAuthority) throws {
            let chain = issued.certificatePEM + authority.credential.certificatePEM
            let key = try issued.keyPKCS8PEM()
            try CertificateFiles.create(self.path("\(name).pem"), chain, mode: 0o644)
            try CertificateFiles.create(self.path("\(name)-key.pem"), key, mode: 0o600)
            try CertificateFiles.create(self.path("\(name)-keystore.pem"), key + chain, mode: 0o600)
        }

        /// A client's name as a certificate has it, and what its files are called.
        private static func subject(
            _ text: String
        ) throws -> (file: String, parts: [(type: String, value: String)]) {
            guard text.contains("=") else { return (try Self.file(text), [("CN", text)]) }
            // As it is written: the last part of the certificate first.
            let parts = try text.split(separator: ",").map { part in
                let sides = part.split(separator: "=", maxSplits: 1).map { String($0.drop { $0 == " " }) }
                guard sides.count == 2 else {
                    throw Failure("--client takes a name, or TYPE=VALUE with commas between them, not \(text)")
                }
                return (type: sides[0], value: sides[1])
            }
            guard let name = parts.first(where: { $0.type == "CN" })?.value else {
                throw Failure("--client \(text) has no CN, by which its files are called")
            }
            return (try Self.file(name), parts.reversed())
        }

        private static func file(_ name: String) throws -> String {
            guard !name.isEmpty, name.first != ".",
                name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.@ ".contains($0) })
            else { throw Failure("--client \(name): files cannot be called so") }
            return name
        }
    }
}
