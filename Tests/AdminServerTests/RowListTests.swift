import Testing

@testable import AdminServer

/// Searching, sorting and cutting lists.
@Suite struct RowListTests {
    private struct Item: Sendable {
        var name: String
        var size: Double?
    }

    private static let items = [
        Item(name: "alpha", size: 3), Item(name: "Beta", size: nil), Item(name: "gamma", size: 1),
        Item(name: "gamma-2", size: 3),
    ].sorted { $0.name < $1.name }

    private static func list() -> RowList<Item> {
        RowList(
            Self.items,
            name: \.name,
            columns: ["size": { $0.size.map { .number($0) } ?? .missing }]
        )
    }

    private static func names(_ request: PageRequest) throws -> [String] {
        try Self.list().page(request) { $0.name }.rows
    }

    @Test func `a search looks for a part of the name in any case`() throws {
        #expect(try Self.names(PageRequest(search: "GAMMA")) == ["gamma", "gamma-2"])
        #expect(try Self.names(PageRequest(search: "bet")) == ["Beta"])
        #expect(try Self.names(PageRequest(search: "zeta")) == [])
        #expect(try Self.names(PageRequest(search: "a much longer text than any name")) == [])
    }

    @Test func `a column is sorted by, items of one value by name, items without a value as the smallest`() throws {
        #expect(try Self.names(PageRequest(sort: "size")) == ["Beta", "gamma", "alpha", "gamma-2"])
        #expect(
            try Self.names(PageRequest(sort: "size", isDescending: true)) == ["alpha", "gamma-2", "gamma", "Beta"]
        )
        #expect(throws: PageProblem("sort is one of: name, size")) { try Self.names(PageRequest(sort: "colour")) }
    }

    @Test(arguments: [nil, "name", "size"], [false, true])
    func `pages together are the list`(sort: String?, isDescending: Bool) throws {
        for limit in 1...5 {
            var request = PageRequest(sort: sort, isDescending: isDescending, limit: limit)
            var names: [String] = []
            while true {
                let page = try Self.list().page(request) { $0.name }
                #expect(page.matched == 4 && page.total == 4)
                #expect(page.position == names.count)
                names += page.rows
                guard let next = page.next else { break }
                // What a client sends back is what it got.
                request.start = try #require(PageRequest.Start(cursor: next.cursor))
            }
            #expect(names == (try Self.names(PageRequest(sort: sort, isDescending: isDescending))))
        }
    }

    @Test func `a page by name is not moved by rows that come and go before it`() throws {
        let page = try Self.list().page(PageRequest(limit: 2)) { $0.name }
        #expect(page.next == .after("alpha"))
        let later = RowList(Self.items + [], name: \.name)
        let rest = try RowList(Array(later.items.dropFirst()), name: \.name)
            .page(PageRequest(start: .after("alpha"))) { $0.name }
        #expect(rest.rows == ["gamma", "gamma-2"])
    }

    @Test(arguments: ["", "p", "p-1", "zz", "70", "7a31", "61ff", String(repeating: "6", count: 5000)])
    func `what is not a cursor is refused`(text: String) {
        #expect(PageRequest.Start(cursor: text) == nil)
    }

    @Test func `a page behind the end is empty`() throws {
        let page = try Self.list().page(PageRequest(start: .position(100))) { $0.name }
        #expect(page.rows.isEmpty && page.next == nil && page.position == 4)
    }
}
