/// The parts of a request that Signature Version 4 signs.
package struct SignedParts: Sendable {
    package var method: String
    /// As it came: without the query, percent-encoded by the client.
    package var path: String
    /// As it came, without `?`.
    package var query: String
    /// In their order, also when a name comes twice.
    package var headers: [(name: String, value: String)]

    package init(method: String, path: String, query: String, headers: [(name: String, value: String)]) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
    }

    /// The values of a header, in their order.
    ///
    /// - Parameter name: in lower case.
    func values(of name: String) -> [String] {
        self.headers.filter { Self.isSame($0.name, name) }.map(\.value)
    }

    /// - Parameter lowercased: in lower case.
    private static func isSame(_ name: String, _ lowercased: String) -> Bool {
        name.utf8.count == lowercased.utf8.count
            && zip(name.utf8, lowercased.utf8).allSatisfy { character, wanted in
                let isCapital = character >= UInt8(ascii: "A") && character <= UInt8(ascii: "Z")
                return (isCapital ? character | 0x20 : character) == wanted
            }
    }
}

/// The text that Signature Version 4 makes of a request, on both sides, before it is digested: method, path, query,
/// headers and the digest of the body, each in one form.
struct CanonicalRequest {
    private(set) var text: String

    /// - Parameters:
    ///   - signedHeaders: names in lower case, in the order in which they were signed.
    ///   - isPresigned: the signature is in the query, and is not part of what it signs.
    ///   - isPathFinal: the path is signed as it is sent, as S3 has it; every other service encodes it once more.
    ///   - bodyDigest: SHA-256 in lower-case hexadecimal digits.
    init(
        _ parts: SignedParts,
        signedHeaders: [String],
        isPresigned: Bool = false,
        isPathFinal: Bool = false,
        bodyDigest: String
    ) {
        var text = "\(parts.method)\n\(isPathFinal ? parts.path : Self.path(parts.path))\n"
        text += Self.query(parts.query, isPresigned: isPresigned)
        text += "\n"
        for name in signedHeaders {
            text += name
            text += ":"
            text += parts.values(of: name).map(Self.trimmed).joined(separator: ",")
            text += "\n"
        }
        text += "\n"
        text += signedHeaders.joined(separator: ";")
        text += "\n"
        text += bodyDigest
        self.text = text
    }

    /// Without empty segments, `.` and `..`, and percent-encoded once more, as every service but S3 has it.
    static func path(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") {
            switch segment {
            case ".": break
            case "..": segments = segments.dropLast()
            default: segments.append(segment)
            }
        }
        guard !segments.isEmpty else { return "/" }
        let encoded = segments.map { Self.percentEncoded(String($0).utf8) }.joined(separator: "/")
        return "/" + encoded + (path.hasSuffix("/") ? "/" : "")
    }

    /// Sorted by name, then by value, each in one percent-encoding.
    static func query(_ query: String, isPresigned: Bool) -> String {
        guard !query.isEmpty else { return "" }
        var pairs: [(name: String, value: String)] = []
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.percentEncoded(Self.percentDecoded(pair[0]))
            if isPresigned, name == "X-Amz-Signature" { continue }
            pairs.append((name, pair.count > 1 ? Self.percentEncoded(Self.percentDecoded(pair[1])) : ""))
        }
        pairs.sort { first, second in
            first.name == second.name
                ? first.value.utf8.lexicographicallyPrecedes(second.value.utf8)
                : first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
        }
        return pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Without spaces at its ends, and with one where there were several.
    static func trimmed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }

    /// All but letters, digits, `-`, `.`, `_` and `~`.
    static func percentEncoded(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.append(byte)
            default: text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `%` without two hexadecimal digits stays as it is.
    static func percentDecoded(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(Self.hexValue)
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
