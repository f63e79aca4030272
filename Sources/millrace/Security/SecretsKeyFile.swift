internal import CLinuxShim
internal import FoundationEssentials
internal import Glibc
internal import Secrets

/// Where the keys are that stored secrets are sealed under: a file of this machine, made when the first secret is.
struct SecretsKeyFile: SecretsKeySource {
    static let variable = "MILLRACE_SECRETS_KEY"

    let path: String
    var name: String { path }

    /// Beside the data, for want of another place.
    static func path(option: String?, dataDirectory: String) -> String {
        option ?? dataDirectory + "/secrets.key"
    }

    /// The variable where it is set, else the file.
    static func source(
        option: String?,
        dataDirectory: String,
        environment: [String: String]
    ) -> any SecretsKeySource {
        if let text = environment[Self.variable], !text.isEmpty { return SecretsKeyVariable(text: text) }
        return SecretsKeyFile(path: Self.path(option: option, dataDirectory: dataDirectory))
    }

    func load() throws(SecretsFailure) -> SecretsKeyring? {
        let permissions = millrace_file_mode(self.path)
        guard permissions >= 0 else {
            guard errno == ENOENT else { throw self.failure("cannot be read") }
            return nil
        }
        // A file of a container's secrets may be readable by its group; nobody else's business is what it holds.
        guard permissions & 0o027 == 0 else {
            let mode = String(permissions, radix: 8)
            throw SecretsFailure(
                .keys,
                "\(self.path) has mode \(mode), so that others may read or change it; run: chmod 600 \(self.path)"
            )
        }
        guard let data = FileManager.default.contents(atPath: self.path) else { throw self.failure("cannot be read") }
        return try SecretsKeyring.parse(String(decoding: data, as: UTF8.self), source: self.path)
    }

    /// Writes a new file beside it, forces it to the disk and renames it.
    func store(_ keyring: SecretsKeyring) throws(SecretsFailure) {
        let temporary = self.path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw self.failure("cannot be written") }
        var bytes = Array(keyring.text.utf8)
        defer { SecretBytes.wipe(&bytes) }
        let isWritten = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count
        let isForced = isWritten && fsync(descriptor) == 0
        close(descriptor)
        guard isForced, rename(temporary, self.path) == 0 else {
            let failure = self.failure("cannot be written")
            unlink(temporary)
            throw failure
        }
        // The name is as durable as the contents once its directory is.
        let directory = open(Self.directory(of: self.path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func failure(_ what: String) -> SecretsFailure {
        SecretsFailure(.keys, "the secrets' key file \(self.path) \(what): \(String(cString: strerror(errno)))")
    }
}

/// Keys in a variable, for containers: one or several, of which the first one seals. It is not changed by the server.
struct SecretsKeyVariable: SecretsKeySource {
    let text: String
    var name: String { SecretsKeyFile.variable }

    func load() throws(SecretsFailure) -> SecretsKeyring? {
        try SecretsKeyring.parse(self.text, source: self.name)
    }

    func store(_ keyring: SecretsKeyring) throws(SecretsFailure) {
        throw SecretsFailure(
            .keys,
            "\(self.name) is set, and a server does not change its own environment: set it to `NEW,OLD`, where NEW is "
                + "what `openssl rand -base64 32` prints, and start again, which seals all secrets under NEW; then set it "
                + "to `NEW`"
        )
    }
}
