internal import AdminServer
internal import Metadata

/// All groups, with how far they are behind.
struct GroupsPage {
    var request: PageRequest
    var page: Page<GroupRow>

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Groups", in: .groups, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Groups")
        html(
            .p,
            .class("lead"),
            text:
                "Consumer groups of Kafka clients, and applications of the Kinesis Client Library (kcl:…). Lag is measured "
                + "every ten seconds, from the offsets and the timestamps in the log."
        )
        let list = self.list
        list.search(to: &html)
        html(.div, .class("card")) { html in
            html.live("groups", every: 3) { html in list.write(to: &html) }
        }
    }

    private var list: ListView<GroupRow> {
        ListView(
            noun: "groups",
            link: Link("/groups"),
            request: self.request,
            page: self.page,
            columns: [
                ListView.Column("Group", sort: "name", isName: true) { html, group in
                    html(.a, .href(GroupPage.link(group.groupID)), text: group.groupID)
                },
                .text("State", sort: "state") { $0.state },
                .number("Members", sort: "members") { Figure.count($0.members) },
                .number("Topics", isHiddenNarrow: true) { Figure.count($0.topics) },
                .number("Records behind", sort: "lag") { $0.status == nil ? "–" : Figure.count($0.lagRecords) },
                .number("Time behind", sort: "seconds") { $0.lagSeconds.map { Figure.duration($0) } ?? "–" },
                ListView.Column("Status", sort: "status") { html, group in html.status(group.status) },
            ],
            emptyText: "There are no groups yet. One begins when a consumer with a group.id commits an offset or joins."
        )
    }
}
