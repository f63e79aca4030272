internal import Authentication
internal import FoundationEssentials
internal import JWTKit
internal import Text

/// The public keys of a JSON Web Key Set (RFC 7517), each for the algorithms that it may verify with.
///
/// jwt-kit verifies signatures. Which key may verify a token is decided here: by the key ID and the algorithm that the
/// token's header names, and never by another key than that. jwt-kit alone would try its first key for an unknown ID,
/// and would not compare the header's algorithm with the key's.
struct TokenKeys: Sendable {
    /// A key for one algorithm.
    struct Name: Hashable {
        /// Keys may have none.
        var id: String?
        var algorithm: String
    }

    /// A longer set is refused: a few keys are a few kilobytes.
    static let bytesMax = 1 << 20
    /// Those behind are left out.
    private static let keysMax = 256
    /// Bytes of an RSA modulus; shorter ones are broken.
    private static let modulusBytesMin = 256
    private static let modulusBytesMax = 1024

    private var verifiers: [Name: JWTKeyCollection] = [:]

    /// Reads a set. Keys that are not for signatures, are too weak or of a kind that is not known are left out, as RFC
    /// 7517 §5 asks.
    ///
    /// - Throws: it is not a key set, or has no usable key.
    init(json bytes: [UInt8]) async throws(BearerRefusal) {
        for (name, key) in try Self.usable(bytes) {
            // Of two keys with one name neither could be told from the other: the first counts.
            guard self.verifiers[name] == nil else { continue }
            let collection = JWTKeyCollection()
            guard (try? await collection.add(jwk: key)) != nil else { continue }
            self.verifiers[name] = collection
        }
        guard !self.verifiers.isEmpty else { throw BearerRefusal("it has no key that verifies signatures") }
    }

    /// The keys of a set, once for each algorithm, as far as that can be said without their mathematics.
    static func usable(_ bytes: [UInt8]) throws(BearerRefusal) -> [(name: Name, key: JWK)] {
        guard bytes.count <= Self.bytesMax, let set = try? JSONDecoder().decode(KeySet.self, from: Data(bytes)) else {
            throw BearerRefusal("it is not a JSON Web Key Set")
        }
        return set.keys.prefix(Self.keysMax).compactMap(\.key).flatMap { key in
            Self.algorithms(of: key).map { algorithm -> (name: Name, key: JWK) in
                let name = Name(id: key.keyIdentifier?.string, algorithm: algorithm.rawValue)
                var key = key
                key.algorithm = algorithm
                key.keyIdentifier = key.keyIdentifier ?? "unnamed"
                return (name: name, key: key)
            }
        }
    }

    /// Keys by their names, for logs.
    var count: Int { Set(self.verifiers.keys.map(\.id)).count }

    /// What is known of the key that a token names.
    enum Selection {
        case verifier(JWTKeyCollection)
        /// A later version of the set may have it.
        case missing
    }

    func select(_ header: TokenHeader) -> Selection {
        if header.keyID != nil {
            let name = Name(id: header.keyID, algorithm: header.algorithm)
            return self.verifiers[name].map { .verifier($0) } ?? .missing
        }
        // Without an ID there must be no choice.
        let fitting = self.verifiers.filter { $0.key.algorithm == header.algorithm }
        guard fitting.count == 1, let only = fitting.first else { return .missing }
        return .verifier(only.value)
    }

    /// With which algorithms a key may verify: the one that it names, or those of its kind. Symmetric ones, and `none`,
    /// are never among them.
    private static func algorithms(of key: JWK) -> [JWK.Algorithm] {
        let fitting: [JWK.Algorithm]
        switch key.keyType {
        case .rsa:
            guard let modulus = key.modulus, let bytes = TokenText.decode(Array(modulus.utf8)[...]),
                (Self.modulusBytesMin...Self.modulusBytesMax).contains(bytes.drop { $0 == 0 }.count)
            else { return [] }
            fitting = [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        case .ecdsa:
            switch key.curve?.rawValue {
            case "P-256": fitting = [.es256]
            case "P-384": fitting = [.es384]
            case "P-521": fitting = [.es512]
            default: return []
            }
        case .octetKeyPair: fitting = [.eddsa]
        default: return []
        }
        guard let named = key.algorithm else { return fitting }
        return fitting.contains(named) ? [named] : []
    }

    private struct KeySet: Decodable {
        var keys: [Key]
    }

    /// One key of the set; `nil` for one that cannot be used here.
    private struct Key: Decodable {
        var key: JWK?

        private enum CodingKeys: String, CodingKey {
            case use
            case privateExponent = "d"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let use = try? fields.decodeIfPresent(String.self, forKey: .use)
            // A set with a private key in it was published by mistake: what it signs proves nothing.
            guard use == nil || use == .some("sig"), !fields.contains(.privateExponent) else { return }
            self.key = try? JWK(from: decoder)
        }
    }
}

/// The header of a token, as far as it decides what verifies it.
struct TokenHeader: Decodable {
    var algorithm: String
    var keyID: String?

    private enum CodingKeys: String, CodingKey {
        case algorithm = "alg"
        case keyID = "kid"
        case critical = "crit"
    }

    /// Longer key IDs are nobody's.
    private static let keyIDBytesMax = 1000

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.algorithm = try fields.decode(String.self, forKey: .algorithm)
        self.keyID = try fields.decodeIfPresent(String.self, forKey: .keyID)
        // RFC 7515 §4.1.11: extensions that must be understood, and none is here.
        guard !fields.contains(.critical), (self.keyID ?? "").utf8.count <= Self.keyIDBytesMax else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "an extension or a long ID"))
        }
    }

    /// Reads the first part of a token.
    init(token: [UInt8]) throws(BearerRefusal) {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), let json = TokenText.decode(parts[0]),
            TokenText.decode(parts[1]) != nil, TokenText.decode(parts[2]) != nil,
            let header = try? JSONDecoder().decode(TokenHeader.self, from: Data(json))
        else { throw BearerRefusal("the token is not a signed JSON Web Token") }
        self = header
    }
}

enum TokenText {
    /// Base64 with the alphabet of URLs and without padding; `nil` for anything else.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var standard: [UInt8] = []
        standard.reserveCapacity(text.count + 3)
        for byte in text {
            switch byte {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: standard.append(byte)
            }
        }
        while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
        return Base64.decode(standard)
    }
}
