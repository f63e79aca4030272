package import Secrets

/// An access key that requests may be signed with.
package struct SigningCredential: Sendable {
    /// Whose requests they are.
    package var user: String
    /// Of temporary credentials.
    package var sessionToken: String?
    /// Opens the secret access key, for a computation; `nil` when it cannot be read.
    package var secret: @Sendable () -> SecretBytes?

    package init(user: String, sessionToken: String? = nil, secret: @escaping @Sendable () -> SecretBytes?) {
        self.user = user
        self.sessionToken = sessionToken
        self.secret = secret
    }
}

/// The access keys of this moment. Asked on event loops: must not block.
package protocol AccessKeyring: Sendable {
    /// Whether requests have to be signed by one of them.
    var isRequired: Bool { get }
    /// `nil` for a key that is unknown or disabled.
    func credential(_ accessKeyID: String) -> SigningCredential?
}

/// Access keys of a configuration file.
package struct StaticAccessKeys: AccessKeyring {
    private let credentials: [String: SigningCredential]

    /// - Parameter keys: of one access key ID the last counts. One without a user is a user of its own, named as its
    ///   ID.
    package init(_ keys: [(keys: RequestSigner.Keys, user: String?)]) {
        let pairs = keys.map { entry in
            let secret = SecretBytes(Array(entry.keys.secretAccessKey.utf8))
            return (
                entry.keys.accessKeyID,
                SigningCredential(
                    user: entry.user ?? entry.keys.accessKeyID,
                    sessionToken: entry.keys.sessionToken,
                    secret: { secret }
                )
            )
        }
        self.credentials = Dictionary(pairs) { $1 }
    }

    package var isEmpty: Bool { self.credentials.isEmpty }
    package var isRequired: Bool { !self.credentials.isEmpty }
    package func credential(_ accessKeyID: String) -> SigningCredential? { self.credentials[accessKeyID] }
}
