import Model
import Testing

@testable import Quotas

/// Which quota is a client's, in Kafka's order.
@Suite struct QuotaTableTests {
    private static let alice = QuotaClient(user: "alice", clientID: "app")

    /// From the most to the least specific, with what is counted together.
    private static let levels: [(entity: QuotaEntity, scope: QuotaClient)] = [
        (.client(user: .named("alice"), clientID: .named("app")), alice),
        (.client(user: .named("alice"), clientID: .byDefault), alice),
        (.client(user: .named("alice")), QuotaClient(user: "alice", clientID: "")),
        (.client(user: .byDefault, clientID: .named("app")), alice),
        (.client(user: .byDefault, clientID: .byDefault), alice),
        (.client(user: .byDefault), QuotaClient(user: "alice", clientID: "")),
        (.client(clientID: .named("app")), QuotaClient(user: "", clientID: "app")),
        (.client(clientID: .byDefault), QuotaClient(user: "", clientID: "app")),
    ]

    /// All 256 combinations of levels that have a quota.
    @Test func `the most specific quota of a client holds, beside any others`() {
        for mask in 0..<256 {
            var table = QuotaTable()
            for (index, level) in Self.levels.enumerated() where mask & 1 << index != 0 {
                table.set([.producerByteRate: Double(index + 1)], for: level.entity)
            }
            let limit = table.limit(.producerByteRate, of: Self.alice)
            let first = Self.levels.indices.first { mask & 1 << $0 != 0 }
            #expect(limit?.bound == first.map { Double($0 + 1) }, "\(mask)")
            #expect(limit?.scope == first.map { Self.levels[$0].scope }, "\(mask)")
            #expect(table.limit(.consumerByteRate, of: Self.alice) == nil)
        }
    }

    @Test func `quotas of others do not hold`() {
        var table = QuotaTable()
        table.set([.producerByteRate: 1], for: .client(user: .named("bob")))
        table.set([.producerByteRate: 1], for: .client(user: .named("alice"), clientID: .named("other")))
        table.set([.producerByteRate: 1], for: .client(clientID: .named("application")))
        #expect(table.limit(.producerByteRate, of: Self.alice) == nil)
    }

    @Test func `a client without an ID does not slip past a default`() {
        var table = QuotaTable()
        table.set([.producerByteRate: 5], for: .client(clientID: .byDefault))
        let nameless = QuotaClient(user: "alice", clientID: "")
        #expect(table.limit(.producerByteRate, of: nameless)?.bound == 5)
        table.set([.producerByteRate: 7], for: .client(user: .named("alice"), clientID: .byDefault))
        #expect(table.limit(.producerByteRate, of: nameless)?.bound == 7)
    }

    @Test func `an entity without quotas is forgotten`() {
        var table = QuotaTable()
        for level in Self.levels { table.set([.producerByteRate: 1, .requestPercentage: 2], for: level.entity) }
        #expect(table.count == 8 && table.isLimited(.producerByteRate) && table.isLimited(.requestPercentage))
        for level in Self.levels { table.set([.requestPercentage: 3], for: level.entity) }
        #expect(!table.isLimited(.producerByteRate))
        #expect(table.limit(.requestPercentage, of: Self.alice)?.bound == 3)
        for level in Self.levels { table.set([:], for: level.entity) }
        #expect(table.count == 0 && !table.isLimited(.requestPercentage))
    }

    @Test func `an address has its own rate or the default`() throws {
        var table = QuotaTable()
        let one = try #require(NetworkAddress("10.0.0.1")), mapped = try #require(NetworkAddress("::ffff:10.0.0.1"))
        let other = try #require(NetworkAddress("10.0.0.2"))
        table.set([.connectionCreationRate: 3], for: .address(.named("10.0.0.1")))
        #expect(table.connectionRate(of: one) == 3 && table.connectionRate(of: mapped) == 3)
        #expect(table.connectionRate(of: other) == nil && table.isLimited(.connectionCreationRate))
        table.set([.connectionCreationRate: 9], for: .address(.byDefault))
        #expect(table.connectionRate(of: one) == 3 && table.connectionRate(of: other) == 9)
    }

    @Test func `an entity is known again by its key, also with odd names`() throws {
        var entities = Self.levels.map(\.entity) + [.address(.byDefault), .address(.named("10.0.0.1"))]
        for name in ["*", "u*", "5:alice", "a/b", "ü€𝄞", "i9:10.0.0.1", " "] {
            entities.append(.client(user: .named(name), clientID: .named("c" + name)))
        }
        for entity in entities { #expect(QuotaEntity(key: entity.key) == entity, "\(entity.key)") }
        #expect(Set(entities.map(\.key)).count == entities.count)
    }

    @Test(
        arguments: [
            "", "x", "u", "u5", "u:", "u0:", "u-1:", "u9:abc", "u3:abcu3:abc", "i*u*", "u*c", "u1:",
            "u99999999999999999999:a",
        ]
    )
    func `a damaged key is refused`(_ key: String) { #expect(QuotaEntity(key: key) == nil) }

    @Test func `entities are checked as Kafka checks them`() {
        func problem(_ parts: [(type: String, name: String?)]) -> String? {
            do throws(QuotaEntity.Refusal) {
                _ = try QuotaEntity(parts)
                return nil
            } catch {
                return error.message
            }
        }
        #expect(problem([("user", "alice"), ("client-id", nil)]) == nil)
        #expect(problem([]) == "Invalid empty client quota entity")
        #expect(problem([("user", "")]) == "Empty user not supported")
        #expect(problem([("group", "g")]) == "Unhandled client quota entity type: group")
        #expect(problem([("user", "a"), ("user", nil)])?.contains("duplicate entity entry user") == true)
        #expect(problem([("ip", "10.0.0.1"), ("user", "a")])?.contains("IP entity should not be combined") == true)
        #expect(problem([("ip", "host.example")]) == "host.example is not a valid IP or resolvable host.")
        #expect(problem([("ip", nil)]) == nil)
        #expect(problem([("user", String(repeating: "u", count: 513))]) != nil)
    }

    @Test func `values are checked by the type of the quota`() {
        #expect(QuotaKind.producerByteRate.problem(with: 1024) == nil)
        #expect(QuotaKind.producerByteRate.problem(with: 0)?.contains("greater than 0") == true)
        #expect(QuotaKind.producerByteRate.problem(with: .nan) != nil)
        #expect(QuotaKind.requestPercentage.problem(with: .infinity) != nil)
        #expect(QuotaKind.producerByteRate.problem(with: 1.5) == "producer_byte_rate cannot be a fractional value.")
        #expect(QuotaKind.producerByteRate.problem(with: 1e300)?.contains("too large for a LONG") == true)
        #expect(QuotaKind.connectionCreationRate.problem(with: 3e9)?.contains("too large for a INT") == true)
        #expect(QuotaKind.requestPercentage.problem(with: 0.5) == nil)
    }

    @Test func `filters match by name, by default and by presence`() throws {
        let entities = Self.levels.map(\.entity) + [.address(.named("10.0.0.1"))]
        func count(_ components: [(type: String, matchType: Int8, match: String?)], strict: Bool) throws -> Int {
            let filter = try QuotaFilter(components, isStrict: strict)
            return entities.count { filter.matches($0) }
        }
        #expect(try count([], strict: false) == 9)
        #expect(try count([], strict: true) == 0)
        #expect(try count([("user", 0, "alice")], strict: false) == 3)
        #expect(try count([("user", 0, "alice")], strict: true) == 1)
        #expect(try count([("user", 1, nil)], strict: true) == 1)
        #expect(try count([("user", 2, nil)], strict: false) == 6)
        #expect(try count([("user", 2, nil), ("client-id", 2, nil)], strict: true) == 4)
        #expect(try count([("ip", 0, "::ffff:10.0.0.1")], strict: true) == 1)
        for bad: [(type: String, matchType: Int8, match: String?)] in [
            [("user", 0, nil)], [("user", 1, "x")], [("user", 2, "x")], [("user", 3, nil)], [("", 2, nil)],
            [("user", 2, nil), ("user", 1, nil)], [("ip", 2, nil), ("user", 2, nil)],
        ] {
            #expect(throws: QuotaFilter.Refusal.self) { _ = try QuotaFilter(bad, isStrict: false) }
        }
        #expect(throws: QuotaFilter.Refusal.unsupported("Unsupported entity type group")) {
            _ = try QuotaFilter([("group", 2, nil)], isStrict: false)
        }
    }
}
