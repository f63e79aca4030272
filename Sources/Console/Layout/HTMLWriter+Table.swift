internal import Broker

/// The heading of a column of a plain table. Without a text it is a cell, not a heading.
struct ColumnTitle: ExpressibleByStringLiteral {
    var text: String
    var isNumber = false

    init(stringLiteral text: String) { self.text = text }

    static func number(_ text: String) -> ColumnTitle {
        var title = ColumnTitle(stringLiteral: text)
        title.isNumber = true
        return title
    }
}

extension HTMLWriter {
    /// A table that has no search and no pages of its own (`ListView` has), in a box that scrolls where it is too wide.
    mutating func table(_ titles: [ColumnTitle], _ body: (inout HTMLWriter) -> Void) {
        self(.div, .class("scroll")) { html in
            html(.table) { html in
                html(.thead) { html in
                    html(.tr) { html in
                        for title in titles {
                            if title.text.isEmpty {
                                html(.td)
                            } else {
                                html(.th, .scope("col"), title.isNumber ? .class("number") : nil, text: title.text)
                            }
                        }
                    }
                }
                html(.tbody, content: body)
            }
        }
    }

    /// A row of who reads and how far behind: the group, records, time, status.
    mutating func lagRow(_ groupID: String, records: Int64, seconds: Double?, status: LagStatus?) {
        self(.tr) { html in
            html(.th, .scope("row"), .class("name")) { html in
                html(.a, .href(GroupPage.link(groupID)), text: groupID)
            }
            html(.td, .class("number"), text: Figure.count(records))
            html(.td, .class("number"), text: seconds.map { Figure.duration($0) } ?? "–")
            html(.td) { html in html.status(status) }
        }
    }
}
