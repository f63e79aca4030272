internal import NIOCore

/// One request of S3's API, before it is signed.
struct S3Request: Sendable {
    var method: String
    /// Of the object, with the prefix; `nil` for the bucket.
    var name: String?
    /// Names and values, not encoded.
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body: [ByteBuffer] = []

    var bodyBytes: Int { self.body.reduce(0) { $0 + $1.readableBytes } }

    func path(_ settings: S3Settings) -> String {
        var path = settings.usesPathStyle ? "/" + Self.encoded(settings.bucket, keepsSlash: false) : ""
        if let name { path += "/" + Self.encoded(name, keepsSlash: true) }
        return path.isEmpty ? "/" : path
    }

    /// In the order that signatures sort them into.
    var queryText: String {
        self.query
            .map { (Self.encoded($0.name, keepsSlash: false), Self.encoded($0.value, keepsSlash: false)) }
            .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// All but letters, digits, `-`, `.`, `_` and `~` as `%NN`.
    static func encoded(_ text: String, keepsSlash: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            case UInt8(ascii: "/") where keepsSlash: encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
