import LeaseTables
import Testing

/// Conditions and updates, as text and in the older form.
@Suite struct ExpressionTests {
    static let item: Item = [
        "leaseKey": .string("shardId-000000000000"), "leaseOwner": .string("w1"),
        "leaseCounter": .number(DecimalNumber(7)),
        "big": .number(DecimalNumber(10)), "parents": .stringSet(["a", "b"]), "raw": .binary([1, 2, 3]),
        "list": .list([.number(DecimalNumber(1)), .map(["x": .string("deep")])]), "yes": .boolean(true),
    ]
    static let values: [String: AttributeValue] = [
        ":owner": .string("w1"), ":other": .string("w2"), ":seven": .number(DecimalNumber(7)),
        ":eight": .number(DecimalNumber(8)),
        ":text": .string("7"), ":prefix": .string("shardId-"), ":a": .string("a"), ":set": .string("SS"),
        ":bytes": .binary([1, 2]), ":deep": .string("deep"),
    ]

    static func holds(_ text: String, _ item: Item = Self.item) throws -> Bool {
        let used = values.filter { text.contains($0.key) }
        var parser = ExpressionParser(names: text.contains("#o") ? ["#o": "leaseOwner"] : [:], values: used)
        let condition = try parser.condition(text, .condition)
        try parser.finish()
        return condition.holds(for: item)
    }

    @Test(arguments: [
        ("leaseOwner = :owner", true), ("#o = :owner", true), ("leaseOwner = :other", false),
        ("leaseOwner <> :other", true), ("missing <> :other", true), ("missing = :other", false),
        ("leaseCounter = :seven", true), ("leaseCounter = :text", false), ("leaseCounter < :eight", true),
        ("leaseCounter >= :eight", false), ("big > :eight", true), ("leaseCounter <= :text", false),
        ("attribute_exists(leaseKey)", true), ("attribute_exists (leaseKey)", true),
        ("attribute_not_exists(leaseKey)", false), ("attribute_not_exists(missing)", true),
        ("attribute_type(parents, :set)", true), ("begins_with(leaseKey, :prefix)", true),
        ("begins_with(raw, :bytes)", true), ("contains(parents, :a)", true), ("contains(leaseKey, :prefix)", true),
        ("size(parents) < :seven", true), ("leaseCounter BETWEEN :seven AND :eight", true),
        ("big between :seven and :eight", false), ("leaseOwner IN (:other, :owner)", true),
        ("list[1].x = :deep", true), ("list[0].x = :deep", false), ("list[9] = :deep", false),
        ("NOT leaseOwner = :other", true), ("not (leaseOwner = :owner or leaseOwner = :other)", false),
        ("leaseOwner = :other OR leaseOwner = :owner AND leaseCounter = :seven", true),
        ("(leaseOwner = :other OR leaseOwner = :owner) AND leaseCounter = :eight", false),
        ("attribute_exists(#o) AND #o = :owner AND leaseCounter = :seven", true),
    ])
    func `evaluates conditions`(text: String, expected: Bool) throws {
        #expect(try Self.holds(text) == expected)
    }

    @Test(arguments: [
        "", "  ", "leaseOwner", "leaseOwner =", "= :owner", "leaseOwner = :owner AND", "(leaseOwner = :owner",
        "leaseOwner = :owner)", "leaseOwner == :owner", "nosuch(leaseOwner)", "attribute_exists()",
        "attribute_exists(:owner)", "leaseOwner = :undefined", "#undefined = :owner", "leaseOwner ! :owner",
        "leaseOwner = 'w1'", "leaseOwner IN ()", "leaseOwner BETWEEN :owner", "list[x] = :owner", "list[-1] = :owner",
        "list[99999999999999999999] = :owner", "a..b = :owner", "é = :owner", ": = :owner",
    ])
    func `refuses what is not a condition`(text: String) {
        #expect { try Self.holds(text) } throws: { error in
            (error as? TableError)?.code == .validation
        }
    }

    @Test func `bounds length, depth and operators`() {
        let deep = String(repeating: "(", count: 200) + "leaseOwner = :owner" + String(repeating: ")", count: 200)
        let negated = String(repeating: "NOT ", count: 200) + "leaseOwner = :owner"
        let long = String(repeating: " ", count: 5000) + "leaseOwner = :owner"
        let many = Array(repeating: "a=:a", count: 301).joined(separator: " OR ")
        for text in [deep, negated, long, many] {
            #expect(throws: TableError.self) { try Self.holds(text) }
        }
    }

    @Test func `refuses names and values that nothing uses`() throws {
        var parser = ExpressionParser(names: ["#a": "a"], values: [":v": .null, ":w": .null])
        _ = try parser.condition("#a = :v", .condition)
        #expect {
            try parser.finish()
        } throws: { error in
            (error as? TableError)?.message
                == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}"
        }
        #expect(throws: TableError.self) { try ExpressionParser(names: ["#a": "a"], values: [:]).finish() }
    }

    @Test func `carries out updates on the item as it was`() throws {
        var parser = ExpressionParser(
            names: ["#d": "data"],
            values: [
                ":one": .number(DecimalNumber(1)), ":x": .string("x"), ":b": .stringSet(["b"]),
                ":c": .stringSet(["b", "c"]),
                ":l": .list([.null]),
            ]
        )
        let plan = try parser.update(
            """
            SET leaseCounter = leaseCounter + :one, big = leaseCounter - :one, fresh = if_not_exists(fresh, :x),
                leaseOwner = if_not_exists(leaseOwner, :x), list = list_append(list, :l)
            REMOVE #d, list2[0] ADD counted :one, more :c DELETE parents :b
            """
        )
        try parser.finish()
        var item = Self.item
        item["data"] = .binary([9])
        let changed = try plan.applied(to: item)
        #expect(changed["leaseCounter"] == .number(DecimalNumber(8)))
        #expect(changed["big"] == .number(DecimalNumber(6)))
        #expect(changed["fresh"] == .string("x"))
        #expect(changed["leaseOwner"] == .string("w1"))
        #expect(changed["data"] == nil)
        #expect(changed["counted"] == .number(DecimalNumber(1)))
        #expect(changed["more"] == .stringSet(["b", "c"]))
        #expect(changed["parents"] == .stringSet(["a"]))
        guard case .list(let list)? = changed["list"] else { throw TableError(.validation, "no list") }
        #expect(list.count == 3)
    }

    @Test func `removes several elements of a list by their places before`() throws {
        var parser = ExpressionParser(names: [:], values: [:])
        let plan = try parser.update("REMOVE l[0], l[2]")
        let item = try plan.applied(to: [
            "l": .list([
                .number(DecimalNumber(0)), .number(DecimalNumber(1)), .number(DecimalNumber(2)),
                .number(DecimalNumber(3)),
            ])
        ])
        #expect(item["l"] == .list([.number(DecimalNumber(1)), .number(DecimalNumber(3))]))
    }

    @Test(arguments: [
        "SET a = :x, a = :x", "SET a = :x REMOVE a.b", "SET a = :x SET b = :x", "SET a", "REMOVE", "ADD a",
        "DROP a", "SET a = b +", "SET a = attribute_exists(b)", "SET a = :x b = :x", "SET 1a = :x",
    ])
    func `refuses what is not an update`(text: String) {
        var parser = ExpressionParser(names: [:], values: [":x": .null])
        #expect(throws: TableError.self) { try parser.update(text) }
    }

    @Test func `refuses updates that do not fit the item`() throws {
        for text in ["SET a = missing", "SET a = leaseOwner + :n", "ADD leaseOwner :n", "SET missing.x = :n"] {
            var parser = ExpressionParser(names: [:], values: [":n": .number(DecimalNumber(1))])
            let plan = try parser.update(text)
            #expect(throws: TableError.self) { try plan.applied(to: Self.item) }
        }
    }

    @Test func `reads the older form as the same`() throws {
        let expected = try LegacyParameters.condition([
            "leaseCounter": .init(value: .number(DecimalNumber(7))),
            "leaseOwner": .init(value: .string("w1"), exists: true),
            "pendingCheckpoint": .init(exists: false),
        ])
        #expect(expected?.holds(for: Self.item) == true)
        #expect(expected?.holds(for: [:]) == false)
        #expect(throws: TableError.self) { try LegacyParameters.condition(["a": .init(value: .null, exists: false)]) }
        #expect(throws: TableError.self) { try LegacyParameters.condition(["a": .init(exists: true)]) }
        #expect(throws: TableError.self) { try LegacyParameters.condition(["a": .init()]) }
        #expect(throws: TableError.self) { try LegacyParameters.condition(["a": .init(comparison: "EQ")]) }
        let comparison = try LegacyParameters.condition([
            "leaseCounter": .init(
                comparison: "BETWEEN",
                values: [.number(DecimalNumber(1)), .number(DecimalNumber(9))]
            )
        ])
        #expect(comparison?.holds(for: Self.item) == true)
        let plan = try LegacyParameters.update([
            "leaseCounter": .init(value: .number(DecimalNumber(1)), action: "ADD"),
            "leaseOwner": .init(value: .string("w2"), action: "PUT"), "raw": .init(action: "DELETE"),
        ])
        let changed = try plan.applied(to: Self.item)
        #expect(changed["leaseCounter"] == .number(DecimalNumber(8)))
        #expect(changed["leaseOwner"] == .string("w2"))
        #expect(changed["raw"] == nil)
        #expect(throws: TableError.self) { try LegacyParameters.update(["a": .init(action: "PUT")]) }
        #expect(throws: TableError.self) { try LegacyParameters.update(["a": .init(value: .null, action: "X")]) }
    }
}
