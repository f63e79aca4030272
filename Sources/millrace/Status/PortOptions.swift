internal import ArgumentParser
internal import ClientTLS
internal import CommandCore
internal import FoundationEssentials
internal import LoadGenerator

/// The other ports of a server, for commands that look at all of it.
struct PortOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The admin port, http://HOST:PORT. (default: $MILLRACE_ADMIN_URL, else the port of a server on --data-dir)",
            valueName: "url"
        )
    )
    var admin: String?

    @Option(
        help: ArgumentHelp(
            "A file with a token for --admin. (default: $MILLRACE_ADMIN_TOKEN)",
            valueName: "file"
        ),
        completion: .file()
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("The Kinesis port, http://HOST:PORT. (default: $MILLRACE_ENDPOINT)", valueName: "url")
    )
    var endpoint: String?

    @Option(
        help: ArgumentHelp(
            "The data directory of a server on this machine. (default: $MILLRACE_DATA_DIR)",
            valueName: "dir"
        ),
        completion: .directory
    )
    var dataDir: String?

    var directory: String? { self.dataDir ?? Environment.value("MILLRACE_DATA_DIR") }
    var kinesisURL: String? { self.endpoint ?? Environment.value("MILLRACE_ENDPOINT") }

    /// `nil` when nothing says where the admin port is.
    func adminClient(_ files: ClientTLS.Files) throws -> AdminClient? {
        if let url = self.admin ?? Environment.value("MILLRACE_ADMIN_URL") {
            return try AdminClient(url: url, token: try self.token(), files: files)
        }
        guard let directory, let local = try LocalAdminToken.read(from: directory) else { return nil }
        return try AdminClient(url: local.url, token: local.token, files: files)
    }

    private func token() throws -> String? {
        guard let tokenFile else { return Environment.value("MILLRACE_ADMIN_TOKEN") }
        guard let text = SystemFile.text(tokenFile) else { throw Failure("cannot read \(tokenFile)") }
        return String(text.split(separator: "\n").first ?? "")
    }

    /// `nil` when nothing says where the Kinesis port is.
    func kinesisClient(_ files: ClientTLS.Files) throws -> KinesisClient? {
        try self.kinesisURL.map { try KinesisClient.at($0, files) }
    }
}

extension KinesisClient {
    /// - Parameter files: for an address with https; another one does not need them.
    static func at(_ url: String, _ files: ClientTLS.Files) throws -> KinesisClient {
        let isSecure = url.lowercased().hasPrefix("https:")
        do {
            return KinesisClient(
                try KinesisAccess(
                    endpoint: url,
                    files: isSecure ? files : ClientTLS.Files(),
                    variable: Environment.value
                )
            )
        } catch let failure as LoadFailure {
            throw Failure(failure.description)
        }
    }
}
