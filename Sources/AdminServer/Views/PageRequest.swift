internal import Text

/// Which rows of a list are wanted, in which order.
package struct PageRequest: Sendable, Equatable {
    /// Where a page begins.
    package enum Start: Sendable, Equatable {
        /// The row with this index in the sorted list.
        case position(Int)
        /// The first row behind this name, in a list that is sorted by name: rows that come and go before it do not
        /// move the page.
        case after(String)
    }

    package static let limitDefault = 100
    package static let limitMax = 1000
    /// Bytes of a search.
    package static let searchBytesMax = 256

    /// Only rows whose name contains this text, in any case; empty for all.
    package var search = ""
    /// A column's name; `nil` for the list's own order, which is by name.
    package var sort: String?
    package var isDescending = false
    package var start = Start.position(0)
    /// From 1 to `limitMax`.
    package var limit = Self.limitDefault

    package init() {}

    package init(
        search: String = "",
        sort: String? = nil,
        isDescending: Bool = false,
        start: Start = .position(0),
        limit: Int = Self.limitDefault
    ) {
        self.search = search
        self.sort = sort
        self.isDescending = isDescending
        self.start = start
        self.limit = limit
    }

    /// Reads `search`, `sort` (a column, `-` before it for descending), `limit`, and either `cursor` or `offset`.
    ///
    /// - Throws: in a few words, which one is wrong.
    package init(_ request: AdminRequest) throws(PageProblem) {
        if let search = request.query("search") {
            guard search.utf8.count <= Self.searchBytesMax else { throw PageProblem("search is too long") }
            self.search = search
        }
        if let sort = request.query("sort"), !sort.isEmpty {
            self.isDescending = sort.hasPrefix("-")
            self.sort = self.isDescending ? String(sort.dropFirst()) : sort
        }
        if let text = request.query("limit") {
            guard let limit = Int(text), (1...Self.limitMax).contains(limit) else {
                throw PageProblem("limit is a number from 1 to \(Self.limitMax)")
            }
            self.limit = limit
        }
        if let cursor = request.query("cursor"), !cursor.isEmpty {
            guard let start = Start(cursor: cursor) else { throw PageProblem("cursor is not one of this list's") }
            self.start = start
        } else if let text = request.query("offset") {
            guard let offset = Int(text), offset >= 0 else { throw PageProblem("offset is a number from 0") }
            self.start = .position(offset)
        }
    }
}

/// Why a page cannot be had.
package struct PageProblem: Error, Sendable, Equatable {
    /// Names what is wrong.
    package var message: String

    package init(_ message: String) { self.message = message }
}

extension PageRequest.Start {
    /// Opaque to clients: hex of a letter for the kind and what it says.
    package var cursor: String {
        let text =
            switch self {
            case .position(let position): "p\(position)"
            case .after(let name): "a\(name)"
            }
        return Hex.text(Array(text.utf8))
    }

    package init?(cursor: String) {
        guard cursor.utf8.count <= 2048, let bytes = Hex.bytes(cursor),
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        switch text.first {
        case "p":
            guard let position = Int(text.dropFirst()), position >= 0 else { return nil }
            self = .position(position)
        case "a": self = .after(String(text.dropFirst()))
        default: return nil
        }
    }
}

/// A part of a list.
package struct Page<Row: Sendable>: Sendable {
    package var rows: [Row]
    /// The index of the first row in the sorted list.
    package var position: Int
    /// Rows that the search matches.
    package var matched: Int
    /// All rows.
    package var total: Int
    /// Where the next page begins; `nil` at the end.
    package var next: PageRequest.Start?

    package init(rows: [Row], position: Int, matched: Int, total: Int, next: PageRequest.Start? = nil) {
        self.rows = rows
        self.position = position
        self.matched = matched
        self.total = total
        self.next = next
    }
}
