/// What a server keeps of a user's password for one SCRAM mechanism. The password cannot be read from it; who has it
/// can pretend to be the server, and can verify guesses.
package struct ScramCredential: Sendable, Hashable {
    package var salt: [UInt8]
    package var storedKey: [UInt8]
    package var serverKey: [UInt8]
    package var iterations: Int

    package init(salt: [UInt8], storedKey: [UInt8], serverKey: [UInt8], iterations: Int) {
        self.salt = salt
        self.storedKey = storedKey
        self.serverKey = serverKey
        self.iterations = iterations
    }

    /// Of a password that is salted already, as clients of Kafka's API send it.
    package init(hash: ScramHash, salt: [UInt8], saltedPassword: [UInt8], iterations: Int) {
        let clientKey = hash.code(key: saltedPassword, of: Array("Client Key".utf8))
        self.init(
            salt: salt,
            storedKey: hash.digest(clientKey),
            serverKey: hash.code(key: saltedPassword, of: Array("Server Key".utf8)),
            iterations: iterations
        )
    }

    /// Of a password. Takes milliseconds; never on an event loop. As Kafka, without SASLprep: the UTF-8 bytes count.
    package init(hash: ScramHash, password: [UInt8], salt: [UInt8], iterations: Int) {
        let salted = hash.saltedPassword(password, salt: salt, iterations: iterations)
        self.init(hash: hash, salt: salt, saltedPassword: salted, iterations: iterations)
    }

    /// Whether this is the credential of a password. Takes milliseconds; never on an event loop.
    package func isOf(_ password: [UInt8], hash: ScramHash) -> Bool {
        let other = ScramCredential(hash: hash, password: password, salt: self.salt, iterations: self.iterations)
        return CredentialBytes.areEqual(other.storedKey, self.storedKey)
    }

    /// Whether the lengths are those of the mechanism; a stored credential that is damaged is not used.
    package func isWellFormed(for hash: ScramHash) -> Bool {
        self.storedKey.count == hash.byteCount && self.serverKey.count == hash.byteCount && !self.salt.isEmpty
            && ScramHash.iterations.contains(self.iterations)
    }

    /// What a user who does not exist seems to have: always the same for one name, and not to be told from a real one.
    ///
    /// - Parameter secret: random bytes of this server.
    package static func decoy(for user: String, hash: ScramHash, secret: [UInt8]) -> ScramCredential {
        let seed = ScramHash.sha512.code(key: secret, of: Array(user.utf8))
        return ScramCredential(
            salt: Array(seed.prefix(Self.saltBytes)),
            // Nobody knows a key with this digest.
            storedKey: hash.code(key: secret, of: seed),
            serverKey: hash.code(key: seed, of: secret),
            iterations: ScramHash.iterations.lowerBound
        )
    }

    /// Of the salts that are made here; as many as the characters of Kafka's.
    package static let saltBytes = 26
}

extension ScramCredential: CustomStringConvertible {
    /// Nothing of it belongs into a log.
    package var description: String { "ScramCredential(iterations: \(self.iterations))" }
}
