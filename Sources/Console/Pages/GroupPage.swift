internal import AdminServer
internal import Metadata

/// One group: its members, where it stands, a way to set it elsewhere.
struct GroupPage {
    var view: GroupView

    /// Groups may have any name, also one with a slash: it cannot be a segment of a path.
    static func link(_ groupID: String) -> Link { Link("/group").with("id", groupID) }

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame(self.view.row.groupID, in: .groups, for: request.identity).answer { html in
            self.write(to: &html, changes: request.identity.changes)
        }
    }

    func write(to html: inout HTMLWriter, changes: Bool) {
        let row = self.view.row
        html.crumbs([("Groups", Link("/groups"))])
        html(.h1, text: row.groupID)
        html.live("group") { html in
            html(.p, .class("lead")) { html in
                if let status = row.status {
                    html.status(status)
                    html.text(" ")
                }
                html.text("\(row.state), \(Self.kind(row.kind))")
                if !self.view.assignor.isEmpty { html.text(", assignor \(self.view.assignor)") }
                if let epoch = self.view.epoch { html.text(", epoch \(epoch)") }
            }
            html.tiles([
                ("Records behind", row.status == nil ? "–" : Figure.count(row.lagRecords), nil),
                ("Time behind", row.lagSeconds.map { Figure.duration($0) } ?? "–", nil),
                ("Members", Figure.count(row.members), nil),
                ("Partitions", Figure.count(self.view.offsets.count), nil),
            ])
            html.card("Offsets") { html in self.offsets(&html) }
            html.card(row.kind == .kcl ? "Workers" : "Members") { html in self.members(&html) }
            if row.kind != .kcl { html.card("Rebalances") { html in self.rebalances(&html) } }
        }
        if changes, row.kind != .kcl { self.changes(&html) }
    }

    private static func kind(_ kind: GroupRow.Kind) -> String {
        switch kind {
        case .classic: "classic protocol"
        case .consumer: "consumer protocol"
        case .kcl: "application of the Kinesis Client Library"
        }
    }

    private func offsets(_ html: inout HTMLWriter) {
        guard !self.view.offsets.isEmpty else {
            html(.p, .class("empty"), text: "It has committed no offset.")
            return
        }
        let titles: [ColumnTitle] = [
            "Topic", .number("Partition"), .number("Committed"), .number("End"), .number("Records behind"),
            .number("Time behind"), "Status",
        ]
        html(.sortTable) { html in
            html.table(titles) { html in for offset in self.view.offsets { Self.row(offset, &html) } }
        }
    }

    private static func row(_ offset: GroupOffsetRow, _ html: inout HTMLWriter) {
        html(.tr, .data("key", "\(offset.topic)/\(offset.partition)")) { html in
            html(.th, .scope("row"), .class("name")) { html in
                html(.a, .href(TopicPage.link(offset.topic)), text: offset.topic)
            }
            func number(_ value: Double?, _ text: String) {
                html(.td, .class("number"), .data("sort", value.map { Figure.fixed($0, 3) } ?? "-1"), text: text)
            }
            number(Double(offset.partition), "\(offset.partition)")
            number(Double(offset.committed), Figure.count(offset.committed))
            number(offset.end.map { Double($0) }, offset.end.map { Figure.count($0) } ?? "–")
            number(offset.lagRecords.map { Double($0) }, offset.lagRecords.map { Figure.count($0) } ?? "–")
            number(offset.lagSeconds, offset.lagSeconds.map { Figure.duration($0) } ?? "–")
            html(.td) { html in
                html.status(offset.status)
                if let start = offset.logStart, offset.committed < start {
                    html.text(" ")
                    html(
                        .span,
                        .class("badge bad"),
                        text: "\(Figure.count(start - offset.committed)) lost to retention"
                    )
                }
            }
        }
    }

    private func members(_ html: inout HTMLWriter) {
        guard !self.view.members.isEmpty else {
            html(.p, .class("empty"), text: "Nobody is in it at this moment.")
            return
        }
        html.table(["Client", "Address", "Assigned", "Member"]) { html in
            for member in self.view.members {
                html(.tr, .data("key", member.memberID)) { html in
                    html(.th, .scope("row"), .class("name"), text: member.clientID)
                    html(.td, text: member.clientHost.isEmpty ? "–" : member.clientHost)
                    html(.td, text: Self.assigned(member))
                    html(.td, .class("mono"), text: member.instanceID ?? member.memberID)
                }
            }
        }
    }

    private func rebalances(_ html: inout HTMLWriter) {
        guard !self.view.rebalances.isEmpty else {
            html(.p, .class("empty"), text: "There was none since the server started.")
            return
        }
        html.table(["When", "Why", .number("Took"), .number("Generation"), .number("Members")]) { html in
            for rebalance in self.view.rebalances {
                html(.tr, .data("key", "\(rebalance.beganAt)")) { html in
                    html(.th, .scope("row")) { html in html.time(rebalance.beganAt) }
                    html(.td) { html in Self.causes(rebalance, &html) }
                    html(.td, .class("number"), text: Self.duration(rebalance))
                    html(.td, .class("number"), text: rebalance.generation.map { "\($0)" } ?? "–")
                    html(.td, .class("number"), text: rebalance.members.map { "\($0)" } ?? "–")
                }
            }
        }
    }

    private static func duration(_ rebalance: RebalanceRow) -> String {
        guard let ended = rebalance.endedAt else { return rebalance.generation == nil ? "under way" : "–" }
        return Figure.duration(milliseconds: max(0, ended - rebalance.beganAt))
    }

    private static func causes(_ rebalance: RebalanceRow, _ html: inout HTMLWriter) {
        html(.ul, .class("plain")) { html in
            for cause in rebalance.causes {
                html(.li) { html in
                    html.text(Self.words(cause.reason))
                    if let member = cause.memberID {
                        html.text(" ")
                        html(.span, .class("faint mono"), text: member)
                    }
                }
            }
            if rebalance.causesLeftOut > 0 { html(.li, .class("faint"), text: "\(rebalance.causesLeftOut) more") }
        }
    }

    /// A reason of the API in words.
    private static func words(_ reason: String) -> String {
        switch reason {
        case "member-joined": "a member joined"
        case "member-left": "a member left"
        case "member-expired": "a member sent no heartbeat within its session timeout"
        case "member-not-back": "a member did not come back within the rebalance timeout"
        case "subscription-changed": "a member subscribed to other topics"
        case "leader-rejoined": "the leader joined again, as when a topic has more partitions"
        case "topics-changed": "topics have other partitions"
        case "static-member-replaced": "a static member came back under a new ID"
        case "assignment-not-stored": "the assignment could not be stored"
        case "group-too-large": "there were more members than group.max.size"
        case "protocol-changed": "the group changed to the other protocol"
        default: reason
        }
    }

    private static func assigned(_ member: MemberRow) -> String {
        let text = member.assigned.map { topic in
            "\(topic.topic): " + topic.partitions.sorted().map { "\($0)" }.joined(separator: ", ")
        }
        return text.isEmpty ? "nothing" : text.joined(separator: "; ")
    }

    private func changes(_ html: inout HTMLWriter) {
        let row = self.view.row
        let topics = self.view.offsets.map(\.topic).reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
        html.card("Set it elsewhere", id: "seek") { html in
            if row.members > 0 {
                html.notice("A group is set elsewhere while nobody is in it. Stop its consumers first.", "warn")
            }
            html(.form, .class("bar"), .data("seek", row.groupID)) { html in
                html.field("Topic") { html in
                    html.choices("topic", [("", "all topics")] + topics.map { ($0, $0) })
                }
                html.field("To") { html in
                    html.choices(
                        "to",
                        [
                            ("earliest", "the start"), ("latest", "the end"), ("offset", "an offset"),
                            ("shift", "so many records on (or back: −)"), ("timestamp", "a time"),
                        ]
                    )
                }
                html.field("Offset, records or time") { html in
                    html(.input, .name("value"), .autocomplete("off"), .placeholder("2026-11-30T12:00:00Z"))
                }
                html(.button, .type("submit"), text: "Preview")
                html(.output, .role("status"))
            }
            html(.div, .id("seek-preview"))
        }
        html.card("Delete") { html in
            html(
                .form,
                .data("api", Link("/api/v1/groups") / row.groupID, method: "DELETE"),
                .data("confirm", "Delete the group \(row.groupID) and the offsets that it committed?"),
                .data("done", "/groups")
            ) { html in
                html(.button, .type("submit"), .class("danger"), text: "Delete group")
                html(.output, .role("status"))
            }
        }
    }
}
