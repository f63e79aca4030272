package import Coordination
package import Model

/// The lease tables of the cluster: what KCL keeps in DynamoDB.
///
/// Sans-IO. Requests come in parsed; each function decides on the state of this moment and returns its answer with the
/// records that make it so, which the runtime replays at once and appends (decision 0044). All tables are one machine,
/// so every request and every transaction is linearizable.
package struct TableMachine: CoordinatorMachine {
    package typealias Record = TableRecord
    package typealias Timer = Never
    package typealias Reply = Never
    package typealias Purpose = Never

    /// An item and what it counts for.
    struct StoredItem: Sendable {
        var attributes: Item
        var bytes: Int
    }

    /// The items of an index that have one hash key.
    struct IndexList: Hashable, Sendable {
        var table: TableID
        var index: String
        var hash: KeyValue
    }

    /// Nothing beside the key is kept in an index.
    struct Listed: Sendable {}

    let limits: TableLimits
    /// By name.
    private(set) var tables = JournaledDictionary<String, Table>()
    private var names = JournaledDictionary<TableID, String>()
    private(set) var items = JournaledTable<TableID, PrimaryKey, StoredItem>()
    private(set) var indexes = JournaledTable<IndexList, PrimaryKey, Listed>()
    /// Of each table's items.
    private var bytes = JournaledDictionary<TableID, Int>()
    /// Transactions of the last ten minutes, by their tokens.
    private(set) var requests = JournaledDictionary<String, CompletedRequest>()
    /// Tokens in the order of their completion, from `firstRequest` on; some of them are gone, or came again. Live.
    private var requestOrder: [String] = []
    private var firstRequest = 0
    /// The keys of tables in order, made when they are asked for. Live: what a restart forgets.
    private var orders: [TableID: [PrimaryKey]] = [:]

    package init(limits: TableLimits = TableLimits()) {
        self.limits = limits
    }

    // MARK: Looking

    /// In byte order.
    package var tableNames: [String] { self.tables.keys.sorted { AttributeValue.precedes($0, $1) } }

    package func table(named name: String) throws(TableError) -> Table {
        guard let table = self.tables[name] else { throw .noResource }
        return table
    }

    package func itemCount(of table: Table) -> Int { self.items[table.id]?.count ?? 0 }

    /// Names and values of a table's items, as DynamoDB counts them.
    package func itemBytes(of table: Table) -> Int { self.bytes[table.id] ?? 0 }

    /// Of all tables.
    package var itemBytesOfAll: Int { self.bytes.elements.values.reduce(0, +) }

    package func item(_ key: PrimaryKey, of table: Table) -> Item? { self.items[table.id, key]?.attributes }

    /// The keys of a table in order.
    mutating func order(of table: TableID) -> [PrimaryKey] {
        if let order = self.orders[table] { return order }
        let order = (self.items[table]?.keys).map { $0.sorted() } ?? []
        self.orders[table] = order
        return order
    }

    // MARK: Recorded state

    package mutating func replay(_ record: TableRecord, producer: ProducerID?) {
        switch record {
        case .table(let table): self.replayTable(table)
        case .tableDeleted(let name):
            guard let table = self.tables[name] else { return }
            self.tables[name] = nil
            self.names[table.id] = nil
        case .item(let table, let key, let item): self.put(item, at: key, in: table)
        case .itemDeleted(let table, let key): self.put(nil, at: key, in: table)
        case .request(let token, let request):
            self.requests[token] = request
            self.requestOrder.append(token)
        case .requestForgotten(let token): self.requests[token] = nil
        }
    }

    /// Tokens that are to be forgotten now: those whose time is over, and the oldest where there are too many. A few at
    /// a time, more than are added.
    func forgettableRequests(now: Timestamp) -> [String] {
        var tokens: [String] = []
        var surplus = self.requests.count - self.limits.requestTokensMax + 1
        for token in self.requestOrder[self.firstRequest...] {
            guard let request = self.requests[token], !tokens.contains(token) else { continue }
            let isOver = now - request.completedAt >= TableLimits.requestTokenMilliseconds
            guard isOver || surplus > 0, tokens.count < Self.forgottenAtOnce else { break }
            tokens.append(token)
            surplus -= 1
        }
        return tokens
    }

    private static let forgottenAtOnce = 4

    /// Leaves behind what `forgettableRequests` need not look at again.
    mutating func trimRequestOrder() {
        while self.firstRequest < self.requestOrder.count, self.requests[self.requestOrder[self.firstRequest]] == nil {
            self.firstRequest += 1
        }
        guard self.firstRequest > self.requestOrder.count / 2 else { return }
        self.requestOrder.removeFirst(self.firstRequest)
        self.firstRequest = 0
    }

    private mutating func replayTable(_ table: Table) {
        let old = self.tables[table.name]
        if let old, old.id != table.id { self.names[old.id] = nil }
        self.tables[table.name] = table
        self.names[table.id] = table.name
        let kept = old?.id == table.id ? old?.indexes ?? [] : []
        for index in kept where table.index(named: index.name) == nil {
            for (key, item) in self.items[table.id] ?? [:] { self.list(key, item.attributes, index, table.id, nil) }
        }
        for index in table.indexes where !kept.contains(where: { $0.name == index.name }) {
            for (key, item) in self.items[table.id] ?? [:] {
                self.list(key, item.attributes, index, table.id, Listed())
            }
        }
    }

    private mutating func put(_ item: Item?, at key: PrimaryKey, in id: TableID) {
        let old = self.items[id, key]
        let stored = item.map { StoredItem(attributes: $0, bytes: $0.sizeBytes) }
        guard old != nil || stored != nil else { return }
        self.items[id, key] = stored
        self.bytes[id] = (self.bytes[id] ?? 0) + (stored?.bytes ?? 0) - (old?.bytes ?? 0)
        if (old == nil) != (stored == nil) { self.orders[id] = nil }
        for index in self.names[id].flatMap({ self.tables[$0] })?.indexes ?? [] {
            let hash = index.key.hash
            // Most changes of an item leave its place in an index alone.
            if let old, let stored, old.attributes[hash] == stored.attributes[hash] { continue }
            if let old { self.list(key, old.attributes, index, id, nil) }
            if let stored { self.list(key, stored.attributes, index, id, Listed()) }
        }
    }

    /// An item without the index's hash key is not in it.
    private mutating func list(
        _ key: PrimaryKey,
        _ item: Item,
        _ index: SecondaryIndex,
        _ table: TableID,
        _ listed: Listed?
    ) {
        guard let hash = item[index.key.hash].flatMap({ KeyValue($0) }) else { return }
        self.indexes[IndexList(table: table, index: index.name, hash: hash), key] = listed
    }

    package mutating func journal(_ event: JournalEvent) {
        self.tables.journal(event)
        self.names.journal(event)
        self.items.journal(event)
        self.indexes.journal(event)
        self.bytes.journal(event)
        self.requests.journal(event)
        if case .rollBack = event { self.orders = [:] }
    }

    package mutating func loadCompleted(now: Timestamp) -> [CoordinatorAction<Self>] {
        for (table, items) in self.items.rows where self.names[table] == nil {
            for key in items.keys { self.items[table, key] = nil }
            self.bytes[table] = nil
        }
        return []
    }

    // MARK: What this machine does not have

    package mutating func timerFired(_ timer: Never, now: Timestamp) -> [CoordinatorAction<Self>] {}

    package mutating func writeCompleted(_ purpose: Never, now: Timestamp) -> [CoordinatorAction<Self>] {}

    package mutating func writeFailed(
        _ purpose: Never,
        error: CoordinatorError,
        now: Timestamp
    ) -> [CoordinatorAction<Self>] {}

    package mutating func dismissed(_ error: CoordinatorError, now: Timestamp) -> [CoordinatorAction<Self>] { [] }
}
