internal import AdminServer

/// Records of a topic: where to begin, what to look for, what was found, how much of the topic was looked at.
struct RecordsPage {
    var topic: TopicRow
    /// What was asked for, as it was written.
    var search: Search
    var result: Result<FoundRecords, FoundRecords.Problem>

    /// The fields of the form.
    struct Search {
        var from: String
        var partition: String
        var filter: String
        var limit: String
        var scan: String
        /// `newest` or `oldest` first.
        var order: String

        init(_ request: AdminRequest) {
            func value(_ name: String, _ otherwise: String) -> String {
                request.query(name).flatMap { $0.isEmpty ? nil : $0 } ?? otherwise
            }
            // A link to one record, or to a place, has no order: it reads on from there.
            let beginsSomewhere = !(request.query("from") ?? "").isEmpty && request.query("order") == nil
            self.order = value("order", beginsSomewhere ? "oldest" : "newest")
            self.from = value("from", "start")
            self.partition = value("partition", "")
            self.filter = value("filter", "")
            self.limit = value("limit", "50")
            self.scan = value("scan", "100000")
        }

        /// What the API is asked: the request with what the form leaves open.
        func asked(_ request: AdminRequest) -> AdminRequest {
            var asked = request
            asked.accept = "application/json"
            asked.query = [
                ("partition", self.partition), ("filter", self.filter), ("limit", self.limit), ("scan", self.scan),
                ("order", self.order),
            ].filter { !$0.1.isEmpty }.map { (name: $0.0, value: $0.1) }
            if let cursor = request.query("cursor"), !cursor.isEmpty {
                asked.query.append((name: "cursor", value: cursor))
            } else {
                asked.query.append((name: "from", value: self.from))
            }
            return asked
        }
    }

    /// Characters of a key or a value that a page shows; the whole is one request away.
    static let textMax = 16_384

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Records of \(self.topic.name)", in: .topics, for: request.identity).answer { html in
            self.write(to: &html, changes: request.identity.changes)
        }
    }

    private var link: Link { TopicPage.link(self.topic.name) / "records" }

    func write(to html: inout HTMLWriter, changes: Bool) {
        TopicPage.head(self.topic, current: "Records", &html)
        self.form(&html)
        html(.recordScan, .data("source", Link("/api/v1/topics") / self.topic.name / "records")) { html in
            switch self.result {
            case .failure(let problem):
                html.notice(problem.message + (problem.hint.map { " " + $0 } ?? ""), "bad")
            case .success(let found):
                self.state(found, &html)
                html(.div, .class("card")) { html in self.table(found, changes: changes, &html) }
            }
        }
    }

    private func form(_ html: inout HTMLWriter) {
        html(.form, .class("bar"), .method("get"), .action(self.link), .role("search")) { html in
            html.field("From") { html in
                html(
                    .input,
                    .type("search"),
                    .name("from"),
                    .value(self.search.from),
                    .autocomplete("off"),
                    .title(
                        "start, end, -50, an offset, @ and milliseconds, a time as 2026-11-30T12:00:00Z, or a sequence number"
                    )
                )
            }
            html.field("Partition") { html in
                let numbers = (0..<min(self.topic.partitions, 1000)).map { ("\($0)", "\($0)") }
                html.choices("partition", [("", "all")] + numbers, selected: self.search.partition)
            }
            html.field("Filter", wide: true) { html in
                html(
                    .input,
                    .name("filter"),
                    .value(self.search.filter),
                    .autocomplete("off"),
                    .placeholder("value.total > 100 && key.startsWith(\"user-\")")
                )
            }
            html.field("Order") { html in
                html.choices(
                    "order",
                    [("newest", "newest first"), ("oldest", "oldest first")],
                    selected: self.search.order
                )
            }
            html.field("Show") { html in
                html.choices("limit", ["20", "50", "200", "1000"].map { ($0, $0) }, selected: self.search.limit)
            }
            html.field("Look at up to") { html in
                let limits = [("10000", "10 000"), ("100000", "100 000"), ("1000000", "1 million")]
                html.choices("scan", limits, selected: self.search.scan)
            }
            html(.button, .type("submit"), .class("primary"), text: "Show")
        }
        html(.p, .class("faint")) { html in
            html.text("From: ")
            for (index, example) in [
                "start", "-50", "1234", "@1764504000000", "2026-11-30T12:00:00Z", "a Kinesis sequence number",
            ].enumerated() {
                if index > 0 { html.text(", ") }
                html(.code, text: example)
            }
        }
    }

    /// What was looked at, and no more than that.
    private func state(_ found: FoundRecords, _ html: inout HTMLWriter) {
        let scan = found.scan
        let all = scan.scanned + scan.left
        var text = "\(Figure.count(scan.scanned)) of \(Figure.count(all)) records scanned"
        if all > 0 { text += " (\(Figure.fixed(Double(scan.scanned) / Double(all) * 100, 0)) %)" }
        text += ", \(Figure.plural(found.records.count, "hit"))."
        html(.div, .class("row")) { html in
            html(.p, .role("status"), .data("state", ""), text: text)
            if let cursor = scan.cursor {
                html(.a, .class("button"), .href(self.resumed(cursor)), text: "Resume")
            }
            html(.button, .type("button"), .data("follow", ""), .hidden, text: "Follow")
            html(.button, .type("button"), .data("export", ""), .hidden, text: "Export")
        }
        if scan.errors > 0 {
            html.notice(
                "\(Figure.plural(scan.errors, "record")) lack a field of the filter, or have another kind of value there.",
                "warn"
            )
        }
        if scan.tooMuchWork > 0 {
            html.notice("The filter takes too long with \(Figure.plural(scan.tooMuchWork, "record")).", "warn")
        }
        if scan.unreadable > 0 {
            html.notice("\(Figure.plural(scan.unreadable, "batch", "batches")) cannot be read.", "bad")
        }
    }

    private func resumed(_ cursor: String) -> Link {
        self.link.with("partition", self.search.partition).with("filter", self.search.filter)
            .with("limit", self.search.limit).with("scan", self.search.scan).with("order", self.search.order)
            .with("cursor", cursor)
    }

    private func table(_ found: FoundRecords, changes: Bool, _ html: inout HTMLWriter) {
        if found.records.isEmpty { html(.p, .class("empty"), text: "There are no such records in what was scanned.") }
        html(.div, .class("scroll")) { html in
            html(.table, found.records.isEmpty ? .hidden : nil) { html in
                html(.thead) { html in
                    html(.tr) { html in
                        html(.th, .scope("col"), .class("number"), text: "Partition")
                        html(.th, .scope("col"), .class("number"), text: "Offset")
                        html(.th, .scope("col"), .class("hide-narrow"), text: "Time")
                        html(.th, .scope("col"), text: "Key")
                        html(.th, .scope("col"), text: "Value")
                    }
                }
                html(.tbody) { html in
                    for record in found.records { self.row(record, changes: changes, &html) }
                }
            }
        }
    }

    private func row(_ record: FoundRecords.Record, changes: Bool, _ html: inout HTMLWriter) {
        html(.tr, .class("record"), .id("record-\(record.partition)-\(record.offset)-\(record.subsequence ?? 0)")) {
            html in
            html(.td, .class("number"), text: "\(record.partition)")
            html(.td, .class("number")) { html in
                // This record alone, for ever.
                let link = self.link.with("partition", "\(record.partition)").with("from", "\(record.offset)").with(
                    "limit",
                    "1"
                )
                html(.a, .href(link), .title("A link to this record"), text: Figure.count(record.offset))
            }
            html(.td, .class("nowrap hide-narrow")) { html in
                if record.timestamp >= 0 { html.time(record.timestamp) } else { html.text("–") }
            }
            html(.td) { html in Self.clipped(record.key, &html) }
            html(.td, .class("value")) { html in
                html(.details) { html in
                    html(.summary) { html in Self.clipped(record.value, &html) }
                    self.details(record, changes: changes, &html)
                }
            }
        }
    }

    private static func clipped(_ part: FoundRecords.Part, _ html: inout HTMLWriter) {
        guard part.format != "null" else {
            html(.span, .class("faint"), text: "null")
            return
        }
        html(.div, .class("clip mono"), text: part.size == 0 ? "(empty)" : String(part.shown.prefix(300)))
    }

    private func details(_ record: FoundRecords.Record, changes: Bool, _ html: inout HTMLWriter) {
        let value = record.value
        let shown = value.shown
        if value.size > 0 {
            html(.jsonTree) { html in html(.pre, .tabindex(0), text: String(shown.prefix(Self.textMax))) }
            if shown.utf8.count > Self.textMax {
                html(.p, .class("faint"), text: "The beginning of \(Figure.bytes(value.size)).")
            }
        }
        html.facts(self.facts(record))
        // What is not text would be changed on its way through the form, and so would what is cut.
        if changes, [record.key, value].allSatisfy(\.isText), shown.utf8.count <= Self.textMax {
            html(
                .button,
                .type("button"),
                .hidden,
                .data("resend", Link("/produce").with("topic", self.topic.name).with("resend", "1")),
                .data("record-key", record.key.text ?? ""),
                .data("record-value", value.text ?? ""),
                .data("record-headers", record.headers.map { "\($0.name): \($0.value.shown)" }.joined(separator: "\n")),
                text: "Send again…"
            )
        }
    }

    private func facts(_ record: FoundRecords.Record) -> [(name: String, value: String)] {
        var facts: [(name: String, value: String)] = []
        if let subsequence = record.subsequence { facts.append(("Within its aggregate", "\(subsequence)")) }
        for (name, part) in [("Value", record.value), ("Key", record.key)] where part.format != "null" {
            facts.append((name, "\(part.format), \(Figure.bytes(part.size))"))
        }
        for header in record.headers { facts.append(("Header \(header.name)", header.value.shown)) }
        return facts
    }
}
