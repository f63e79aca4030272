package import AccessControl
internal import Model

/// How ACLs are stored: each is a key of its own, so that adding one that exists changes nothing and no value grows
/// with their number.
///
/// | bytes of the key after `kv/acl/` | |
/// | --- | --- |
/// | 1 | format, 1 |
/// | 1 | resource type, Kafka's code |
/// | 1 | pattern type |
/// | 1 | operation |
/// | 1 | permission |
/// | length (LEB128), UTF-8 | resource name |
/// | length, UTF-8 | principal's type |
/// | length, UTF-8 | principal's name |
/// | length, UTF-8 | host |
///
/// The value is one byte, the format.
extension MetadataKeys {
    /// All ACLs.
    package static let acls = MetadataKeys.space("acl")
    /// What is stored under each ACL's key.
    package static let aclValue: [UInt8] = [aclFormat]

    private static let aclFormat: UInt8 = 1

    /// The key of an ACL.
    package static func acl(_ acl: ACL) -> MetadataKey {
        var writer = FieldWriter()
        writer.raw(self.acls.bytes)
        writer.byte(self.aclFormat)
        writer.byte(UInt8(acl.resourceType.rawValue))
        writer.byte(UInt8(acl.patternType.rawValue))
        writer.byte(UInt8(acl.operation.rawValue))
        writer.byte(UInt8(acl.permission.rawValue))
        writer.text(acl.resourceName)
        writer.text(acl.principal.type)
        writer.text(acl.principal.name)
        writer.text(acl.host)
        return MetadataKey(bytes: writer.bytes)
    }

    /// The ACL of a key. Throws `.corrupt` for a key that cannot be read: what is left out may be an ACL that denies.
    package static func acl(of key: MetadataKey) throws(MetadataError) -> ACL {
        guard key.hasPrefix(self.acls) else { throw MetadataError(.corrupt, "\(key) is not the key of an ACL.") }
        var reader = FieldReader(key.bytes.dropFirst(self.acls.bytes.count))
        guard try reader.byte() == self.aclFormat,
            let resourceType = ResourceType(rawValue: Int8(truncatingIfNeeded: try reader.byte())),
            let patternType = PatternType(rawValue: Int8(truncatingIfNeeded: try reader.byte())),
            let operation = ACLOperation(rawValue: Int8(truncatingIfNeeded: try reader.byte())),
            let permission = Permission(rawValue: Int8(truncatingIfNeeded: try reader.byte()))
        else { throw MetadataError(.corrupt, "The stored ACL \(key) is of a later version or damaged.") }
        let resourceName = try reader.text()
        let principal = Principal(type: try reader.text(), name: try reader.text())
        let host = try reader.text()
        guard reader.isAtEnd else { throw MetadataError(.corrupt, "The stored ACL \(key) is too long.") }
        return ACL(permission, operation, on: resourceType, resourceName, patternType, to: principal, from: host)
    }
}
