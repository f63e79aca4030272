package import Authentication
internal import FoundationEssentials

/// What is read of tokens and key sets before, and after, a signature is looked at: for those who try which bytes it
/// can be made of. `KeySetVerifier` is what servers use.
package enum TokenReading {
    /// The algorithm and the key that a token names.
    package static func header(of token: [UInt8]) throws(BearerRefusal) -> (algorithm: String, keyID: String?) {
        let header = try TokenHeader(token: token)
        return (header.algorithm, header.keyID)
    }

    /// The claims of a payload; `nil` when it is not an object of JSON.
    package static func claims(of payload: [UInt8]) -> [String: ClaimValue]? {
        (try? JSONDecoder().decode(TokenClaims.self, from: Data(payload)))?.values
    }

    /// How many pairs of a key and an algorithm a set has that could verify something.
    package static func usableKeys(of set: [UInt8]) throws(BearerRefusal) -> Int { try TokenKeys.usable(set).count }
}
