package import Model

/// An access key of a user, as it is stored: requests of AWS's clients are signed with it.
///
/// ```
/// byte 0   format, 1
/// fields as in `Topic`: 1 user (text), 2 enabled (one byte), 3 created (zigzag varint, milliseconds),
///                       4 sealed secret (`SecretsKeyring`)
/// ```
package struct AccessKey: Sendable, Equatable {
    /// Of `AKIA` and sixteen letters and digits, as AWS's are.
    package var id: String
    package var user: String
    package var isEnabled: Bool
    package var createdAt: Timestamp
    package var sealedSecret: [UInt8]

    package init(id: String, user: String, isEnabled: Bool = true, createdAt: Timestamp, sealedSecret: [UInt8]) {
        self.id = id
        self.user = user
        self.isEnabled = isEnabled
        self.createdAt = createdAt
        self.sealedSecret = sealedSecret
    }

    /// Where access keys are kept; the name of an entry is its ID.
    package static let space = "access-keys"

    /// What its secret is sealed for: it opens as no other key's, and as no other user's.
    package var secretContext: String { "access-key/\(self.id)/\(self.user)" }

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(1) { $0.raw(self.user.utf8) }
        writer.field(2) { $0.byte(self.isEnabled ? 1 : 0) }
        writer.field(3) { $0.signed(self.createdAt) }
        writer.field(4) { $0.raw(self.sealedSecret) }
        return writer.bytes
    }

    /// - Throws: `.corrupt` or `.newerFormat`.
    package static func decode(_ bytes: [UInt8], id: String) throws(MetadataError) -> AccessKey {
        var key = AccessKey(id: id, user: "", isEnabled: false, createdAt: 0, sealedSecret: [])
        var reader = try FieldReader(bytes, format: 1, of: "an access key")
        while !reader.isAtEnd {
            let tag = try reader.number()
            var field = try reader.sized()
            switch tag {
            case 1: key.user = try field.restAsText()
            case 2: key.isEnabled = try field.byte() != 0
            case 3: key.createdAt = try field.signed()
            case 4: key.sealedSecret = Array(try field.take(field.remaining))
            default: break
            }
        }
        guard !key.user.isEmpty else { throw MetadataError(.corrupt, "A stored access key has no user.") }
        return key
    }
}

extension FieldReader {
    /// Reads the format of a value of fields.
    init(_ bytes: [UInt8], format: UInt8, of what: String) throws(MetadataError) {
        self.init(bytes[...])
        guard try self.byte() == format else {
            throw MetadataError(.newerFormat, "What is stored of \(what) was written by a newer version.")
        }
    }
}
