import Coordination
import LeaseTables
import Model
import Testing

/// A machine whose decisions are replayed at once, as the runtime does.
struct RunningTables {
    var machine: TableMachine
    var log: [TableRecord] = []
    private var lastID: UInt64 = 0

    init(limits: TableLimits = TableLimits()) { self.machine = TableMachine(limits: limits) }

    mutating func take<Answer>(_ decision: TableDecision<Answer>) -> Answer {
        for record in decision.records { self.machine.replay(record, producer: nil) }
        self.log += decision.records
        return decision.answer
    }

    @discardableResult
    mutating func create(_ name: String, indexes: [SecondaryIndex] = [], range: String? = nil) throws -> Table {
        self.lastID += 1
        var types: [String: KeyType] = ["leaseKey": .string]
        if let range { types[range] = .number }
        for index in indexes { for name in index.key.names where types[name] == nil { types[name] = .string } }
        let creation = TableCreation(
            name: name,
            key: KeySchema(hash: "leaseKey", range: range),
            attributeTypes: types,
            indexes: indexes
        )
        return self.take(
            try self.machine.tableRequested(creation, id: TableID(high: 0, low: self.lastID), now: 1)
        )
    }

    @discardableResult
    mutating func change(_ request: ItemRequest) throws -> Item? {
        self.take(try self.machine.itemChangeRequested(request))
    }

    /// What is there after a restart.
    func restarted() -> TableMachine {
        var machine = TableMachine()
        for record in self.log { machine.replay(record, producer: nil) }
        _ = machine.loadCompleted(now: 1)
        return machine
    }
}

@Suite struct TableMachineTests {
    static let ownerIndex = SecondaryIndex(
        name: "LeaseOwnerToLeaseKeyIndex",
        key: KeySchema(hash: "leaseOwner", range: "leaseKey"),
        projection: .keysOnly
    )

    static func lease(_ number: Int, owner: String? = nil, counter: Int64 = 0) -> Item {
        var item: Item = [
            "leaseKey": .string("shardId-\(number)"), "leaseCounter": .number(DecimalNumber(counter)),
            "checkpoint": .string("TRIM_HORIZON"),
        ]
        if let owner { item["leaseOwner"] = .string(owner) }
        return item
    }

    static func put(_ item: Item, _ condition: Condition? = nil) -> ItemRequest {
        ItemRequest(table: "app", change: .put(item), condition: condition)
    }

    static func key(_ number: Int) -> Item { ["leaseKey": .string("shardId-\(number)")] }

    static func owned(by owner: String, of tables: inout RunningTables) throws -> [String] {
        let page = try tables.machine.queryRequested(
            PageRequest(table: "app", index: "LeaseOwnerToLeaseKeyIndex"),
            .compare(.path(AttributePath("leaseOwner")), .equal, .value(.string(owner)))
        )
        return page.items.map { item in
            guard case .string(let key)? = item["leaseKey"] else { return "" }
            return key
        }
    }

    @Test func `creates a table once`() throws {
        var tables = RunningTables()
        try tables.create("app")
        #expect { try tables.create("app") } throws: { ($0 as? TableError)?.code == .resourceInUse }
        #expect(tables.machine.tableNames == ["app"])
        #expect { try tables.machine.table(named: "other") } throws: { error in
            error as? TableError == TableError(.resourceNotFound, "Requested resource not found")
        }
        _ = tables.take(try tables.machine.tableDeletionRequested("app"))
        #expect(tables.machine.tableNames.isEmpty)
        #expect(throws: TableError.self) { try tables.machine.tableDeletionRequested("app") }
    }

    @Test func `renews a lease only for its owner and counter`() throws {
        var tables = RunningTables()
        try tables.create("app")
        let isNew = Condition.isMissing(AttributePath("leaseKey"))
        try tables.change(Self.put(Self.lease(0, owner: "w1"), isNew))
        #expect { try tables.change(Self.put(Self.lease(0, owner: "w2"), isNew)) } throws: { error in
            (error as? TableError)?.code == .conditionalCheckFailed && (error as? TableError)?.item == nil
        }
        func renewal(by owner: String, counter: Int64) throws -> ItemRequest {
            ItemRequest(
                table: "app",
                change: .update(
                    key: Self.key(0),
                    try LegacyParameters.update([
                        "leaseCounter": .init(value: .number(DecimalNumber(counter + 1)), action: "PUT")
                    ])
                ),
                condition: try LegacyParameters.condition([
                    "leaseCounter": .init(value: .number(DecimalNumber(counter))),
                    "leaseOwner": .init(value: .string(owner)),
                ]),
                returnValues: .allNew,
                returnsOldOnFailure: true
            )
        }
        let renewed = try tables.change(try renewal(by: "w1", counter: 0))
        #expect(renewed?["leaseCounter"] == .number(DecimalNumber(1)))
        #expect { try tables.change(try renewal(by: "w2", counter: 1)) } throws: { error in
            (error as? TableError)?.item?["leaseOwner"] == .string("w1")
        }
        #expect(throws: TableError.self) { try tables.change(try renewal(by: "w1", counter: 0)) }
    }

    @Test func `keeps the index of owners`() throws {
        var tables = RunningTables()
        try tables.create("app")
        for number in 0..<6 { try tables.change(Self.put(Self.lease(number, owner: "w\(number % 2)"))) }
        try tables.change(Self.put(Self.lease(9)))
        #expect {
            try Self.owned(by: "w0", of: &tables)
        } throws: { error in
            (error as? TableError)?.message
                == "The table does not have the specified index: LeaseOwnerToLeaseKeyIndex"
        }
        // The index is made over what is there.
        _ = tables.take(
            try tables.machine.tableChangeRequested(
                "app",
                TableChange(
                    attributeTypes: ["leaseKey": .string, "leaseOwner": .string],
                    indexes: [.create(Self.ownerIndex)]
                )
            )
        )
        #expect(try Self.owned(by: "w0", of: &tables) == ["shardId-0", "shardId-2", "shardId-4"])
        try tables.change(Self.put(Self.lease(2, owner: "w1")))
        try tables.change(ItemRequest(table: "app", change: .delete(key: Self.key(4))))
        #expect(try Self.owned(by: "w0", of: &tables) == ["shardId-0"])
        #expect(try Self.owned(by: "w1", of: &tables) == ["shardId-1", "shardId-2", "shardId-3", "shardId-5"])
        var restarted = RunningTables()
        restarted.machine = tables.restarted()
        #expect(try Self.owned(by: "w1", of: &restarted) == ["shardId-1", "shardId-2", "shardId-3", "shardId-5"])
    }

    @Test func `rolls back what was refused, and the indexes with it`() throws {
        var tables = RunningTables()
        try tables.create("app", indexes: [Self.ownerIndex])
        try tables.change(Self.put(Self.lease(0, owner: "w0")))
        let before = try tables.machine.scanRequested(PageRequest(table: "app"))
        tables.machine.journal(.begin(epoch: 1))
        try tables.change(Self.put(Self.lease(0, owner: "w1")))
        try tables.change(Self.put(Self.lease(1, owner: "w1")))
        #expect(try Self.owned(by: "w1", of: &tables).count == 2)
        #expect(try tables.machine.scanRequested(PageRequest(table: "app")).items.count == 2)
        _ = tables.take(try tables.machine.tableDeletionRequested("app"))
        tables.machine.journal(.rollBack(from: 1))
        #expect(try tables.machine.scanRequested(PageRequest(table: "app")) == before)
        #expect(try Self.owned(by: "w0", of: &tables) == ["shardId-0"])
        #expect(try Self.owned(by: "w1", of: &tables).isEmpty)
    }

    @Test func `loads items that come before their table, and drops those of deleted tables`() throws {
        var tables = RunningTables()
        let old = try tables.create("app", indexes: [Self.ownerIndex])
        try tables.change(Self.put(Self.lease(0, owner: "w0")))
        // What compaction may leave: the last record of each key, here of the table behind its items.
        var compacted = RunningTables()
        compacted.log = [
            .item(TableID(high: 7, low: 7), PrimaryKey(hash: .string([1])), Self.lease(5)),
            .item(old.id, PrimaryKey(hash: .string(Array("shardId-0".utf8))), Self.lease(0, owner: "w0")),
            .table(old),
        ]
        compacted.machine = compacted.restarted()
        #expect(try Self.owned(by: "w0", of: &compacted) == ["shardId-0"])
        #expect(compacted.machine.itemBytesOfAll == tables.machine.itemBytesOfAll)
        _ = tables.take(try tables.machine.tableDeletionRequested("app"))
        #expect(tables.restarted().itemBytesOfAll == 0)
        #expect(tables.machine.itemBytesOfAll == 0)
        try tables.create("app")
        #expect(try tables.machine.scanRequested(PageRequest(table: "app")).items.isEmpty)
    }

    @Test(arguments: [1, 3, 10, 100]) func `pages through a table, in segments too`(limit: Int) throws {
        var tables = RunningTables()
        try tables.create("app")
        for number in 0..<25 { try tables.change(Self.put(Self.lease(number))) }
        for segments in [1, 4] {
            var keys: Set<String> = []
            for segment in 0..<segments {
                var request = PageRequest(table: "app", limit: limit)
                repeat {
                    let page = try tables.machine.scanRequested(request, segment: (segment, segments))
                    #expect(page.scannedCount <= limit)
                    for item in page.items { #expect(keys.insert("\(item["leaseKey"]!)").inserted) }
                    request.startKey = page.lastKey
                } while request.startKey != nil
            }
            #expect(keys.count == 25)
        }
    }

    @Test func `ends a page at a mebibyte`() throws {
        var tables = RunningTables()
        try tables.create("app")
        for number in 0..<5 {
            var item = Self.lease(number)
            item["data"] = .binary(Array(repeating: 0, count: 300 << 10))
            try tables.change(Self.put(item))
        }
        let page = try tables.machine.scanRequested(PageRequest(table: "app"))
        #expect(page.items.count == 4)
        #expect(page.lastKey == Self.key(3))
    }

    @Test func `queries a sort key in order`() throws {
        var tables = RunningTables()
        try tables.create("app", range: "at")
        for at in [5, 1, 10, 3, -2] as [Int64] {
            try tables.change(Self.put(["leaseKey": .string("a"), "at": .number(DecimalNumber(at))]))
        }
        try tables.change(Self.put(["leaseKey": .string("b"), "at": .number(DecimalNumber(0))]))
        let isA = Condition.compare(.path(AttributePath("leaseKey")), .equal, .value(.string("a")))
        func numbers(_ page: ItemPage) -> [AttributeValue?] { page.items.map { $0["at"] } }
        let all = try tables.machine.queryRequested(PageRequest(table: "app"), isA)
        #expect(numbers(all) == [-2, 1, 3, 5, 10].map { .number(DecimalNumber($0)) })
        let some = try tables.machine.queryRequested(
            PageRequest(table: "app", limit: 2),
            .all([isA, .compare(.path(AttributePath("at")), .greaterOrEqual, .value(.number(DecimalNumber(1))))]),
            isAscending: false
        )
        #expect(numbers(some) == [10, 5].map { .number(DecimalNumber($0)) })
        #expect(some.lastKey?["at"] == .number(DecimalNumber(5)))
        let atOnly = Condition.compare(.path(AttributePath("at")), .equal, .value(.number(DecimalNumber(1))))
        #expect(throws: TableError.self) {
            try tables.machine.queryRequested(PageRequest(table: "app"), atOnly)
        }
    }

    private static func code(_ body: () throws(TableError) -> Void) -> TableError.Code? {
        do throws(TableError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a transaction with a token is carried out once in ten minutes, also across a restart`() throws {
        var tables = RunningTables()
        try tables.create("app")
        let requests = [Self.put(Self.lease(1))]
        func ask(_ token: String, _ digest: String, _ now: Int64) throws(TableError) -> Int {
            let decision = try tables.machine.transactionRequested(requests, token: token, digest: digest, now: now)
            tables.take(decision)
            return decision.records.count
        }
        #expect(try ask("a", "1", 1_000) == 2)
        #expect(try ask("a", "1", 2_000) == 0)
        #expect(Self.code { () throws(TableError) in _ = try ask("a", "2", 2_000) } == .idempotentParameterMismatch)
        var restarted = tables.restarted()
        #expect(try restarted.transactionRequested(requests, token: "a", digest: "1", now: 3_000).records.isEmpty)
        #expect(try ask("b", "2", 600_999) == 2)
        // Its time is over: the token is new, and the digest need not be the same.
        #expect(try ask("a", "3", 601_000) == 2)
        #expect(tables.log.contains(.request("a", CompletedRequest(completedAt: 601_000, digest: "3"))))
        #expect(try ask("c", "4", 2_000_000) == 4, "two tokens are forgotten")
        #expect(try ask("d", "4", 2_000_001) == 2)
    }

    @Test func `a transaction that is cancelled leaves its token free`() throws {
        var tables = RunningTables()
        try tables.create("app")
        let absent = Self.put(Self.lease(1), .exists(AttributePath("leaseKey")))
        for _ in 0..<2 {
            #expect(
                Self.code { () throws(TableError) in
                    _ = try tables.machine.transactionRequested([absent], token: "a", digest: "1", now: 1)
                } == .transactionCanceled
            )
        }
        tables.take(
            try tables.machine.transactionRequested([Self.put(Self.lease(1))], token: "a", digest: "2", now: 1)
        )
    }

    @Test func `no more tokens are remembered than there may be, and the oldest goes first`() throws {
        var limits = TableLimits()
        limits.requestTokensMax = 3
        var tables = RunningTables(limits: limits)
        try tables.create("app")
        for number in 0..<20 {
            tables.take(
                try tables.machine.transactionRequested(
                    [Self.put(Self.lease(1))],
                    token: "\(number)",
                    digest: "",
                    now: Int64(number)
                )
            )
        }
        for number in 0..<20 {
            let again = try tables.machine.transactionRequested(
                [Self.put(Self.lease(1))],
                token: "\(number)",
                digest: "",
                now: 20
            )
            #expect(again.records.isEmpty == (number >= 17), "\(number)")
        }
    }

    @Test func `carries out a transaction whole or not at all`() throws {
        var tables = RunningTables()
        try tables.create("app")
        try tables.change(Self.put(Self.lease(0, owner: "w0")))
        let isOwner = Condition.compare(.path(AttributePath("leaseOwner")), .equal, .value(.string("w0")))
        let isNew = Condition.isMissing(AttributePath("leaseKey"))
        let requests = [
            ItemRequest(table: "app", change: .check(key: Self.key(0)), condition: isOwner),
            Self.put(Self.lease(1), isNew),
        ]
        tables.take(try tables.machine.transactionRequested(requests))
        #expect {
            try tables.machine.transactionRequested(requests)
        } throws: { error in
            let error = error as? TableError
            return error?.code == .transactionCanceled
                && error?.reasons.map(\.code) == ["None", "ConditionalCheckFailed"]
        }
        #expect(throws: TableError.self) {
            try tables.machine.transactionRequested([Self.put(Self.lease(1)), Self.put(Self.lease(1))])
        }
    }

    @Test func `bounds tables, items and their sum`() throws {
        var limits = TableLimits()
        limits.tablesMax = 1
        limits.itemBytesMax = 1000
        var tables = RunningTables(limits: limits)
        try tables.create("app")
        #expect { try tables.create("two") } throws: { ($0 as? TableError)?.code == .limitExceeded }
        func item(_ bytes: Int) -> Item {
            ["leaseKey": .string("a"), "d": .binary(Array(repeating: 0, count: bytes))]
        }
        try tables.change(Self.put(item(900)))
        #expect { try tables.change(Self.put(item(1000))) } throws: { ($0 as? TableError)?.code == .limitExceeded }
        try tables.change(Self.put(item(800)))
        try tables.change(ItemRequest(table: "app", change: .delete(key: ["leaseKey": .string("a")])))
        #expect(tables.machine.itemBytesOfAll == 0)
        #expect { try tables.change(Self.put(item(400 << 10))) } throws: { ($0 as? TableError)?.code == .validation }
    }

    @Test func `refuses keys that do not fit the table`() throws {
        var tables = RunningTables()
        try tables.create("app", indexes: [Self.ownerIndex])
        let requests: [ItemRequest] = [
            Self.put(["a": .null]), Self.put(["leaseKey": .number(DecimalNumber(1))]),
            Self.put(["leaseKey": .string("")]),
            Self.put(["leaseKey": .string(String(repeating: "k", count: 2049))]),
            Self.put(["leaseKey": .string("k"), "leaseOwner": .number(DecimalNumber(1))]),
            ItemRequest(table: "app", change: .delete(key: ["leaseKey": .string("k"), "more": .null])),
            ItemRequest(table: "app", change: .delete(key: [:])),
        ]
        for request in requests {
            #expect { try tables.change(request) } throws: { ($0 as? TableError)?.code == .validation }
        }
        var parser = ExpressionParser(names: [:], values: [":x": .string("x")])
        let plan = try parser.update("SET leaseKey = :x")
        let update = ItemRequest(table: "app", change: .update(key: Self.key(0), plan))
        #expect { try tables.change(update) } throws: { ($0 as? TableError)?.code == .validation }
    }

    @Test func `makes no item by removals of the older form`() throws {
        var tables = RunningTables()
        try tables.create("app")
        let plan = try LegacyParameters.update(["leaseOwner": .init(action: "DELETE")])
        try tables.change(ItemRequest(table: "app", change: .update(key: Self.key(0), plan)))
        #expect(try tables.machine.itemRequested(key: Self.key(0), of: "app") == nil)
        var parser = ExpressionParser(names: [:], values: [:])
        let newer = try parser.update("REMOVE leaseOwner")
        try tables.change(ItemRequest(table: "app", change: .update(key: Self.key(0), newer)))
        #expect(try tables.machine.itemRequested(key: Self.key(0), of: "app") == Self.key(0))
    }
}
