import AccessControl
import KafkaProtocol
import Model
import Serving
import Testing

@testable import Broker
@testable import KafkaServer

/// Every API in every version × every state of a principal: without rights, with each single right, with all that is
/// needed, with each of these denied, and as a super user.
@Suite struct AuthorizationMatrixTests {
    private typealias Grant = AuthorizationRow.Grant

    private static let client = Principal(name: "client")
    private static let authorizationErrors: Set<ErrorCode> = [
        .topicAuthorizationFailed, .groupAuthorizationFailed, .clusterAuthorizationFailed,
        .transactionalIDAuthorizationFailed, .delegationTokenAuthorizationFailed,
    ]

    private static func acl(_ grant: Grant, _ permission: Permission = .allow) -> AccessControl.ACL {
        ACL(permission, grant.operation, on: grant.type, grant.name, to: Self.client)
    }

    private static func rights(_ acls: [AccessControl.ACL], superUsers: Set<Principal> = []) -> Rights {
        ACLSnapshot(Set(acls), settings: .init(superUsers: superUsers)).rights(of: Self.client, from: "1.2.3.4")
    }

    private static func access(_ rights: Rights, _ broker: Broker, _ version: Int16) -> Access {
        Access(
            rights: rights,
            broker: broker,
            session: Session(
                listener: "KAFKA",
                local: Endpoint(host: "127.0.0.1", port: 9092),
                remote: Endpoint(host: "1.2.3.4", port: 1),
                principal: Self.client
            ),
            version: version,
            operation: "test"
        )
    }

    /// Whether what the client holds is enough, by the table.
    private static func isEnough(_ rights: Rights, _ row: AuthorizationRow) -> Bool {
        row.needs.contains { $0.allSatisfy { rights.allows($0.operation, on: $0.type, $0.name) } }
    }

    private func check(_ row: AuthorizationRow, _ rights: Rights, _ broker: Broker, _ state: String) {
        let expected = rights.isUnrestricted || Self.isEnough(rights, row)
        for version in row.versions {
            let errors = row.errors(Self.access(rights, broker, version), version)
            let isRefused = errors.contains { Self.authorizationErrors.contains($0) }
            #expect(isRefused == !expected, "\(row) v\(version), \(state): \(errors)")
        }
    }

    /// Every resource and operation that there is.
    private static let singleGrants: [Grant] = [
        (ResourceType.topic, "t"), (.group, "g"), (.transactionalID, "x"), (.cluster, ResourceType.clusterName),
        (.delegationToken, "d"), (.user, "User:u"),
    ].flatMap { type, name in ACLOperation.allCases.map { Grant(operation: $0, type: type, name: name) } }

    @Test func `there is a row for every API that is served`() {
        #expect(Set(AuthorizationRow.all.map(\.key)) == Set(ServedAPI.all.map(\.key)))
    }

    @Test func `every API answers as its row says, in every state of the principal`() async throws {
        try await ConnectionHarness.withConnection { harness in
            let broker = try #require(harness.connection?.services.broker)
            for row in AuthorizationRow.all {
                self.check(row, Self.rights([]), broker, "without rights")
                self.check(row, Self.rights([], superUsers: [Self.client]), broker, "super user")
                for grant in Self.singleGrants {
                    self.check(row, Self.rights([Self.acl(grant)]), broker, "with \(grant)")
                }
                for needed in row.needs {
                    let granted = needed.map { Self.acl($0) }
                    self.check(row, Self.rights(granted), broker, "with all that is needed")
                    for denied in needed {
                        // Everything is allowed except one.
                        let everything = Self.singleGrants.filter { $0.operation == .all }.map { Self.acl($0) }
                        let rights = Self.rights(everything + [Self.acl(denied, .deny)])
                        self.check(row, rights, broker, "denied \(denied)")
                    }
                }
            }
        }
    }

    @Test func `other principals' rights do not count`() async throws {
        try await ConnectionHarness.withConnection { harness in
            let broker = try #require(harness.connection?.services.broker)
            let others = Self.singleGrants.map {
                ACL(.allow, .all, on: $0.type, $0.name, to: Principal(name: "Client"))
            }
            for row in AuthorizationRow.all { self.check(row, Self.rights(others), broker, "rights of others") }
        }
    }
}
