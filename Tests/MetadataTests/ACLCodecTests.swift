import AccessControl
import Model
import Testing

@testable import Metadata

@Suite struct ACLCodecTests {
    private static let acls = [
        ACL(.allow, .read, on: .topic, "orders", to: .everybody),
        ACL(
            .deny,
            .all,
            on: .transactionalID,
            "é/\0x",
            .prefixed,
            to: Principal(type: "Group", name: "a:b"),
            from: "::1"
        ),
    ]

    @Test(arguments: Self.acls)
    func `an ACL comes back from its key`(acl: ACL) throws {
        #expect(try MetadataKeys.acl(of: MetadataKeys.acl(acl)) == acl)
    }

    @Test(arguments: Self.acls)
    func `a damaged key is refused, never left out`(acl: ACL) {
        let bytes = MetadataKeys.acl(acl).bytes
        for count in 0..<bytes.count {
            #expect(throws: MetadataError.self) {
                try MetadataKeys.acl(of: MetadataKey(bytes: Array(bytes.prefix(count))))
            }
        }
        #expect(throws: MetadataError.self) { try MetadataKeys.acl(of: MetadataKey(bytes: bytes + [0])) }
    }
}
