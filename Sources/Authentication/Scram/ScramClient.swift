internal import Text

/// The client's side of one SCRAM exchange. Sans-IO; `serverFirstReceived` takes milliseconds.
package struct ScramClient: Sendable {
    /// Why a client does not trust or understand a server.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String
    }

    private enum State: Sendable {
        case serverFirst
        case serverFinal(signature: [UInt8])
        case ended
    }

    private let hash: ScramHash
    private let password: [UInt8]
    private let nonce: [UInt8]
    private let bare: [UInt8]
    private var state = State.serverFirst

    /// - Parameters:
    ///   - nonce: random printable characters; see `ScramServer.nonce(of:)`.
    ///   - isToken: the user is the ID of a delegation token, the password its HMAC in base64.
    package init(hash: ScramHash, user: String, password: String, nonce: [UInt8], isToken: Bool = false) {
        self.hash = hash
        self.password = Array(password.utf8)
        self.nonce = nonce
        let extensions = isToken ? Array(",tokenauth=true".utf8) : []
        self.bare = Array("n=".utf8) + ScramText.escaped(user) + Array(",r=".utf8) + nonce + extensions
    }

    package var firstMessage: [UInt8] { Array("n,,".utf8) + self.bare }

    /// - Returns: the final message.
    /// - Throws: what the server sent is not SCRAM, is of another exchange, or asks for more or less work than is
    ///   reasonable.
    package mutating func serverFirstReceived(_ message: [UInt8]) throws(Failure) -> [UInt8] {
        guard case .serverFirst = self.state else { throw Failure(description: "a SCRAM message too many") }
        self.state = .ended
        let parts = message.split(separator: ScramText.comma, omittingEmptySubsequences: false)
        guard parts.count >= 3, let nonce = ScramText.nonce(parts[0]), parts[1].starts(with: "s=".utf8),
            let salt = Base64.decode(Array(parts[1].dropFirst(2))), parts[2].starts(with: "i=".utf8),
            let iterations = Int(String(decoding: parts[2].dropFirst(2), as: UTF8.self))
        else { throw Failure(description: "the server's SCRAM message is malformed") }
        guard nonce.starts(with: self.nonce), nonce.count > self.nonce.count else {
            throw Failure(description: "the server's SCRAM message is of another exchange")
        }
        guard (ScramHash.iterations.lowerBound...1_000_000).contains(iterations) else {
            throw Failure(description: "the server asks for \(iterations) SCRAM iterations")
        }
        let salted = self.hash.saltedPassword(self.password, salt: salt, iterations: iterations)
        let clientKey = self.hash.code(key: salted, of: Array("Client Key".utf8))
        let withoutProof = Array("c=biws,r=".utf8) + nonce
        let comma = [ScramText.comma]
        let signed = self.bare + comma + message + comma + withoutProof
        let proof = ScramText.xor(clientKey, self.hash.code(key: self.hash.digest(clientKey), of: signed))
        let serverKey = self.hash.code(key: salted, of: Array("Server Key".utf8))
        self.state = .serverFinal(signature: self.hash.code(key: serverKey, of: signed))
        return withoutProof + Array(",p=".utf8) + ScramText.base64(proof)
    }

    /// - Throws: the server does not know the password either.
    package mutating func serverFinalReceived(_ message: [UInt8]) throws(Failure) {
        guard case .serverFinal(let signature) = self.state else {
            throw Failure(description: "a SCRAM message too many")
        }
        self.state = .ended
        guard message.starts(with: "v=".utf8),
            let theirs = Base64.decode(Array(message.dropFirst(2).prefix { $0 != ScramText.comma })),
            CredentialBytes.areEqual(theirs, signature)
        else { throw Failure(description: "the server cannot prove that it knows the password") }
    }
}
