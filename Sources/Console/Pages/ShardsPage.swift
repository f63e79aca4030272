internal import AdminServer
internal import Metadata
internal import Model

/// The shards of a stream: the ring, where they came from, every one of them.
struct ShardsPage {
    var view: TopicView
    /// All of them that a picture can show, by ordinal.
    var shards: [ShardRow]
    var request: PageRequest
    var page: Page<ShardRow>

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Shards of \(self.view.row.name)", in: .topics, for: request.identity).answer { html in
            self.write(to: &html, changes: request.identity.changes)
        }
    }

    func write(to html: inout HTMLWriter, changes: Bool) {
        let name = self.view.row.name
        TopicPage.head(self.view.row, current: "Shards", &html)
        html(.div, .class("cards")) { html in
            html.card("Open shards") { html in
                let open = self.shards.filter(\.isOpen).sorted { $0.hashRange.lower < $1.hashRange.lower }
                HashRing(shards: open, name: name).write(to: &html)
                if self.view.row.openShards > HashRing.shardsMax {
                    html(.p, .class("faint"), text: "The first \(HashRing.shardsMax) of \(self.view.row.openShards).")
                }
            }
            html.card("Lineage") { html in
                ShardLineage(shards: self.shards).write(to: &html)
                html(
                    .p,
                    .class("faint"),
                    text:
                        "From top to bottom: a shard that was split has two below it, one that came of a merge has two "
                        + "above it. Grey shards are closed; their records stay until retention takes them."
                )
                if self.page.total > self.shards.count {
                    html(.p, .class("faint"), text: "The last \(self.shards.count) of \(self.page.total) shards.")
                }
            }
        }
        html.card("All shards") { html in self.list.write(to: &html) }
        if changes { self.changes(&html) }
    }

    /// Forms that reshape the stream. What a split and a merge would make is said beside their fields.
    private func changes(_ html: inout HTMLWriter) {
        let link = Link("/api/v1/topics") / self.view.row.name
        let open = self.shards.filter(\.isOpen).sorted { $0.hashRange.lower < $1.hashRange.lower }
        html.card("Reshape") { html in
            html(
                .p,
                .class("faint"),
                text:
                    "A split makes two shards of one, each with half of its hash keys, and a new partition. A merge makes one "
                    + "shard of two neighbours and seals a partition for Kafka producers. Neither can be undone; records stay "
                    + "where they are."
            )
            html(
                .form,
                .class("bar"),
                .data("api", link / "shards", method: "POST", more: "/{shard}/split"),
                .data("confirm", "Split this shard?"),
                .data("done", "")
            ) { html in
                html.field("Split") { html in html.choices("shard", open.map { ($0.id, Self.choice($0)) }) }
                html(.button, .type("submit"), text: "Split in the middle")
                html(.output, .role("status"))
            }
            if open.count > 1 {
                html(
                    .form,
                    .class("bar"),
                    .data("api", link / "shards", method: "POST", more: "/{shard}/merge"),
                    .data("confirm", "Merge these shards?"),
                    .data("done", "")
                ) { html in
                    html.field("Merge") { html in
                        html.choices("shard", open.dropLast().map { ($0.id, Self.choice($0)) })
                    }
                    html.field("with its neighbour") { html in
                        html.choices("with", open.dropFirst().map { ($0.id, Self.choice($0)) })
                    }
                    html(.button, .type("submit"), text: "Merge")
                    html(.output, .role("status"))
                }
            }
            html(
                .form,
                .class("bar"),
                .data("api", link / "scale", method: "POST"),
                .data("confirm", "Scale the stream to so many shards of equal ranges?"),
                .data("done", "")
            ) { html in
                html.field("Open shards") { html in
                    html(
                        .input,
                        .type("number"),
                        .name("shards"),
                        .value("\(self.view.row.openShards)"),
                        .min(1),
                        .max(100_000),
                        .required,
                        .data("as", "number")
                    )
                }
                html(.button, .type("submit"), text: "Scale")
                html(.output, .role("status"))
            }
        }
    }

    private static func choice(_ shard: ShardRow) -> String {
        let share = HashRing.share(shard.hashRange)
        return "\(shard.id) (\(Figure.fixed((share.end - share.start) * 100, 2)) %)"
    }

    private var list: ListView<ShardRow> {
        ListView(
            noun: "shards",
            link: TopicPage.link(self.view.row.name) / "shards",
            request: self.request,
            page: self.page,
            columns: [
                ListView.Column("Shard", sort: "ordinal", isName: true) { html, shard in
                    html(.span, .id(shard.id), .class("mono"), text: shard.id)
                },
                ListView.Column("State") { html, shard in
                    html(.span, .class(shard.isOpen ? "badge good" : "badge"), text: shard.isOpen ? "open" : "closed")
                },
                .number("Of the hash keys", sort: "hash") { shard in
                    let share = HashRing.share(shard.hashRange)
                    return "\(Figure.fixed((share.end - share.start) * 100, 2)) %"
                },
                .number("Partition", sort: "partition") { "\($0.partition)" },
                .text("Offsets", isHiddenNarrow: true) { shard in
                    "\(Figure.count(shard.startOffset)) – " + (shard.endOffset.map { Figure.count($0) } ?? "")
                },
                ListView.Column("Parents") { html, shard in Self.links(shard.parents, &html) },
                ListView.Column("Children") { html, shard in Self.links(shard.children, &html) },
                ListView.Column("Created", isHiddenNarrow: true) { html, shard in html.time(shard.createdSecond * 1000)
                },
            ],
            emptyText: "It has no shards."
        )
    }

    private static func links(_ ids: [String], _ html: inout HTMLWriter) {
        for (index, id) in ids.enumerated() {
            if index > 0 { html.text(", ") }
            // Its number says enough beside the column's name.
            html(.a, .href(.onPage(id)), .class("mono"), .title(id), text: "…" + id.suffix(4))
        }
        if ids.isEmpty { html.text("–") }
    }
}
