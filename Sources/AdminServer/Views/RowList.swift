/// Searches, sorts and cuts a list of anything that has a name. Rows are made for the page alone.
///
/// Lists have tens of thousands of items, so that a column that is sorted by is looked at once for each item.
struct RowList<Item> {
    /// What a column sorts by. Columns hold one kind each; an item that has no value is below all others.
    enum Key: Comparable {
        case missing
        case number(Double)
        case text(String)
    }

    /// In order of their names.
    let items: [Item]
    let name: (Item) -> String
    /// The columns that can be sorted by, beside `name`.
    let columns: [String: (Item) -> Key]

    init(_ items: [Item], name: @escaping (Item) -> String, columns: [String: (Item) -> Key] = [:]) {
        self.items = items
        self.name = name
        self.columns = columns
    }

    /// - Throws: for a column that the list does not have.
    func page<Row>(_ request: PageRequest, row: (Item) -> Row) throws(PageProblem) -> Page<Row> {
        let sorted = try self.sorted(self.matching(request.search), request)
        let position: Int
        switch request.start {
        case .position(let wanted): position = min(wanted, sorted.count)
        case .after(let last):
            guard Self.isByName(request) else { throw PageProblem("the cursor is of a list sorted by name") }
            position = self.position(behind: last, in: sorted, isDescending: request.isDescending)
        }
        let end = min(sorted.count, position + max(1, request.limit))
        var next: PageRequest.Start?
        if end < sorted.count, end > position {
            next = Self.isByName(request) ? .after(self.name(sorted[end - 1])) : .position(end)
        }
        return Page(
            rows: sorted[position..<end].map(row),
            position: position,
            matched: sorted.count,
            total: self.items.count,
            next: next
        )
    }

    private static func isByName(_ request: PageRequest) -> Bool { request.sort == nil || request.sort == "name" }

    private func matching(_ search: String) -> [Item] {
        guard !search.isEmpty else { return self.items }
        let needle = FoldedText(search)
        return self.items.filter { needle.isPart(of: self.name($0)) }
    }

    private func sorted(_ items: [Item], _ request: PageRequest) throws(PageProblem) -> [Item] {
        guard let sort = request.sort, !Self.isByName(request) else {
            return request.isDescending ? items.reversed() : items
        }
        guard let column = self.columns[sort] else {
            let names = (["name"] + self.columns.keys.sorted()).joined(separator: ", ")
            throw PageProblem("sort is one of: \(names)")
        }
        let keys = items.map(column)
        // Items of one value stay in order of their names.
        let order = items.indices.sorted { left, right in
            if keys[left] == keys[right] { return left < right }
            return request.isDescending ? keys[left] > keys[right] : keys[left] < keys[right]
        }
        return order.map { items[$0] }
    }

    /// The first item behind a name, which may be gone.
    private func position(behind last: String, in sorted: [Item], isDescending: Bool) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            let name = self.name(sorted[middle])
            if isDescending ? name >= last : name <= last { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Text that is looked for in names without regard to the case of ASCII letters.
struct FoldedText {
    private let bytes: [UInt8]

    init(_ text: String) { self.bytes = text.utf8.map(Self.folded) }

    func isPart(of name: String) -> Bool {
        var name = name
        return name.withUTF8 { name in
            guard name.count >= self.bytes.count else { return false }
            var start = 0
            while start <= name.count - self.bytes.count {
                var length = 0
                while length < self.bytes.count, Self.folded(name[start + length]) == self.bytes[length] { length += 1 }
                if length == self.bytes.count { return true }
                start += 1
            }
            return false
        }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
