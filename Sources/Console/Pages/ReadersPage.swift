internal import AdminServer
internal import Metadata

/// Who reads streams by Kinesis' ways.
struct ReadersPage {
    var request: PageRequest
    var page: Page<ReaderRow>

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Kinesis readers", in: .readers, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Kinesis readers")
        html(
            .p,
            .class("lead"),
            text:
                "Registered consumers of enhanced fan-out, and applications of the Kinesis Client Library by their lease "
                + "tables. Consumers that read by GetRecords alone leave nothing behind by which they could be listed."
        )
        let list = self.list
        list.search(to: &html)
        html(.div, .class("card")) { html in
            html.live("readers", every: 3) { html in list.write(to: &html) }
        }
    }

    private var list: ListView<ReaderRow> {
        ListView(
            noun: "readers",
            link: Link("/readers"),
            request: self.request,
            page: self.page,
            columns: [
                ListView.Column("Reader", sort: "name", isName: true) { html, reader in
                    guard reader.kind == .kcl else { html.text(reader.name); return }
                    html(.a, .href(GroupPage.link("kcl:" + reader.name)), text: reader.name)
                },
                ListView.Column("Stream", sort: "stream") { html, reader in
                    html(.a, .href(TopicPage.link(reader.stream)), text: reader.stream)
                },
                .text("Kind", sort: "kind") { $0.kind == .kcl ? "KCL application" : "enhanced fan-out" },
                .number("Workers") { $0.kind == .kcl ? Figure.count($0.workers) : "–" },
                .number("Records behind") { $0.lagRecords.map { Figure.count($0) } ?? "–" },
                .number("Time behind", sort: "seconds") { $0.lagSeconds.map { Figure.duration($0) } ?? "–" },
                ListView.Column("Registered", isHiddenNarrow: true) { html, reader in
                    if let created = reader.createdAt { html.time(created) } else { html.text("–") }
                },
            ],
            emptyText:
                "There are none: RegisterStreamConsumer registers one, and a KCL application makes a lease table."
        )
    }
}
