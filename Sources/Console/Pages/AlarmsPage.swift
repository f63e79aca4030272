internal import AdminServer
internal import Metadata

/// What rings, and what has rung.
struct AlarmsPage {
    var view: AlarmsView

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Alarms", in: .alarms, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Alarms")
        html(.p, .class("lead")) { html in
            html.text(
                "The server evaluates its rules itself, every ten seconds. Their limits are the settings that begin with "
            )
            html(.a, .href(Link("/settings").with("search", "alarms.")), text: "alarms.")
            html.text(
                self.view.hasWebhook
                    ? " Changes are sent to alarms.webhook.url."
                    : " Set alarms.webhook.url to have changes sent, as Prometheus' Alertmanager sends them."
            )
        }
        html.live("alarms", every: 5) { html in
            if self.view.messagesDropped > 0 {
                let count = Figure.plural(self.view.messagesDropped, "message")
                html.notice("The webhook did not take \(count); the log says why.", "warn")
            }
            html.card("Now") { html in self.active(&html) }
            html.card("Since the start") { html in self.history(&html) }
        }
    }

    private func active(_ html: inout HTMLWriter) {
        guard !self.view.active.isEmpty else {
            let text = self.view.evaluatedAt == nil ? "The rules have not been evaluated yet." : "Nothing rings."
            html(.p, .class("empty"), text: text)
            return
        }
        html.table(["Alarm", "What to do", "Since"]) { html in
            for alarm in self.view.active {
                html(.tr) { html in
                    html(.th, .scope("row")) { html in
                        html.severity(alarm.rule.severity)
                        html.text(" ")
                        html.alarmSummary(alarm)
                    }
                    html(.td, text: alarm.rule.action)
                    html(.td) { html in html.time(alarm.beganAt) }
                }
            }
        }
        if self.view.leftOut > 0 {
            html(.p, .class("faint"), text: "And \(Figure.plural(self.view.leftOut, "condition")) that are not kept.")
        }
    }

    private func history(_ html: inout HTMLWriter) {
        guard !self.view.history.isEmpty else {
            html(.p, .class("empty"), text: "No alarm has ended.")
            return
        }
        html.table(["Alarm", "Began", "Ended"]) { html in
            for alarm in self.view.history {
                html(.tr) { html in
                    html(.th, .scope("row")) { html in html.alarmSummary(alarm) }
                    html(.td) { html in html.time(alarm.beganAt) }
                    html(.td) { html in if let ended = alarm.endedAt { html.time(ended) } }
                }
            }
        }
    }
}

extension HTMLWriter {
    /// A badge in the colour of a severity.
    mutating func severity(_ severity: AlarmRule.Severity) {
        self(.span, .class(severity == .critical ? "badge bad" : "badge warn"), text: severity.rawValue)
    }

    /// The sentence of an alarm, as a link to what it is about where there is a page for that.
    mutating func alarmSummary(_ alarm: AlarmRow) {
        if let group = alarm.labels["group"] {
            self(.a, .href(GroupPage.link(group)), text: alarm.summary)
        } else if let topic = alarm.labels["topic"] ?? alarm.labels["stream"] {
            self(.a, .href(TopicPage.link(topic)), text: alarm.summary)
        } else {
            self(.span, text: alarm.summary)
        }
    }
}
