package import Model

/// A token of a user for the admin port, as it is stored: by its digest, so that reading the metadata gives nobody a
/// token. A token is 256 random bits; nothing slower than a digest is needed to keep it.
///
/// ```
/// byte 0   format, 1
/// fields as in `Topic`: 1 user (text), 2 digest (32 bytes, SHA-256), 3 created and 4 expires (zigzag varints,
///                       milliseconds)
/// ```
package struct AdminToken: Sendable, Equatable {
    /// Names the token; not secret.
    package var id: String
    package var user: String
    package var digest: [UInt8]
    package var createdAt: Timestamp
    package var expiresAt: Timestamp

    package init(id: String, user: String, digest: [UInt8], createdAt: Timestamp, expiresAt: Timestamp) {
        self.id = id
        self.user = user
        self.digest = digest
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// Where tokens are kept; the name of an entry is its ID.
    package static let space = "admin-tokens"

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(1) { $0.raw(self.user.utf8) }
        writer.field(2) { $0.raw(self.digest) }
        writer.field(3) { $0.signed(self.createdAt) }
        writer.field(4) { $0.signed(self.expiresAt) }
        return writer.bytes
    }

    /// - Throws: `.corrupt` or `.newerFormat`.
    package static func decode(_ bytes: [UInt8], id: String) throws(MetadataError) -> AdminToken {
        var token = AdminToken(id: id, user: "", digest: [], createdAt: 0, expiresAt: 0)
        var reader = try FieldReader(bytes, format: 1, of: "a token of the admin port")
        while !reader.isAtEnd {
            let tag = try reader.number()
            var field = try reader.sized()
            switch tag {
            case 1: token.user = try field.restAsText()
            case 2: token.digest = Array(try field.take(field.remaining))
            case 3: token.createdAt = try field.signed()
            case 4: token.expiresAt = try field.signed()
            default: break
            }
        }
        guard !token.user.isEmpty, token.digest.count == 32 else {
            throw MetadataError(.corrupt, "A stored token of the admin port is incomplete.")
        }
        return token
    }
}
