internal import ArgumentParser
internal import ClientTLS
internal import FoundationEssentials
internal import KafkaClient
internal import Text

/// The PEM files of connections with TLS.
struct TLSOptions: ParsableArguments {
    @Option(
        name: [.long, .customLong("ca")],
        help: ArgumentHelp(
            "Certificates of the authorities to trust, in PEM. (default: the system's)",
            valueName: "file"
        ),
        completion: .file()
    )
    var caFile: String?

    @Option(
        name: [.long, .customLong("cert")],
        help: ArgumentHelp("The client's own certificate in PEM, for servers that ask for one.", valueName: "file"),
        completion: .file()
    )
    var certFile: String?

    @Option(
        help: ArgumentHelp("The key of --cert-file in PEM. (default: in the same file)", valueName: "file"),
        completion: .file()
    )
    var keyFile: String?

    var files: ClientTLS.Files {
        ClientTLS.Files(authorities: self.caFile, certificate: self.certFile, key: self.keyFile)
    }

    /// With what the environment or the profile says where an option does not.
    var filesOrDefault: ClientTLS.Files {
        ClientTLS.Files(
            authorities: self.caFile ?? Environment.value("MILLRACE_CA_FILE"),
            certificate: self.certFile ?? Environment.value("MILLRACE_CERT_FILE"),
            key: self.keyFile ?? Environment.value("MILLRACE_KEY_FILE")
        )
    }
}

/// Which Kafka listener a command talks to.
struct KafkaOptions: ParsableArguments {
    @Option(
        name: .customLong("bootstrap"),
        help: ArgumentHelp(
            "Address of a Kafka listener; several are separated by commas. (default: $MILLRACE_BOOTSTRAP, else 127.0.0.1:9092)",
            valueName: "host:port"
        )
    )
    var bootstrap: String?

    @Flag(help: "Speak TLS.")
    var tls = false

    @OptionGroup var tlsFiles: TLSOptions
    @OptionGroup var login: LoginOptions
    @OptionGroup var profile: ProfileOptions

    /// The address as it was given.
    var address: String { self.address(nil) }

    private func address(_ properties: ClientProperties?) -> String {
        self.bootstrap ?? properties?.bootstrap ?? Environment.value("MILLRACE_BOOTSTRAP") ?? "127.0.0.1:9092"
    }

    /// Runs `body` with a client, which is closed afterwards.
    func withCluster(_ body: (KafkaCluster) async throws -> Void) async throws {
        let properties = try self.login.properties()
        let text = self.address(properties)
        guard let addresses = BrokerAddress.list(text) else {
            throw Failure("\(text) is not an address; give HOST:PORT, for example --bootstrap 127.0.0.1:9092")
        }
        let hasTLS = self.tls || properties?.hasTLS == true || Environment.value("MILLRACE_TLS") == "true"
        guard hasTLS || self.tlsFiles.files == ClientTLS.Files() else {
            throw Failure("--ca-file, --cert-file and --key-file go with --tls")
        }
        var files = self.tlsFiles.files
        files.authorities = files.authorities ?? properties?.authorities ?? Environment.value("MILLRACE_CA_FILE")
        files.certificate = files.certificate ?? properties?.certificate ?? Environment.value("MILLRACE_CERT_FILE")
        files.key = files.key ?? properties?.key ?? Environment.value("MILLRACE_KEY_FILE")
        var settings = ClientSettings()
        settings.tls = hasTLS ? try ClientTLS(files) : nil
        settings.login = try self.login.login(properties)
        settings.clientID = "millrace-cli"
        settings.softwareVersion = Version.number
        let cluster = KafkaCluster(bootstrap: addresses, settings: settings)
        do {
            try await body(cluster)
        } catch {
            await cluster.close()
            if let error = error as? ClientError, error.code == .unreachable {
                throw Failure("\(error) with --bootstrap", exitCode: Reporting.unreachable)
            }
            throw error
        }
        await cluster.close()
    }
}

enum Environment {
    /// The value of a variable that is set and not empty, or of the profile in use.
    static func value(_ name: String) -> String? {
        let value = ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        return ActiveProfile.value(name, environment: value)
    }
}
