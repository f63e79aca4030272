package import Authentication
internal import Model

/// The value of `kv/credentials/token/<ID>`.
///
/// ```
/// byte 0         format, 1. A reader refuses a higher one.
/// then fields:   tag (varint) | length (varint) | bytes. Tags ascend. Unknown tags are skipped: a token does not live
///                long, and only its expiry is ever rewritten.
///
/// tag  field
///  1   owner             type, name: length (varint) | UTF-8
///  2   requester         as 1
///  3   renewers          count (varint) | (as 1)…
///  4   times             issued, expires, ends: zigzag varints, ms
///  5   SCRAM-SHA-256     as in `StoredUser`
///  6   SCRAM-SHA-512     as in `StoredUser`
///  7   key fingerprint   bytes
/// ```
extension DelegationToken {
    private static let format: UInt8 = 1

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(Self.format)
        writer.field(1) { $0.principal(self.owner) }
        writer.field(2) { $0.principal(self.requester) }
        writer.field(3) { writer in
            writer.number(UInt64(self.renewers.count))
            for renewer in self.renewers { writer.principal(renewer) }
        }
        writer.field(4) { writer in
            for time in [self.issuedAt, self.expiresAt, self.endsAt] { writer.signed(time) }
        }
        for hash in ScramHash.allCases {
            guard let credential = self.credentials[hash] else { continue }
            writer.field(4 + UInt64(hash.rawValue)) { $0.credential(credential) }
        }
        writer.field(7) { $0.raw(self.keyFingerprint) }
        return writer.bytes
    }

    /// Throws `.corrupt` or `.newerFormat`; never traps, also on hostile bytes.
    package init(decoding bytes: [UInt8], id: String) throws(MetadataError) {
        var reader = FieldReader(bytes[...])
        try reader.checkFormat(Self.format, of: "a delegation token")
        var fields: [UInt64: FieldReader] = [:]
        while !reader.isAtEnd {
            let tag = try reader.number()
            guard fields.updateValue(try reader.sized(), forKey: tag) == nil else {
                throw MetadataError(.corrupt, "A delegation token has field \(tag) twice.")
            }
        }
        func field(_ tag: UInt64) throws(MetadataError) -> FieldReader {
            guard let field = fields[tag] else {
                throw MetadataError(.corrupt, "A delegation token has no field \(tag).")
            }
            return field
        }
        var owner = try field(1)
        var requester = try field(2)
        var renewers = try field(3)
        var times = try field(4)
        var fingerprint = try field(7)
        let count = try renewers.number(as: Int.self)
        guard count <= renewers.remaining / 2 else {
            throw MetadataError(.corrupt, "A delegation token has fewer renewers than it says.")
        }
        var principals: [Principal] = []
        for _ in 0..<count { principals.append(try renewers.principal()) }
        var credentials: [ScramHash: ScramCredential] = [:]
        for hash in ScramHash.allCases {
            guard var field = fields[4 + UInt64(hash.rawValue)] else { continue }
            credentials[hash] = try field.credential(of: hash)
        }
        self.init(
            id: id,
            owner: try owner.principal(),
            requester: try requester.principal(),
            renewers: principals,
            issuedAt: try times.signed(),
            expiresAt: try times.signed(),
            endsAt: try times.signed(),
            credentials: credentials,
            keyFingerprint: Array(try fingerprint.take(fingerprint.remaining))
        )
    }
}

extension FieldWriter {
    fileprivate mutating func principal(_ principal: Principal) {
        self.text(principal.type)
        self.text(principal.name)
    }
}

extension FieldReader {
    fileprivate mutating func principal() throws(MetadataError) -> Principal {
        Principal(type: try self.text(), name: try self.text())
    }
}

/// The keys of what clients authenticate with. One prefix has both kinds, so that one watch delivers both in order.
package enum CredentialKey: Sendable, Hashable {
    case user(String)
    case token(id: String)

    package static let all = MetadataKeys.space("credentials")
    private static let users = MetadataKey("kv/credentials/user/")
    private static let tokens = MetadataKey("kv/credentials/token/")

    package var key: MetadataKey {
        switch self {
        case .user(let name): MetadataKeys.item(space: "credentials", name: "user/" + name)
        case .token(let id): MetadataKeys.item(space: "credentials", name: "token/" + id)
        }
    }

    /// `nil` for other keys.
    package init?(_ key: MetadataKey) {
        func name(behind prefix: MetadataKey) -> String? {
            guard key.hasPrefix(prefix) else { return nil }
            return String(validating: key.bytes.dropFirst(prefix.bytes.count), as: UTF8.self)
        }
        if let user = name(behind: Self.users) {
            self = .user(user)
        } else if let id = name(behind: Self.tokens) {
            self = .token(id: id)
        } else {
            return nil
        }
    }
}
