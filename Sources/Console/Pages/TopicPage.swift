internal import AdminServer
internal import LogCore
internal import Metadata
internal import Model

/// One topic: what it holds and who reads it.
struct TopicPage {
    var view: TopicView
    var request: PageRequest
    var partitions: Page<PartitionRow>

    static func link(_ name: String) -> Link { Link("/topics") / name }

    static func retention(_ row: TopicRow) -> String {
        let time = row.retentionMilliseconds < 0 ? "for ever" : Figure.duration(milliseconds: row.retentionMilliseconds)
        return row.retentionBytes < 0 ? time : "\(time), \(Figure.bytes(row.retentionBytes)) a partition"
    }

    /// What every page of a topic begins with.
    static func head(_ row: TopicRow, current: String, _ html: inout HTMLWriter) {
        html.crumbs([("Topics", Link("/topics"))])
        html(.h1, text: row.name)
        var tabs = [("Partitions", Self.link(row.name))]
        tabs.append(("Records", Self.link(row.name) / "records"))
        if row.isStream { tabs.append(("Shards", Self.link(row.name) / "shards")) }
        tabs.append(("Settings", Self.link(row.name) / "settings"))
        html.tabs(tabs.map { (name: $0.0, link: $0.1) }, current: current)
    }

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame(self.view.row.name, in: .topics, for: request.identity).answer { html in
            self.write(to: &html, changes: request.identity.changes)
        }
    }

    func write(to html: inout HTMLWriter, changes: Bool) {
        let row = self.view.row
        Self.head(row, current: "Partitions", &html)
        html.live("topic") { html in
            html.tiles([
                ("Records", Figure.count(row.records), nil),
                ("Size", Figure.bytes(row.sizeBytes), nil),
                (
                    "Partitions", Figure.count(row.partitions),
                    row.isStream ? Figure.plural(row.openShards, "open shard") : nil
                ),
                (
                    "Worst lag", row.lag.flatMap { $0.seconds.map { Figure.duration($0) } } ?? "–",
                    row.lag.map { Figure.plural($0.records, "record") }
                ),
            ])
            html.card("Partitions") { html in self.list.write(to: &html) }
            html(.div, .class("cards")) { html in
                html.card("Groups that read it") { html in self.groups(&html) }
                html.card("About it") { html in
                    html.facts(self.facts)
                }
            }
        }
        if changes, !row.isInternal { self.changes(&html) }
    }

    private var facts: [(name: String, value: String)] {
        let row = self.view.row
        var facts: [(name: String, value: String)] = [
            ("ID", row.id.description),
            ("Retention", Self.retention(row)),
            ("Cleanup", row.cleanupPolicy),
            (
                "Records without a place",
                self.view.routing == "md5" ? "by MD5 of the partition key" : "by Kafka's partitioner"
            ),
        ]
        if row.isStream { facts.append(("Stream mode", row.mode)) }
        for (key, value) in self.view.tags.sorted(by: { $0.key < $1.key }) { facts.append(("Tag \(key)", value)) }
        return facts
    }

    private var list: ListView<PartitionRow> {
        ListView(
            noun: "partitions",
            link: Self.link(self.view.row.name),
            request: self.request,
            page: self.partitions,
            columns: [
                ListView.Column("Partition", sort: "partition", isNumber: true) { html, partition in
                    let link = Self.link(self.view.row.name) / "records"
                    html(.a, .href(link.with("partition", "\(partition.partition)")), text: "\(partition.partition)")
                },
                ListView.Column("State") { html, partition in
                    let kind = partition.state == "here" ? "good" : partition.state == "offline" ? "bad" : ""
                    let text = partition.isSealed ? "sealed" : partition.state == "here" ? "served" : partition.state
                    html(
                        .span,
                        .class("badge \(partition.isSealed ? "" : kind)"),
                        partition.problem.map { .title($0) },
                        text: text
                    )
                    if partition.damagedRanges > 0 {
                        html.text(" ")
                        html(.span, .class("badge bad"), text: Figure.plural(partition.damagedRanges, "damaged range"))
                    }
                },
                .number("Start") { $0.offsets.map { Figure.count($0.logStart) } ?? "–" },
                .number("End") { $0.offsets.map { Figure.count($0.highWatermark) } ?? "–" },
                .number("Records", sort: "records") { row in
                    row.offsets.map { Figure.count(max(0, $0.highWatermark - $0.logStart)) } ?? "–"
                },
                .number("Size", sort: "size") { $0.sizeBytes.map { Figure.bytes($0) } ?? "–" },
                .text("Shard", isHiddenNarrow: true) { $0.openShard ?? "–" },
                .number("Epoch", isHiddenNarrow: true) { "\($0.leaderEpoch)" },
            ],
            emptyText: "It has no partitions."
        )
    }

    private func groups(_ html: inout HTMLWriter) {
        guard !self.view.groups.isEmpty else {
            html(.p, .class("empty"), text: "No group has committed an offset of it.")
            return
        }
        html.table(["Group", .number("Records behind"), .number("Time behind"), "Status"]) { html in
            for lag in self.view.groups.prefix(100) {
                html.lagRow(lag.groupID, records: lag.records, seconds: lag.seconds, status: lag.status)
            }
        }
    }

    private func changes(_ html: inout HTMLWriter) {
        let name = self.view.row.name
        html.card("Change it") { html in
            html(
                .form,
                .class("bar"),
                .data("api", Link("/api/v1/topics") / name / "partitions", method: "POST"),
                .data("confirm", "Add partitions? Keys may be found in others then, and there is no way back."),
                .data("done", "")
            ) { html in
                html.field("Partitions") { html in
                    html(
                        .input,
                        .type("number"),
                        .name("count"),
                        .value("\(self.view.row.partitions)"),
                        .min(self.view.row.partitions),
                        .max(100_000),
                        .required,
                        .data("as", "number")
                    )
                }
                html(.button, .type("submit"), text: "Set")
                html(.output, .role("status"))
            }
            html(.div, .class("row")) { html in
                html(
                    .form,
                    .data("api", Link("/api/v1/topics") / name, method: "DELETE"),
                    .data("confirm", "Delete \(name) and every record in it? This cannot be undone."),
                    .data("done", "/topics")
                ) { html in
                    html(.button, .type("submit"), .class("danger"), text: "Delete topic")
                    html(.output, .role("status"))
                }
            }
        }
    }
}
