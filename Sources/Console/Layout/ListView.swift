internal import AdminServer

/// A list that the server searches, sorts and cuts: its table, its search and the links to the next pages.
struct ListView<Row: Sendable> {
    struct Column {
        var title: String
        /// The name to sort by; `nil`: it cannot be.
        var sort: String?
        /// `number` columns are right-aligned, and sorted from the largest first.
        var isNumber = false
        /// The name of a row, of which there is one.
        var isName = false
        var isHiddenNarrow = false
        var cell: (inout HTMLWriter, Row) -> Void

        init(
            _ title: String,
            sort: String? = nil,
            isNumber: Bool = false,
            isName: Bool = false,
            isHiddenNarrow: Bool = false,
            _ cell: @escaping (inout HTMLWriter, Row) -> Void
        ) {
            self.title = title
            self.sort = sort
            self.isNumber = isNumber
            self.isName = isName
            self.isHiddenNarrow = isHiddenNarrow
            self.cell = cell
        }

        /// A column of text.
        static func text(
            _ title: String,
            sort: String? = nil,
            isHiddenNarrow: Bool = false,
            _ text: @escaping (Row) -> String
        ) -> Column {
            Column(title, sort: sort, isHiddenNarrow: isHiddenNarrow) { html, row in html.text(text(row)) }
        }

        static func number(
            _ title: String,
            sort: String? = nil,
            isHiddenNarrow: Bool = false,
            _ text: @escaping (Row) -> String
        ) -> Column {
            Column(title, sort: sort, isNumber: true, isHiddenNarrow: isHiddenNarrow) { html, row in
                html.text(text(row))
            }
        }
    }

    /// What the rows are, in the plural: `topics`.
    var noun: String
    var link: Link
    var request: PageRequest
    var page: Page<Row>
    var columns: [Column]
    /// What an empty list says when nothing was searched for.
    var emptyText: String
    /// What the scripts know of a row.
    var rowAttributes: (Row) -> [HTMLAttribute?] = { _ in [] }

    func write(to html: inout HTMLWriter) {
        guard !self.page.rows.isEmpty else {
            let text = self.request.search.isEmpty ? self.emptyText : "Nothing matches “\(self.request.search)”."
            html(.p, .class("empty"), text: text)
            return
        }
        html(.div, .class("scroll")) { html in
            html(.table) { html in
                html(.thead) { html in html(.tr) { html in for column in self.columns { self.head(column, &html) } } }
                html(.tbody) { html in for row in self.page.rows { self.row(row, &html) } }
            }
        }
        self.pager(&html)
    }

    /// The form that searches, without scripts.
    func search(to html: inout HTMLWriter, _ more: (inout HTMLWriter) -> Void = { _ in }) {
        html(.form, .class("bar"), .role("search"), .method("get"), .action(self.link)) { html in
            html.field("Search \(self.noun)", wide: true) { html in
                html(.input, .type("search"), .name("search"), .value(self.request.search), .autocomplete("off"))
            }
            if let sort = self.sortText { html(.input, .type("hidden"), .name("sort"), .value(sort)) }
            more(&html)
            html(.button, .type("submit"), text: "Search")
        }
    }

    private var sortText: String? { self.request.sort.map { (self.request.isDescending ? "-" : "") + $0 } }

    private func head(_ column: Column, _ html: inout HTMLWriter) {
        var classes: [String] = []
        if column.isNumber { classes.append("number") }
        if column.isHiddenNarrow { classes.append("hide-narrow") }
        let classAttribute: HTMLAttribute? = classes.isEmpty ? nil : .class(classes.joined(separator: " "))
        guard let sort = column.sort else {
            html(.th, .scope("col"), classAttribute, text: column.title)
            return
        }
        let isSorted = (self.request.sort ?? "name") == sort
        // The other way round next; numbers begin with the largest.
        let isDescendingNext = isSorted ? !self.request.isDescending : column.isNumber
        html(
            .th,
            .scope("col"),
            classAttribute,
            isSorted ? .aria("sort", self.request.isDescending ? "descending" : "ascending") : nil
        ) { html in
            html(
                .a,
                .href(
                    self.link.with("search", self.request.search).with("sort", (isDescendingNext ? "-" : "") + sort)
                ),
                text: column.title
            )
        }
    }

    private func row(_ row: Row, _ html: inout HTMLWriter) {
        html(.tr, attributes: self.rowAttributes(row)) { html in
            for column in self.columns {
                if column.isName {
                    html(.th, .scope("row"), .class("name")) { html in column.cell(&html, row) }
                } else {
                    var classes: [String] = []
                    if column.isNumber { classes.append("number") }
                    if column.isHiddenNarrow { classes.append("hide-narrow") }
                    html(.td, classes.isEmpty ? nil : .class(classes.joined(separator: " "))) { html in
                        column.cell(&html, row)
                    }
                }
            }
        }
    }

    private func pager(_ html: inout HTMLWriter) {
        let last = self.page.position + self.page.rows.count
        html(.nav, .class("pager"), .aria("label", "Pages")) { html in
            var text =
                "\(Figure.count(self.page.position + 1))–\(Figure.count(last)) of \(Figure.count(self.page.matched))"
            if self.page.matched != self.page.total { text += " (\(Figure.count(self.page.total)) in all)" }
            html(.span, text: text)
            if self.page.position > 0 {
                html(.a, .href(self.base), .rel("first"), text: "First page")
            }
            if let next = self.page.next {
                html(.a, .href(self.base.with("cursor", next.cursor)), .rel("next"), text: "Next page")
            }
        }
    }

    private var base: Link {
        self.link.with("search", self.request.search).with("sort", self.sortText).with(
            "limit",
            self.request.limit == PageRequest.limitDefault ? nil : "\(self.request.limit)"
        )
    }
}
