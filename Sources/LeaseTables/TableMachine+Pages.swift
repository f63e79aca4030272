internal import Coordination

/// What Scan and Query have in common.
package struct PageRequest: Sendable {
    package var table: String
    package var index: String?
    package var filter: Condition?
    /// Names at the top of items; all when absent.
    package var projection: [String]?
    /// Where the page before ended: `LastEvaluatedKey`.
    package var startKey: Item?
    /// Of items looked at.
    package var limit: Int?
    package var isConsistent: Bool

    package init(
        table: String,
        index: String? = nil,
        filter: Condition? = nil,
        projection: [String]? = nil,
        startKey: Item? = nil,
        limit: Int? = nil,
        isConsistent: Bool = false
    ) {
        self.table = table
        self.index = index
        self.filter = filter
        self.projection = projection
        self.startKey = startKey
        self.limit = limit
        self.isConsistent = isConsistent
    }
}

/// A page of items.
package struct ItemPage: Sendable, Equatable {
    package var items: [Item] = []
    /// Before the filter.
    package var scannedCount = 0
    /// Where the next page begins; absent at the end.
    package var lastKey: Item?

    package init() {}
}

extension TableMachine {
    /// Where an item is in the order of a table or of a part of an index.
    private struct Position: Comparable {
        /// The range key of an index that has one.
        var range: KeyValue?
        var key: PrimaryKey

        static func < (left: Position, right: Position) -> Bool {
            if let leftRange = left.range, let rightRange = right.range, leftRange != rightRange {
                return leftRange < rightRange
            }
            return left.key < right.key
        }
    }

    /// A table, and the index that a request looks at it by.
    private struct View {
        var table: Table
        var index: SecondaryIndex?

        var key: KeySchema { self.index?.key ?? self.table.key }

        func position(of item: Item, _ key: PrimaryKey) -> Position {
            Position(range: self.index?.key.range.flatMap { item[$0] }.flatMap { KeyValue($0) }, key: key)
        }

        /// Whether the item is in the index at all.
        func contains(_ item: Item) -> Bool {
            guard let index else { return true }
            return index.key.names.allSatisfy { item[$0] != nil }
        }

        var keyNames: [String] { self.table.key.names + (self.index?.key.names ?? []) }

        func visible(_ item: Item) -> Item {
            guard let index, index.projection == .keysOnly else { return item }
            let names = Set(self.keyNames)
            return item.filter { names.contains($0.key) }
        }
    }

    private func view(_ request: PageRequest) throws(TableError) -> View {
        let table = try self.table(named: request.table)
        guard let name = request.index else { return View(table: table) }
        guard let index = table.index(named: name) else {
            throw TableError(.validation, "The table does not have the specified index: \(name)")
        }
        guard !request.isConsistent else {
            throw TableError(.validation, "Consistent reads are not supported on global secondary indexes")
        }
        return View(table: table, index: index)
    }

    private func start(_ request: PageRequest, _ view: View) throws(TableError) -> Position? {
        guard let startKey = request.startKey else { return nil }
        guard Set(startKey.keys) == Set(view.keyNames) else {
            throw TableError(.validation, "The provided starting key is invalid")
        }
        let own = startKey.filter { view.table.key.names.contains($0.key) }
        return view.position(of: startKey, try view.table.key(named: own))
    }

    // MARK: Scan

    /// - Parameter segment: which part of how many; at least one.
    package mutating func scanRequested(
        _ request: PageRequest,
        segment: (number: Int, count: Int) = (0, 1)
    ) throws(TableError) -> ItemPage {
        let view = try self.view(request)
        let start = try self.start(request, view)
        let order = self.order(of: view.table.id)
        // A scan of an index goes in the order of the table, too.
        let first = start.map { Self.firstIndex(in: order, after: $0.key) } ?? 0
        return self.page(request, view, order[first...]) { key in
            segment.count == 1 || Int(key.hash.stableHash % UInt64(segment.count)) == segment.number
        }
    }

    private static func firstIndex(in order: [PrimaryKey], after key: PrimaryKey) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] <= key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func page(
        _ request: PageRequest,
        _ view: View,
        _ keys: some Sequence<PrimaryKey>,
        where isWanted: (PrimaryKey) -> Bool = { _ in true }
    ) -> ItemPage {
        var page = ItemPage()
        var bytes = 0
        let limit = request.limit ?? .max
        let rows = self.items[view.table.id] ?? [:]
        var last: PrimaryKey?
        for key in keys where isWanted(key) {
            guard let item = rows[key], view.contains(item.attributes) else { continue }
            // The item before this one was the last of a full page.
            if page.scannedCount >= limit || bytes >= TableLimits.pageBytesMax {
                page.lastKey = last.flatMap { last in
                    rows[last].map { item in item.attributes.filter { view.keyNames.contains($0.key) } }
                }
                break
            }
            page.scannedCount += 1
            bytes += item.bytes
            last = key
            let visible = view.visible(item.attributes)
            guard request.filter?.holds(for: visible) ?? true else { continue }
            page.items.append(request.projection.map { Self.project(visible, $0) } ?? visible)
        }
        return page
    }

    /// The attributes of an item that a ProjectionExpression names.
    package static func project(_ item: Item, _ names: [String]) -> Item {
        item.filter { names.contains($0.key) }
    }

    // MARK: Query

    package mutating func queryRequested(
        _ request: PageRequest,
        _ condition: Condition,
        isAscending: Bool = true
    ) throws(TableError) -> ItemPage {
        let view = try self.view(request)
        let (hash, rangeCondition) = try Self.keyCondition(condition, view.key)
        guard hash.type == view.table.attributeTypes[view.key.hash] else {
            throw .invalid("Condition parameter type does not match schema type")
        }
        let start = try self.start(request, view)
        var positions = self.positions(of: hash, view)
        if let rangeCondition {
            positions = positions.filter { position in
                self.item(position.key, of: view.table).map { rangeCondition.holds(for: $0) } ?? false
            }
        }
        if !isAscending { positions.reverse() }
        if let start { positions = positions.filter { isAscending ? $0 > start : $0 < start } }
        return self.page(request, view, positions.map(\.key))
    }

    /// The items of one hash key, in order.
    private mutating func positions(of hash: KeyValue, _ view: View) -> [Position] {
        if let index = view.index {
            let list = IndexList(table: view.table.id, index: index.name, hash: hash)
            let keys = self.indexes[list]?.keys.map { $0 } ?? []
            return keys.compactMap { key in
                self.item(key, of: view.table).map { view.position(of: $0, key) }
            }.sorted()
        }
        let order = self.order(of: view.table.id)
        let own = PrimaryKey(hash: hash)
        guard view.key.range != nil else {
            return self.items[view.table.id, own] == nil ? [] : [Position(range: nil, key: own)]
        }
        // A key without a range key comes before all with one.
        let first = Self.firstIndex(in: order, after: own)
        return order[first...].prefix { $0.hash == hash }.map { Position(range: nil, key: $0) }
    }

    /// The hash key that a key condition names, and what it says of the range key.
    private static func keyCondition(
        _ condition: Condition,
        _ schema: KeySchema
    ) throws(TableError) -> (hash: KeyValue, range: Condition?) {
        var parts: [Condition] = [condition]
        if case .all(let conditions) = condition { parts = conditions }
        var hash: KeyValue?
        var range: Condition?
        for part in parts {
            switch (Self.pathName(of: part), part) {
            case (schema.hash?, .compare(_, .equal, .value(let value))) where hash == nil: hash = KeyValue(value)
            case (let name?, .compare(_, let comparator, .value))
            where name == schema.range && comparator != .notEqual && range == nil:
                range = part
            case (let name?, .between(_, .value, .value)) where name == schema.range && range == nil: range = part
            case (let name?, .beginsWith(_, .value)) where name == schema.range && range == nil: range = part
            default:
                throw TableError(.validation, "Query key condition not supported")
            }
        }
        guard let hash else {
            throw TableError(.validation, "Query condition missed key schema element: \(schema.hash)")
        }
        return (hash, range)
    }

    private static func pathName(of condition: Condition) -> String? {
        switch condition {
        case .compare(.path(let path), _, _), .between(.path(let path), _, _), .beginsWith(.path(let path), _):
            path.steps.isEmpty ? path.name : nil
        default: nil
        }
    }
}
