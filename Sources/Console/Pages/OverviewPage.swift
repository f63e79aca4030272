internal import AdminServer
internal import Metadata

/// The server at a glance.
struct OverviewPage {
    var view: OverviewView
    var rates: [RateHistory.Rates]

    /// What the charts show.
    static let secondsShown = 15 * 60

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Overview", in: .overview, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Overview")
        html.live("overview") { html in
            html(.p, .class("lead")) { html in
                html.text(
                    "Broker \(self.view.brokerID) of cluster \(self.view.clusterID), version \(self.view.version), up "
                )
                html.text(Figure.duration(milliseconds: max(0, self.view.now - self.view.startedAt)))
            }
            self.problems(&html)
            self.alarms(&html)
            self.tiles(&html)
            self.charts(&html)
            html(.div, .class("cards")) { html in
                html.card("Furthest behind") { html in self.groups(&html) }
                html.card("Largest topics") { html in self.topics(&html) }
            }
            html.card("Both protocols since the start") { html in self.faces(&html) }
        }
    }

    private func problems(_ html: inout HTMLWriter) {
        if let problem = self.view.problem { html.notice("Clients are not served: \(problem).", "bad") }
        if self.view.offlinePartitions > 0 {
            html.notice("\(Figure.plural(self.view.offlinePartitions, "partition")) cannot be served.", "bad")
        }
        if self.view.damagedRanges > 0 {
            html.notice(
                "\(Figure.plural(self.view.damagedRanges, "range")) of records on disk cannot be read: run millrace check.",
                "bad"
            )
        }
    }

    private static let alarmsShown = 5

    private func alarms(_ html: inout HTMLWriter) {
        guard !self.view.alarms.isEmpty else { return }
        html.card("Alarms") { html in
            html(.ul, .class("alarms")) { html in
                for alarm in self.view.alarms.prefix(Self.alarmsShown) {
                    html(.li) { html in
                        html.severity(alarm.rule.severity)
                        html.text(" ")
                        html.alarmSummary(alarm)
                        html.text(" ")
                        html(.span, .class("faint"), text: alarm.rule.action)
                    }
                }
            }
            let rest = self.view.alarms.count - Self.alarmsShown
            if rest > 0 { html(.p) { html in html(.a, .href(Link("/alarms")), text: "\(rest) more") } }
        }
    }

    private func tiles(_ html: inout HTMLWriter) {
        var tiles: [(name: String, value: String, note: String?)] = [
            ("Topics", Figure.count(self.view.topics), Figure.plural(self.view.partitions, "partition")),
            ("Stored", Figure.bytes(self.view.sizeBytes), nil),
            ("Groups", Figure.count(self.view.groups), "\(Figure.count(self.view.worstGroups.count)) behind"),
            (
                "Connections", Figure.count(self.view.kafka.connections + self.view.kinesis.connections),
                "\(self.view.kafka.connections) Kafka, \(self.view.kinesis.connections) Kinesis"
            ),
        ]
        if let free = self.view.diskFreeBytes {
            let note = self.view.diskSizeBytes.map { size in
                "of \(Figure.bytes(size)), \(Figure.fixed(Double(free) / Double(max(1, size)) * 100, 0)) %"
            }
            tiles.insert(("Disk free", Figure.bytes(free), note), at: 2)
        }
        html.tiles(tiles)
    }

    private func charts(_ html: inout HTMLWriter) {
        html(.div, .class("cards")) { html in
            html.card("Records in") { html in
                TimeChart(
                    lines: [
                        TimeChart.Line(name: "Kafka", values: self.rates.map(\.kafkaRecordsIn)),
                        TimeChart.Line(name: "Kinesis", values: self.rates.map(\.kinesisRecordsIn)),
                    ],
                    format: { Figure.rate($0) + "/s" },
                    secondsShown: Self.secondsShown(self.rates)
                ).write(to: &html)
            }
            html.card("Bytes of records") { html in
                TimeChart(
                    lines: [
                        TimeChart.Line(name: "in", values: self.rates.map(\.bytesIn)),
                        TimeChart.Line(name: "out", values: self.rates.map(\.bytesOut)),
                    ],
                    format: { Figure.bytes($0) + "/s" },
                    secondsShown: Self.secondsShown(self.rates)
                ).write(to: &html)
            }
        }
    }

    private static func secondsShown(_ rates: [RateHistory.Rates]) -> Int {
        guard let first = rates.first, let last = rates.last else { return Self.secondsShown }
        return Int((last.milliseconds - first.milliseconds) / 1000) + RateHistory.secondsBetween
    }

    private func groups(_ html: inout HTMLWriter) {
        guard !self.view.worstGroups.isEmpty else {
            html(
                .p,
                .class("empty"),
                text: self.view.groups == 0 ? "There are no groups." : "No group was behind when lag was last measured."
            )
            return
        }
        html.table(["Group", .number("Records"), .number("Time"), "Status"]) { html in
            for group in self.view.worstGroups {
                html.lagRow(group.groupID, records: group.lagRecords, seconds: group.lagSeconds, status: group.status)
            }
        }
    }

    private func topics(_ html: inout HTMLWriter) {
        guard !self.view.largestTopics.isEmpty else {
            html(.p, .class("empty"), text: "There are no topics yet.")
            return
        }
        html.table(["Topic", .number("Records"), .number("Size")]) { html in
            for topic in self.view.largestTopics {
                html(.tr) { html in
                    html(.th, .scope("row"), .class("name")) { html in
                        html(.a, .href(TopicPage.link(topic.name)), text: topic.name)
                    }
                    html(.td, .class("number"), text: Figure.count(topic.records))
                    html(.td, .class("number"), text: Figure.bytes(topic.sizeBytes))
                }
            }
        }
    }

    private func faces(_ html: inout HTMLWriter) {
        let faces = [("Kafka", self.view.kafka), ("Kinesis", self.view.kinesis)]
        let rows: [(String, (FaceView) -> String)] = [
            ("Requests", { Figure.count($0.requests) }),
            ("Requests that failed", { Figure.count($0.requestsFailed) }),
            ("Records appended", { Figure.count($0.recordsAppended) }),
            ("Bytes of records appended", { Figure.bytes($0.recordBytesAppended) }),
            ("Bytes of records read", { Figure.bytes($0.recordBytesRead) }),
            ("Bytes received", { Figure.bytes($0.bytesReceived) }),
            ("Bytes sent", { Figure.bytes($0.bytesSent) }),
        ]
        html.table([""] + faces.map { .number($0.0) }) { html in
            for (name, text) in rows {
                html(.tr) { html in
                    html(.th, .scope("row"), text: name)
                    for face in faces { html(.td, .class("number"), text: text(face.1)) }
                }
            }
        }
    }
}
