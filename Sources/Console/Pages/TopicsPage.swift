internal import AdminServer
internal import Metadata

/// All topics, which are all streams.
struct TopicsPage {
    var request: PageRequest
    var page: Page<TopicRow>

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Topics", in: .topics, for: request.identity).answer { html in
            self.write(to: &html, changes: request.identity.changes)
        }
    }

    func write(to html: inout HTMLWriter, changes: Bool) {
        html(.h1, text: "Topics")
        html(
            .p,
            .class("lead"),
            text: "A topic of Kafka clients is a stream of Kinesis clients, with the same records."
        )
        let list = self.list
        list.search(to: &html)
        html(.div, .class("card")) { html in
            html.live("topics", every: 3) { html in list.write(to: &html) }
        }
        if changes { Self.creation(&html) }
    }

    private var list: ListView<TopicRow> {
        ListView(
            noun: "topics",
            link: Link("/topics"),
            request: self.request,
            page: self.page,
            columns: [
                ListView.Column("Topic", sort: "name", isName: true) { html, topic in
                    html(.a, .href(TopicPage.link(topic.name)), text: topic.name)
                    if topic.isInternal { html.text(" "); html(.span, .class("badge"), text: "internal") }
                    if topic.offlinePartitions > 0 {
                        html.text(" ")
                        html(.span, .class("badge bad"), text: "\(topic.offlinePartitions) offline")
                    }
                },
                .number("Partitions", sort: "partitions") { Figure.count($0.partitions) },
                .number("Open shards", isHiddenNarrow: true) { $0.isStream ? Figure.count($0.openShards) : "–" },
                .number("Records", sort: "records") { Figure.count($0.records) },
                .number("Size", sort: "size") { Figure.bytes($0.sizeBytes) },
                .number("Retention", sort: "retention", isHiddenNarrow: true) { TopicPage.retention($0) },
                ListView.Column("Worst lag", sort: "lag", isNumber: true) { html, topic in
                    guard let lag = topic.lag else { html.text("–"); return }
                    html(
                        .a,
                        .href(GroupPage.link(lag.groupID)),
                        .title("Group \(lag.groupID)"),
                        text: lag.seconds.map { Figure.duration($0) } ?? Figure.plural(lag.records, "record")
                    )
                },
            ],
            emptyText:
                "There are no topics yet. A Kafka producer makes one by writing to it; a Kinesis client by CreateStream."
        )
    }

    private static func creation(_ html: inout HTMLWriter) {
        html.card("Create a topic") { html in
            html(
                .form,
                .class("bar"),
                .data("api", "POST /api/v1/topics"),
                .data("done", "/topics/{name}")
            ) { html in
                html.field("Name", wide: true) { html in
                    html(.input, .name("name"), .required, .autocomplete("off"))
                }
                html.field("Partitions") { html in
                    html(
                        .input,
                        .type("number"),
                        .name("partitions"),
                        .value("3"),
                        .min(1),
                        .max(100_000),
                        .data("as", "number")
                    )
                }
                html(.button, .type("submit"), .class("primary"), text: "Create")
                html(.output, .role("status"))
            }
        }
    }
}
