internal import ArgumentParser
internal import Broker
internal import ClientTLS
internal import FoundationEssentials
internal import Glibc
internal import Metadata
internal import MetadataSQLite

/// Which server a command administers: a running one by its admin port, or the data directory of one that is stopped.
struct AdminOptions: ParsableArguments {
    @Option(
        help:
            "The server's data directory. A running server is asked by the token that it left there; the directory of a stopped one is changed itself. (default: $MILLRACE_DATA_DIR)",
        completion: .directory
    )
    var dataDir: String?

    @Option(
        help: "The admin port of a running server, http://HOST:PORT. (default: $MILLRACE_ADMIN_URL)"
    )
    var admin: String?

    @Option(
        help:
            "A file with the token for --admin; `millrace admin token create` makes one. (default: $MILLRACE_ADMIN_TOKEN is the token)",
        completion: .file()
    )
    var tokenFile: String?

    @Option(help: "As of `millrace serve`, for a stopped server.", completion: .file())
    var secretsKeyFile: String?

    @OptionGroup var tlsFiles: TLSOptions
    @OptionGroup var profile: ProfileOptions

    /// What a command works on.
    enum Target {
        case server(AdminClient)
        case directory(OfflineAccess)
    }

    func target() async throws -> Target {
        if let url = self.admin ?? Environment.value("MILLRACE_ADMIN_URL") {
            return .server(try AdminClient(url: url, token: try self.token(), files: self.tlsFiles.filesOrDefault))
        }
        guard let directory = self.dataDir ?? Environment.value("MILLRACE_DATA_DIR") else {
            throw Failure("give the server's --data-dir DIR, or its --admin http://HOST:PORT with a token")
        }
        if let local = try LocalAdminToken.read(from: directory) {
            let client = try AdminClient(url: local.url, token: local.token, files: self.tlsFiles.files)
            // A server that was killed leaves its file behind.
            if try await client.isReachable() { return .server(client) }
        }
        return .directory(try await OfflineAccess(directory, secretsKeyFile: self.secretsKeyFile))
    }

    private func token() throws(Failure) -> String {
        if let tokenFile {
            guard let text = SystemFile.text(tokenFile) else { throw Failure("cannot read \(tokenFile)") }
            return String(text.split(separator: "\n").first ?? "")
        }
        guard let token = Environment.value("MILLRACE_ADMIN_TOKEN") else {
            throw Failure("--admin needs a token: --token-file FILE, or MILLRACE_ADMIN_TOKEN")
        }
        return token
    }
}

/// The stores of a server that is stopped.
struct OfflineAccess {
    let keys: AccessKeyStore
    let access: AdminAccessStore
    private let store: SQLiteMetadataStore

    init(_ directory: String, secretsKeyFile: String?) async throws {
        // As the server does.
        umask(0o027)
        let path = directory + "/metadata.sqlite"
        guard FileManager.default.fileExists(atPath: directory) else {
            throw NotFound(description: "\(directory) is not there; start a server with --data-dir \(directory) once")
        }
        do throws(MetadataError) {
            self.store = try SQLiteMetadataStore(path: path)
        } catch {
            guard error.code == .locked else { throw Failure(error.message) }
            throw Failure(
                "a server is running on \(directory) without an admin port that this command could ask; stop it, or start "
                    + "it with --admin"
            )
        }
        let source = SecretsKeyFile.source(
            option: secretsKeyFile ?? Environment.value("MILLRACE_SECRETS_KEY_FILE"),
            dataDirectory: directory,
            environment: ProcessInfo.processInfo.environment
        )
        self.keys = AccessKeyStore(in: self.store, source: source)
        self.access = AdminAccessStore(in: self.store, now: { Self.now })
        do throws(BrokerError) {
            // Keys whose secrets cannot be read can be removed.
            try await self.keys.load(checksSecrets: false)
            try await self.access.load()
        } catch {
            throw Failure(error.message)
        }
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
