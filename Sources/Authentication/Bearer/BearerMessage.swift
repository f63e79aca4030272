/// A client's first message of OAUTHBEARER (RFC 7628): `n,[a=authzid],^A` then `key=value^A` each, then `^A`. The key
/// `auth` has `Bearer TOKEN`; all others are extensions, which are read and not used.
struct BearerMessage: Sendable, Equatable {
    /// Empty when it gives none.
    var authorizationID: String
    var token: String

    private static let separator: UInt8 = 1
    private static let pairsMax = 64

    /// Answers an error of the server, after which the server ends the exchange.
    static let acknowledgement: [UInt8] = [Self.separator]

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
        let parts = message[(comma + 1)...].split(separator: Self.separator, omittingEmptySubsequences: false)
        // A separator in front, one behind each pair, and one at the end.
        guard parts.count >= 3, parts.count <= Self.pairsMax, parts[0].isEmpty, parts[parts.count - 1].isEmpty,
            parts[parts.count - 2].isEmpty
        else { return nil }
        var token: String?
        for pair in parts[1..<(parts.count - 2)] {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex,
                pair[..<equals].allSatisfy({ (65...90).contains($0 & ~0x20) }), equals + 1 < pair.endIndex,
                pair[(equals + 1)...].allSatisfy(Self.isValue)
            else { return nil }
            guard pair[..<equals].elementsEqual("auth".utf8) else { continue }
            // Given twice it could be read in two ways.
            guard token == nil, let value = Self.bearer(pair[(equals + 1)...]) else { return nil }
            token = value
        }
        guard let token else { return nil }
        self.token = token
    }

    private static func isValue(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) || byte == 9 || byte == 10 || byte == 13
    }

    private static func bearer(_ value: ArraySlice<UInt8>) -> String? {
        let words = value.split(separator: UInt8(ascii: " "))
        guard words.count == 2, String(decoding: words[0], as: UTF8.self).lowercased() == "bearer",
            value.first != UInt8(ascii: " "), value.last != UInt8(ascii: " "), words[1].allSatisfy(Self.isToken)
        else { return nil }
        return String(decoding: words[1], as: UTF8.self)
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "="):
            true
        default: false
        }
    }
}
