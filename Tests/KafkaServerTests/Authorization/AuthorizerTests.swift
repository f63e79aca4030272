import AccessControl
import FoundationEssentials
import Logging
import Metadata
import MetadataSQLite
import Model
import Testing

@testable import Broker

/// ACLs in the metadata and in memory.
@Suite(.timeLimit(.minutes(20))) struct AuthorizerTests {
    private let path = FileManager.default.temporaryDirectory.path() + "/acl-\(UInt64.random(in: 0...(.max))).sqlite"

    private func withStore(_ body: (SQLiteMetadataStore) async throws -> Void) async throws {
        defer { try? FileManager.default.removeItem(atPath: self.path) }
        try await body(try SQLiteMetadataStore(path: self.path))
    }

    private func authorizer(_ store: SQLiteMetadataStore) async throws -> Authorizer {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let made = Authorizer(store: store, settings: ACLSnapshot.Settings(), logger: logger)
        try await made.load()
        return made
    }

    private static let alice = Principal(name: "alice")

    private static func acl(_ number: Int) -> ACL { ACL(.allow, .read, on: .topic, "t\(number)", to: Self.alice) }

    @Test func `what is added holds at once and is there after a start`() async throws {
        try await self.withStore { store in
            let first = try await self.authorizer(store)
            let before = first.rights(of: Self.alice, from: "h")
            #expect(!before.allows(.read, onTopic: "t1"))
            // More than one transaction takes.
            try await first.add((0..<250).map(Self.acl))
            #expect(first.current(before).allows(.read, onTopic: "t249"))
            #expect(before.version != first.version)
            let second = try await self.authorizer(store)
            #expect(second.aclCount == 250)
            #expect(second.rights(of: Self.alice, from: "h").allows(.read, onTopic: "t249"))
            let removed = try await first.remove(matching: ACLFilter(resourceName: "t1"))
            #expect(removed == [Self.acl(1)])
            #expect(!first.rights(of: Self.alice, from: "h").allows(.read, onTopic: "t1"))
        }
    }

    @Test func `rights are the same object until ACLs change`() async throws {
        try await self.withStore { store in
            let authorizer = try await self.authorizer(store)
            let first = authorizer.rights(of: Self.alice, from: "h")
            #expect(authorizer.rights(of: Self.alice, from: "h") === first)
            #expect(authorizer.current(first) === first)
            #expect(authorizer.rights(of: Self.alice, from: "i") !== first)
            try await authorizer.add([Self.acl(1)])
            #expect(authorizer.current(first) !== first)
            // What exists already changes nothing.
            let second = authorizer.current(first)
            try await authorizer.add([Self.acl(1)])
            #expect(authorizer.current(second) === second)
        }
    }

    @Test func `there are no more ACLs than the bound`() async throws {
        try await self.withStore { store in
            let authorizer = try await self.authorizer(store)
            do throws(BrokerError) {
                try await authorizer.add((0...Authorizer.aclsMax).map(Self.acl))
                Issue.record("more ACLs than the bound were taken")
            } catch {
                #expect(error.code == .limitExceeded)
            }
            #expect(authorizer.aclCount == 0)
        }
    }

    @Test func `changes of another broker arrive by the watch`() async throws {
        try await self.withStore { store in
            let first = try await self.authorizer(store)
            let second = try await self.authorizer(store)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await second.follow() }
                try await first.add([Self.acl(1)])
                while second.aclCount == 0 { await Task.yield() }
                #expect(second.rights(of: Self.alice, from: "h").allows(.read, onTopic: "t1"))
                _ = try await first.remove(matching: ACLFilter())
                while second.aclCount == 1 { await Task.yield() }
                tasks.cancelAll()
            }
        }
    }

    @Test func `an ACL that cannot be read stops the start`() async throws {
        try await self.withStore { store in
            let key = MetadataKey(bytes: MetadataKeys.acls.bytes + [9])
            _ = try await store.commit(MetadataTransaction(success: [.put(key: key, value: [1])]))
            await #expect(throws: MetadataError.self) { _ = try await self.authorizer(store) }
        }
    }
}
