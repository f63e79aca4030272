internal import AdminServer
internal import Broker
internal import Text

// Parts that many pages have.
extension HTMLWriter {
    /// A box with a heading.
    mutating func card(_ title: String, id: String? = nil, _ content: (inout HTMLWriter) -> Void) {
        self(.section, .class("card"), id.map { .id($0) }) { html in
            html(.h2, text: title)
            content(&html)
        }
    }

    /// A part of the page that follows the server, where scripts run.
    mutating func live(_ id: String, every seconds: Int = 2, _ content: (inout HTMLWriter) -> Void) {
        self(.liveRegion, .id(id), .data("every", "\(seconds)"), content: content)
    }

    /// Big numbers with their names.
    mutating func tiles(_ tiles: [(name: String, value: String, note: String?)]) {
        self(.dl, .class("tiles")) { html in
            for tile in tiles {
                html(.div, .class("tile")) { html in
                    html(.dt, text: tile.name)
                    html(.dd) { html in
                        html.text(tile.value)
                        if let note = tile.note { html(.small, text: note) }
                    }
                }
            }
        }
    }

    /// Names with their values, one under the other.
    mutating func facts(_ facts: [(name: String, value: String)]) {
        self(.dl, .class("facts")) { html in
            for fact in facts {
                html(.dt, text: fact.name)
                html(.dd, text: fact.value)
            }
        }
    }

    mutating func notice(_ text: String, _ kind: String = "") {
        self(.div, .class(kind.isEmpty ? "notice" : "notice \(kind)"), .role("status")) { html in html(.p, text: text) }
    }

    /// A moment; scripts turn it into the reader's own time.
    mutating func time(_ milliseconds: Int64) {
        let text = CalendarTime(milliseconds).rfc3339
        self(.time, .datetime(text), text: text.replacingT)
    }

    /// Where a page is: links to what is above it.
    mutating func crumbs(_ links: [(String, Link)]) {
        self(.nav, .class("crumbs"), .aria("label", "Above this page")) { html in
            for (index, (name, link)) in links.enumerated() {
                if index > 0 { html.text(" / ") }
                html(.a, .href(link), text: name)
            }
        }
    }

    mutating func tabs(_ tabs: [(name: String, link: Link)], current: String) {
        self(.nav, .class("tabs"), .aria("label", "Parts")) { html in
            for tab in tabs {
                html(.a, .href(tab.link), tab.name == current ? .aria("current", "page") : nil, text: tab.name)
            }
        }
    }

    /// How a group is doing.
    mutating func status(_ status: LagStatus?) {
        guard let status else {
            self(.span, .class("faint"), text: "–")
            return
        }
        let kind =
            switch status {
            case .ok: "good"
            case .behind: "warn"
            case .stalled, .stopped: "bad"
            }
        self(.span, .class("badge \(kind)"), text: status.rawValue)
    }

    /// A labelled field of a form.
    mutating func field(_ label: String, wide: Bool = false, _ content: (inout HTMLWriter) -> Void) {
        self(.label, .class(wide ? "field wide" : "field")) { html in
            html(.span, text: label)
            content(&html)
        }
    }

    mutating func choices(
        _ name: String,
        _ choices: [(value: String, text: String)],
        selected: String = "",
        _ more: HTMLAttribute? = nil
    ) {
        self(.select, .name(name), more) { html in
            for choice in choices {
                html(.option, .value(choice.value), choice.value == selected ? .selected : nil, text: choice.text)
            }
        }
    }
}

extension String {
    /// `2026-11-30 11:30:05.123Z`, for people.
    fileprivate var replacingT: String { String(self.map { $0 == "T" ? " " : $0 }) }
}
