import Model
import Testing

@testable import AccessControl

/// The merged tables against the rules as they are written down, on random ACLs.
@Suite struct RandomRightsTests {
    /// A small generator, the same on every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state ^ (self.state >> 29)
        }
    }

    private static let names = ["a", "ab", "abc", "abd", "b", "ba", "*", "abcd"]
    private static let principals = [Principal(name: "x"), Principal(name: "y"), .everybody]
    private static let hosts = ["*", "1.1.1.1", "2.2.2.2"]

    /// Kafka's `findResult` over every ACL whose pattern matches.
    private func decide(
        _ acls: [ACL],
        _ principal: Principal,
        _ host: String,
        _ operation: ACLOperation,
        _ name: String,
        everyone: Bool
    ) -> Bool {
        let about = acls.filter { acl in
            switch acl.patternType {
            case .literal: acl.resourceName == name || acl.resourceName == "*"
            case .prefixed: name.hasPrefix(acl.resourceName)
            }
        }
        let mine = about.filter { acl in
            (acl.principal == principal || acl.principal == .everybody) && (acl.host == "*" || acl.host == host)
        }
        if mine.contains(where: { $0.permission == .deny && ($0.operation == .all || $0.operation == operation) }) {
            return false
        }
        let describes: Set<ACLOperation> = [.describe, .read, .write, .delete, .alter]
        let isAllowed = mine.contains { acl in
            guard acl.permission == .allow else { return false }
            if acl.operation == .all { return true }
            switch operation {
            case .describe: return describes.contains(acl.operation)
            case .describeConfigs: return [.describeConfigs, .alterConfigs].contains(acl.operation)
            default: return acl.operation == operation
            }
        }
        return isAllowed || (about.isEmpty && everyone)
    }

    @Test func `the merged tables decide as the rules do`() throws {
        var random = Generator(state: 0x6d69_6c6c)
        for round in 0..<400 {
            var acls: [ACL] = []
            for _ in 0..<Int.random(in: 0...7, using: &random) {
                acls.append(
                    ACL(
                        try #require([Permission.allow, .allow, .deny].randomElement(using: &random)),
                        try #require(ACLOperation.allCases.randomElement(using: &random)),
                        on: .topic,
                        try #require(Self.names.randomElement(using: &random)),
                        try #require(PatternType.allCases.randomElement(using: &random)),
                        to: try #require(Self.principals.randomElement(using: &random)),
                        from: try #require(Self.hosts.randomElement(using: &random))
                    )
                )
            }
            let everyone = round.isMultiple(of: 3)
            let snapshot = ACLSnapshot(Set(acls), settings: .init(allowsEveryoneWithoutACL: everyone))
            for principal in [Principal(name: "x"), Principal(name: "z")] {
                for host in ["1.1.1.1", "3.3.3.3"] {
                    let rights = snapshot.rights(of: principal, from: host)
                    for name in Self.names {
                        for operation in ACLOperation.allCases where operation != .all {
                            let expected = self.decide(acls, principal, host, operation, name, everyone: everyone)
                            #expect(
                                rights.allows(operation, onTopic: name) == expected,
                                "\(principal) \(host) \(operation) \(name): \(acls)"
                            )
                        }
                    }
                }
            }
        }
    }
}
