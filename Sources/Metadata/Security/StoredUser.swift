package import Authentication
internal import Model

/// What is kept of a user who authenticates with a password: the value of `kv/credentials/user/<name>`.
///
/// ```
/// byte 0         format, 1. A reader refuses a higher one.
/// then fields:   tag (varint) | length (varint) | bytes. Tags ascend. Unknown tags are kept and written back.
///
/// tag  field
///  1   SCRAM-SHA-256     iterations (varint) | salt, storedKey, serverKey: length (varint) | bytes
///  2   SCRAM-SHA-512     as 1
/// ```
package struct StoredUser: Sendable, Hashable {
    package var credentials: [ScramHash: ScramCredential]
    private var unknownFields: [UInt8] = []

    private static let format: UInt8 = 1

    package init(credentials: [ScramHash: ScramCredential] = [:]) { self.credentials = credentials }

    /// A user without a credential is forgotten.
    package var isEmpty: Bool { self.credentials.isEmpty && self.unknownFields.isEmpty }

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(Self.format)
        for hash in ScramHash.allCases {
            guard let credential = self.credentials[hash] else { continue }
            writer.field(UInt64(hash.rawValue)) { $0.credential(credential) }
        }
        writer.raw(self.unknownFields)
        return writer.bytes
    }

    /// Throws `.corrupt` or `.newerFormat`; never traps, also on hostile bytes.
    package init(decoding bytes: [UInt8]) throws(MetadataError) {
        self.init()
        var reader = FieldReader(bytes[...])
        try reader.checkFormat(Self.format, of: "a user")
        while !reader.isAtEnd {
            let start = reader.position
            let tag = try reader.number()
            var field = try reader.sized()
            guard let hash = UInt8(exactly: tag).flatMap(ScramHash.init(rawValue:)) else {
                self.unknownFields += reader.slice(from: start)
                continue
            }
            guard self.credentials.updateValue(try field.credential(of: hash), forKey: hash) == nil else {
                throw MetadataError(.corrupt, "A user has a credential twice.")
            }
        }
    }
}

extension FieldWriter {
    mutating func credential(_ credential: ScramCredential) {
        self.number(UInt64(credential.iterations))
        for part in [credential.salt, credential.storedKey, credential.serverKey] {
            self.number(UInt64(part.count))
            self.raw(part)
        }
    }
}

extension FieldReader {
    mutating func checkFormat(_ format: UInt8, of what: String) throws(MetadataError) {
        let found = try self.byte()
        guard found != format else { return }
        throw MetadataError(found > format ? .newerFormat : .corrupt, "What is stored of \(what) has format \(found).")
    }

    mutating func credential(of hash: ScramHash) throws(MetadataError) -> ScramCredential {
        let iterations = try self.number(as: Int.self)
        var parts: [[UInt8]] = []
        for _ in 0..<3 { parts.append(Array(try self.take(self.number(as: Int.self)))) }
        let credential = ScramCredential(
            salt: parts[0],
            storedKey: parts[1],
            serverKey: parts[2],
            iterations: iterations
        )
        guard credential.isWellFormed(for: hash) else {
            throw MetadataError(.corrupt, "A stored credential of \(hash.mechanism.rawValue) is damaged.")
        }
        return credential
    }
}
