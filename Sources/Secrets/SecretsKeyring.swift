/// The keys that secrets at rest are sealed under: the first one seals, all of them open.
///
/// A sealed secret:
///
/// ```
/// byte 0      format, 1
/// byte 1-4    ID of the key
/// byte 5-16   nonce
/// byte 17-    ciphertext, and 16 bytes of tag
/// ```
///
/// The format, the key's ID and a context that the caller names (whose secret it is) are authenticated with it, so that
/// a sealed secret that is moved to another entry does not open there.
///
/// As a text, which is the form of its file and of `MILLRACE_SECRETS_KEY`: keys in base64, on lines of their own or
/// with commas between them; `#` begins a comment.
package struct SecretsKeyring: Sendable {
    private static let format: UInt8 = 1
    private static let headerBytes = 1 + SecretsKey.idBytes
    /// More than two are needed by nobody: the old one and the new one, while secrets are sealed again.
    private static let keysMax = 16

    package private(set) var keys: [SecretsKey]

    /// - Parameter keys: at least one.
    package init(_ keys: [SecretsKey]) {
        precondition(!keys.isEmpty, "a keyring has a key")
        self.keys = keys
    }

    // MARK: The text form

    /// - Parameter source: a path or the name of a variable, for the error.
    package static func parse(_ text: String, source: String) throws(SecretsFailure) -> SecretsKeyring {
        var keys: [SecretsKey] = []
        for line in text.split(whereSeparator: \.isNewline) {
            for part in line.prefix(while: { $0 != "#" }).split(separator: ",") {
                let content = part.filter { !$0.isWhitespace }
                if content.isEmpty { continue }
                guard let key = SecretsKey(base64: content[...]), keys.count < Self.keysMax else {
                    throw SecretsFailure(.keys, "\(source) holds something else than keys of 32 bytes in base64")
                }
                keys.append(key)
            }
        }
        guard !keys.isEmpty else { throw SecretsFailure(.keys, "\(source) holds no key") }
        return SecretsKeyring(keys)
    }

    package var text: String {
        self.keys.reduce(into: Self.explanation) { $0 += "\($1.base64)  # \($1.id)\n" }
    }

    private static let explanation = """
        # Millrace: the key that secrets in the metadata are sealed under. With this file and the data directory anybody
        # has the secrets: keep it out of backups of the directory, and keep a copy in a safe place.

        """

    // MARK: Secrets

    /// The key that seals.
    package var current: SecretsKey { self.keys[0] }

    package func seal(_ secret: SecretBytes, context: String) -> [UInt8] {
        let header = [Self.format] + self.current.idBytes
        return header + self.current.seal(secret, context: header + Array(context.utf8))
    }

    package func open(_ sealed: [UInt8], context: String) throws(SecretsFailure) -> SecretBytes {
        guard let id = Self.keyID(of: sealed) else { throw SecretsFailure(.damaged, "a stored secret is damaged") }
        let header = Array(sealed.prefix(Self.headerBytes))
        let candidates = self.keys.filter { $0.id == id }
        guard !candidates.isEmpty else {
            throw SecretsFailure(.unknownKey, "a secret is sealed under key \(id), which is not at hand")
        }
        for key in candidates {
            let context = header + Array(context.utf8)
            if let secret = key.open(sealed.dropFirst(Self.headerBytes), context: context) { return secret }
        }
        throw SecretsFailure(.damaged, "a stored secret is damaged: key \(id) does not open it")
    }

    /// The ID of the key that a secret is sealed under; `nil` for what is not a sealed secret.
    package static func keyID(of sealed: [UInt8]) -> String? {
        guard sealed.count >= Self.headerBytes, sealed[0] == Self.format else { return nil }
        return SecretsKey.text(sealed[1..<Self.headerBytes])
    }
}

/// Where the keys are: a file that never leaves the machine, or a variable.
package protocol SecretsKeySource: Sendable {
    /// What to tell an operator: a path or the name of a variable.
    var name: String { get }
    /// The keys; `nil` when there are none yet. May read a file: not for event loops.
    func load() throws(SecretsFailure) -> SecretsKeyring?
    /// Makes a first key, or replaces the keys. Durable when it returns.
    func store(_ keyring: SecretsKeyring) throws(SecretsFailure)
}
