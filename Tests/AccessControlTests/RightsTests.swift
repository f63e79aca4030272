import Model
import Testing

@testable import AccessControl

/// The rules of Kafka's `StandardAuthorizerData`, one by one.
@Suite struct RightsTests {
    private static let alice = Principal(name: "alice")
    private static let host = "10.1.2.3"

    private func rights(
        _ acls: [ACL],
        of principal: Principal = Self.alice,
        from host: String = Self.host,
        settings: ACLSnapshot.Settings = .init()
    ) -> Rights {
        ACLSnapshot(Set(acls), settings: settings).rights(of: principal, from: host)
    }

    private func allow(
        _ operation: ACLOperation,
        _ name: String = "orders",
        _ pattern: PatternType = .literal,
        to principal: Principal = Self.alice,
        from host: String = "*"
    ) -> ACL {
        ACL(.allow, operation, on: .topic, name, pattern, to: principal, from: host)
    }

    private func deny(
        _ operation: ACLOperation,
        _ name: String = "orders",
        _ pattern: PatternType = .literal,
        to principal: Principal = Self.alice,
        from host: String = "*"
    ) -> ACL {
        ACL(.deny, operation, on: .topic, name, pattern, to: principal, from: host)
    }

    @Test func `without an ACL nothing is allowed`() {
        let rights = self.rights([])
        for type in ResourceType.allCases {
            #expect(rights.operations(on: type, "orders") == [])
            for operation in ACLOperation.allCases { #expect(!rights.allowsAny(operation, of: type)) }
        }
    }

    static let implied: [ACLOperation: OperationSet] = [
        .read: [.read, .describe], .write: [.write, .describe], .delete: [.delete, .describe],
        .alter: [.alter, .describe], .alterConfigs: [.alterConfigs, .describeConfigs], .all: .everything,
    ]

    @Test(arguments: ACLOperation.allCases)
    func `an operation that is allowed implies what Kafka says`(operation: ACLOperation) {
        let expected = Self.implied[operation] ?? OperationSet(operation)
        #expect(self.rights([self.allow(operation)]).operations(on: .topic, "orders") == expected)
    }

    @Test(arguments: ACLOperation.allCases)
    func `an operation that is denied implies nothing`(operation: ACLOperation) {
        let rights = self.rights([self.allow(.all), self.deny(operation)])
        let expected: OperationSet =
            operation == .all ? [] : OperationSet.everything.subtracting(OperationSet(operation))
        #expect(rights.operations(on: .topic, "orders") == expected)
    }

    @Test(arguments: ["orders", "ord", "o", "*"])
    func `a denial wins over every permission, of a literal, prefixed or wildcard pattern`(name: String) {
        let pattern: PatternType = name == "orders" || name == "*" ? .literal : .prefixed
        for allowed in [self.allow(.read), self.allow(.read, "or", .prefixed), self.allow(.all, "*")] {
            let rights = self.rights([allowed, self.deny(.read, name, pattern)])
            #expect(!rights.allows(.read, onTopic: "orders"))
        }
    }

    @Test func `prefixes of prefixes add up, and a literal name is not a prefix`() {
        let rights = self.rights([
            self.allow(.read, "or", .prefixed), self.allow(.write, "order", .prefixed),
            self.allow(.delete, "orders-", .prefixed), self.allow(.alter, "order"),
            self.deny(.write, "orders-secret", .prefixed),
        ])
        #expect(rights.operations(on: .topic, "o") == [])
        #expect(rights.operations(on: .topic, "or") == [.read, .describe])
        #expect(rights.operations(on: .topic, "orange") == [.read, .describe])
        #expect(rights.operations(on: .topic, "order") == [.read, .write, .alter, .describe])
        #expect(rights.operations(on: .topic, "orders") == [.read, .write, .describe])
        #expect(rights.operations(on: .topic, "orders-eu") == [.read, .write, .delete, .describe])
        #expect(rights.operations(on: .topic, "orders-secrets") == [.read, .delete, .describe])
        #expect(rights.operations(on: .topic, "os") == [])
    }

    @Test func `a prefix of an asterisk is a prefix, and other types are other resources`() {
        let rights = self.rights([self.allow(.read, "*", .prefixed)])
        #expect(rights.allows(.read, onTopic: "*x"))
        #expect(!rights.allows(.read, onTopic: "orders"))
        #expect(!self.rights([self.allow(.read, "*")]).allows(.read, on: .group, "orders"))
    }

    @Test func `only ACLs of the principal and of everybody count`() {
        let acls = [
            self.allow(.read, to: .everybody), self.allow(.write, to: Principal(name: "bob")),
            self.allow(.delete, to: Principal(type: "Group", name: "alice")),
            self.allow(.alter, to: Principal(type: "Group", name: "*")),
        ]
        #expect(self.rights(acls).operations(on: .topic, "orders") == [.read, .describe])
        let anonymous = self.rights(acls, of: .anonymous)
        #expect(anonymous.operations(on: .topic, "orders") == [.read, .describe])
        // A type other than User has no wildcard of its own.
        let group = self.rights(acls, of: Principal(type: "Group", name: "staff"))
        #expect(group.operations(on: .topic, "orders") == [.read, .describe])
    }

    @Test func `names are compared by their bytes and by their case`() {
        let composed = Principal(name: "caf\u{E9}")
        let decomposed = Principal(name: "cafe\u{301}")
        let acls = [ACL(.allow, .read, on: .group, "caf\u{E9}", to: composed)]
        #expect(self.rights(acls, of: composed).allows(.read, on: .group, "caf\u{E9}"))
        #expect(!self.rights(acls, of: composed).allows(.read, on: .group, "cafe\u{301}"))
        #expect(!self.rights(acls, of: decomposed).allows(.read, on: .group, "caf\u{E9}"))
        #expect(!self.rights([self.allow(.read)], of: Principal(name: "Alice")).allows(.read, onTopic: "orders"))
        #expect(!self.rights([self.allow(.read)]).allows(.read, onTopic: "Orders"))
    }

    @Test func `hosts are compared as texts`() {
        let acls = [self.allow(.read, from: Self.host), self.deny(.read, from: "10.1.2.4")]
        #expect(self.rights(acls).allows(.read, onTopic: "orders"))
        #expect(!self.rights(acls, from: "10.1.2.4").allows(.read, onTopic: "orders"))
        #expect(!self.rights(acls, from: "10.1.2.30").allows(.read, onTopic: "orders"))
    }

    @Test func `a super user may do everything, also what is denied`() {
        var settings = ACLSnapshot.Settings()
        settings.superUsers = [Self.alice]
        let rights = self.rights([self.deny(.all, "*")], settings: settings)
        #expect(rights.isUnrestricted)
        #expect(rights.operations(on: .topic, "orders") == .everything)
        #expect(rights.allowsAny(.write, of: .topic))
        #expect(!self.rights([], of: Principal(type: "Group", name: "alice"), settings: settings).isUnrestricted)
    }

    @Test func `everybody may do everything to resources without an ACL, if so configured`() {
        let settings = ACLSnapshot.Settings(allowsEveryoneWithoutACL: true)
        let others = [
            self.allow(.read, to: Principal(name: "bob")), self.allow(.read, "p-", .prefixed, to: .anonymous),
        ]
        let rights = self.rights(others, settings: settings)
        #expect(rights.operations(on: .topic, "free") == .everything)
        #expect(rights.operations(on: .group, "orders") == .everything)
        // Another principal's ACL, literal or prefixed, is one about the resource.
        #expect(rights.operations(on: .topic, "orders") == [])
        #expect(rights.operations(on: .topic, "p-1") == [])
        // One about all topics leaves no topic without.
        let wildcard = self.rights([self.allow(.read, "*", to: Principal(name: "bob"))], settings: settings)
        #expect(wildcard.operations(on: .topic, "free") == [])
        // An ACL of one's own ends the freedom as well.
        #expect(self.rights([self.deny(.read)], settings: settings).operations(on: .topic, "orders") == [])
        let own = self.rights([self.allow(.read)], settings: settings)
        #expect(own.operations(on: .topic, "orders") == [.read, .describe])
    }

    @Test func `something is allowed unless denials cover all of it`() {
        let write = ACLOperation.write
        func may(_ acls: ACL...) -> Bool { self.rights(acls).allowsAny(write, of: .topic) }
        #expect(may(self.allow(.write)))
        #expect(may(self.allow(.all)))
        #expect(!may(self.allow(.read)))
        #expect(!may(self.allow(.write), self.deny(.write)))
        #expect(!may(self.allow(.write), self.deny(.all)))
        #expect(!may(self.allow(.write), self.deny(.write, "*")))
        #expect(!may(self.allow(.write, "*"), self.deny(.write, "*")))
        #expect(may(self.allow(.write, "*"), self.deny(.write, "a", .prefixed)))
        #expect(!may(self.allow(.write), self.deny(.write, "ord", .prefixed)))
        #expect(!may(self.allow(.write, "ord", .prefixed), self.deny(.write, "or", .prefixed)))
        #expect(!may(self.allow(.write, "ord", .prefixed), self.deny(.write, "ord", .prefixed)))
        #expect(may(self.allow(.write, "or", .prefixed), self.deny(.write, "ord", .prefixed)))
        #expect(may(self.allow(.write, "ord", .prefixed), self.deny(.write, "ord")))
        // Nothing is implied here, as in Kafka.
        #expect(!self.rights([self.allow(.write)]).allowsAny(.describe, of: .topic))
    }
}
