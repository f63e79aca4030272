import Model
import Testing

@testable import AccessControl

/// Which ACLs a filter means, as Kafka's `AclBindingFilter` and `ResourcePatternFilter` decide it.
@Suite struct ACLFilterTests {
    private static let literal = ACL(.allow, .read, on: .topic, "orders", to: Principal(name: "a"), from: "1.1.1.1")
    private static let prefixed = ACL(.deny, .write, on: .topic, "ord", .prefixed, to: .everybody)
    private static let wildcard = ACL(.allow, .all, on: .topic, "*", to: Principal(name: "b"))
    private static let group = ACL(.allow, .read, on: .group, "orders", to: Principal(name: "a"))
    private static let all = ACLSnapshot([literal, prefixed, wildcard, group])

    private func found(_ filter: ACLFilter) -> Set<ACL> { Set(Self.all.acls(matching: filter)) }

    @Test func `an empty filter means every ACL`() {
        #expect(self.found(ACLFilter()) == [Self.literal, Self.prefixed, Self.wildcard, Self.group])
    }

    @Test func `patterns are matched by kind`() {
        func topics(_ pattern: ACLFilter.Pattern, _ name: String?) -> Set<ACL> {
            self.found(ACLFilter(resourceType: .topic, resourceName: name, pattern: pattern))
        }
        #expect(topics(.match, "orders") == [Self.literal, Self.prefixed, Self.wildcard])
        #expect(topics(.match, "other") == [Self.wildcard])
        #expect(topics(.match, nil) == [Self.literal, Self.prefixed, Self.wildcard])
        #expect(topics(.any, "orders") == [Self.literal])
        #expect(topics(.any, "ord") == [Self.prefixed])
        #expect(topics(.literal, "*") == [Self.wildcard])
        #expect(topics(.literal, nil) == [Self.literal, Self.wildcard])
        #expect(topics(.prefixed, "orders") == [])
        #expect(topics(.prefixed, nil) == [Self.prefixed])
    }

    @Test func `each part of an entry is matched`() {
        #expect(self.found(ACLFilter(principal: "User:a")) == [Self.literal, Self.group])
        #expect(self.found(ACLFilter(principal: "User:*")) == [Self.prefixed])
        #expect(self.found(ACLFilter(host: "1.1.1.1")) == [Self.literal])
        #expect(self.found(ACLFilter(operation: .read)) == [Self.literal, Self.group])
        #expect(self.found(ACLFilter(operation: .all)) == [Self.wildcard])
        #expect(self.found(ACLFilter(permission: .deny)) == [Self.prefixed])
        #expect(self.found(ACLFilter(resourceType: .group)) == [Self.group])
    }

    @Test func `principals are read as Kafka reads them`() {
        #expect(Principal(parsing: "User:a:b") == Principal(name: "a:b"))
        #expect(Principal(parsing: "User:") == Principal(name: ""))
        #expect(Principal(parsing: "alice") == nil)
    }

    @Test func `what cannot be kept is refused`() {
        #expect(Self.literal.problem == nil)
        #expect(ACL(.allow, .read, on: .topic, "", to: .everybody).problem != nil)
        #expect(ACL(.allow, .read, on: .cluster, "other", to: .everybody).problem != nil)
        #expect(ACL(.allow, .read, on: .cluster, "kafka-cluster", to: .everybody).problem == nil)
        let long = String(repeating: "x", count: ACL.textBytesMax + 1)
        #expect(ACL(.allow, .read, on: .topic, long, to: .everybody).problem != nil)
    }
}
