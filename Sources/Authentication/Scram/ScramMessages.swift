internal import Text

/// A client's first message: `n,[a=authzid],n=user,r=nonce[,extensions]` (RFC 5802 §7).
struct ScramClientFirst: Sendable, Equatable {
    /// `n,` and an identity to act as, and a comma: what the channel binding repeats.
    var header: [UInt8]
    /// All behind the header, as it came; what is signed.
    var bare: [UInt8]
    /// Empty when it gives none.
    var authorizationID: String
    var user: String
    var nonce: [UInt8]
    /// `tokenauth=true`: the user is the ID of a delegation token (KIP-48).
    var isTokenAuthentication: Bool

    /// - Returns: `nil` for anything else, for a client that wants channel binding (`p=`, and `y` as in Kafka), and
    ///   for one with a mandatory extension (`m=`), which no server here knows.
    init?(_ message: [UInt8]) {
        guard message.starts(with: "n,".utf8), let comma = message.dropFirst(2).firstIndex(of: ScramText.comma) else {
            return nil
        }
        let identity = message[2..<comma]
        if identity.isEmpty {
            self.authorizationID = ""
        } else {
            guard identity.starts(with: "a=".utf8), let name = ScramText.name(identity.dropFirst(2)) else { return nil }
            self.authorizationID = name
        }
        self.header = Array(message[...comma])
        self.bare = Array(message[(comma + 1)...])
        let parts = self.bare.split(separator: ScramText.comma, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.count <= 2 + ScramText.extensionsMax, parts[0].starts(with: "n=".utf8),
            let user = ScramText.name(parts[0].dropFirst(2)), let nonce = ScramText.nonce(parts[1])
        else { return nil }
        self.user = user
        self.nonce = nonce
        self.isTokenAuthentication = false
        for part in parts[2...] {
            guard let (name, value) = ScramText.extension(part) else { return nil }
            if name == "tokenauth" { self.isTokenAuthentication = value.lowercased() == "true" }
        }
    }
}

/// A client's final message: `c=binding,r=nonce[,extensions],p=proof`.
struct ScramClientFinal: Sendable, Equatable {
    /// As it came, before the proof; what is signed.
    var withoutProof: [UInt8]
    var channelBinding: [UInt8]
    var nonce: [UInt8]
    var proof: [UInt8]

    init?(_ message: [UInt8]) {
        let parts = message.split(separator: ScramText.comma, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.count <= 3 + ScramText.extensionsMax, let last = parts.last,
            parts[0].starts(with: "c=".utf8), last.starts(with: "p=".utf8),
            let binding = Base64.decode(Array(parts[0].dropFirst(2))), let nonce = ScramText.nonce(parts[1]),
            let proof = Base64.decode(Array(last.dropFirst(2)))
        else { return nil }
        for part in parts[2..<(parts.count - 1)] where ScramText.extension(part) == nil { return nil }
        self.withoutProof = Array(message.dropLast(last.count + 1))
        self.channelBinding = binding
        self.nonce = nonce
        self.proof = proof
    }
}

/// Parts of the messages' grammar.
enum ScramText {
    static let comma = UInt8(ascii: ",")
    /// Of one message.
    static let extensionsMax = 16
    /// Of names; a longer one is nobody's.
    static let nameBytesMax = 1024
    private static let nonceBytesMax = 1024

    /// A `saslname`: UTF-8 without NUL, in which `=2C` is a comma and `=3D` an equals sign.
    static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        guard !bytes.isEmpty, bytes.count <= Self.nameBytesMax else { return nil }
        var name: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            guard byte != 0, byte != Self.comma else { return nil }
            guard byte == UInt8(ascii: "=") else {
                name.append(byte)
                index += 1
                continue
            }
            let escape = bytes[index...].prefix(3)
            if escape.elementsEqual("=2C".utf8) {
                name.append(Self.comma)
            } else if escape.elementsEqual("=3D".utf8) {
                name.append(UInt8(ascii: "="))
            } else {
                return nil
            }
            index += 3
        }
        return String(validating: name, as: UTF8.self)
    }

    /// What `name` reads.
    static func escaped(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            switch byte {
            case Self.comma: bytes += Array("=2C".utf8)
            case UInt8(ascii: "="): bytes += Array("=3D".utf8)
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    /// `r=` and printable characters.
    static func nonce(_ part: ArraySlice<UInt8>) -> [UInt8]? {
        let nonce = part.dropFirst(2)
        guard part.starts(with: "r=".utf8), !nonce.isEmpty, nonce.count <= Self.nonceBytesMax,
            nonce.allSatisfy({ (0x21...0x7E).contains($0) && $0 != Self.comma })
        else { return nil }
        return Array(nonce)
    }

    /// `letters=value`
    static func `extension`(_ part: ArraySlice<UInt8>) -> (name: String, value: String)? {
        guard let equals = part.firstIndex(of: UInt8(ascii: "=")), equals > part.startIndex,
            part[..<equals].allSatisfy({ (65...90).contains($0 & ~0x20) }), equals + 1 < part.endIndex,
            !part.contains(0), let value = String(validating: part[(equals + 1)...], as: UTF8.self)
        else { return nil }
        let name = String(decoding: part[..<equals], as: UTF8.self)
        return name == "m" ? nil : (name, value)
    }

    static func base64(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Base64.encodedCount(of: bytes.count)) { target, count in
            count = bytes.withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
    }

    static func xor(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] { zip(first, second).map { $0 ^ $1 } }
}
