package import KinesisProtocol
package import Metadata
package import Secrets

/// The users who have passwords.
package protocol PasswordVerifier: Sendable {
    /// Verifies a user's password against what the metadata has of it. Costs milliseconds: never on an event loop.
    func verify(user: String, password: SecretBytes) async -> Bool
    /// A name for the password that a user has now, which tells nothing of it: another one for a new password, `nil`
    /// for a user who has none. Sessions that began with an older password are over. On event loops.
    func passwordName(of user: String) -> String?
}

/// A server whose users have no passwords: nobody logs in with one.
package struct NoPasswords: PasswordVerifier {
    package init() {}
    package func verify(user: String, password: SecretBytes) async -> Bool { false }
    package func passwordName(of user: String) -> String? { nil }
}

/// What the admin port knows of users. Asked on event loops: must not block.
package protocol AdminDirectory: Sendable {
    /// `nil` for a user without a role.
    func role(of user: String) -> AdminRole?
    /// Whose token it is, and its ID; `nil` for one that is unknown or over.
    func owner(ofToken token: String) -> (user: String, tokenID: String)?
    /// Whether a token is good yet.
    func hasToken(id: String) -> Bool
}

/// How the admin port finds out who calls.
package struct AdminUsers: Sendable {
    package var directory: any AdminDirectory
    package var passwords: any PasswordVerifier
    /// Of signed requests; `nil` where access keys are not served.
    package var signatures: SignatureVerifier?
    /// What the server left in its data directory for its own machine; `nil`: nothing.
    package var localToken: SecretBytes?

    package init(
        directory: any AdminDirectory,
        passwords: any PasswordVerifier = NoPasswords(),
        signatures: SignatureVerifier? = nil,
        localToken: SecretBytes? = nil
    ) {
        self.directory = directory
        self.passwords = passwords
        self.signatures = signatures
        self.localToken = localToken
    }
}
