internal import Authentication
internal import Broker
internal import Logging
internal import Metadata

/// A user that a start makes if there is none of the name: without one nobody could authenticate to make the others.
struct InitialUser: Sendable {
    private let name: String
    private let password: String

    /// - Parameter passwordFile: `nil`: the password is in the environment.
    /// - Returns: `nil` without a name.
    init?(name: String?, passwordFile: String?) throws(Failure) {
        guard let name else {
            guard passwordFile == nil else { throw Failure("--initial-password-file goes with --initial-user") }
            return nil
        }
        guard !name.isEmpty, name.utf8.count <= 1024 else { throw Failure("--initial-user is not a name: \(name)") }
        self.name = name
        if let passwordFile {
            self.password = try PasswordInput.read(file: passwordFile)
        } else if let password = Environment.value("MILLRACE_INITIAL_PASSWORD") {
            self.password = password
        } else {
            throw Failure(
                "the password of \(name) is missing: give --initial-password-file or MILLRACE_INITIAL_PASSWORD"
            )
        }
    }

    /// A user who exists stays as it is: a password that was changed since is not set back.
    func make(_ broker: Broker) async throws(Failure) {
        let store = broker.authentication.credentials
        guard store.user(self.name) == nil else { return }
        let password = Array(self.password.utf8)
        let made = await broker.authentication.hasher.run { () -> [ScramHash: ScramCredential] in
            var credentials: [ScramHash: ScramCredential] = [:]
            for hash in ScramHash.allCases {
                credentials[hash] = ScramCredential(
                    hash: hash,
                    password: password,
                    salt: CredentialBytes.randomBytes(ScramCredential.saltBytes),
                    iterations: ScramHash.iterations.lowerBound
                )
            }
            return credentials
        }
        guard let made else { return }
        do {
            try await store.alterUser(self.name) { (user: inout StoredUser) in
                if user.isEmpty { user.credentials = made }
            }
        } catch {
            throw Failure("cannot make the user \(self.name): \(error)")
        }
        broker.environment.logger.notice("made the initial user", metadata: ["user": "\(self.name)"])
    }
}
