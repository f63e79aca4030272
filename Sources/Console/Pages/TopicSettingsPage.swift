internal import AdminServer

/// The settings of one topic, to read and to change: changes are collected, shown side by side with what is, then
/// applied.
struct TopicSettingsPage {
    var view: TopicView

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Settings of \(self.view.row.name)", in: .topics, for: request.identity).answer { html in
            self.write(to: &html, changes: request.identity.changes)
        }
    }

    func write(to html: inout HTMLWriter, changes: Bool) {
        TopicPage.head(self.view.row, current: "Settings", &html)
        if !changes {
            html.notice("To change them, log in with the role operator.")
        }
        let name = self.view.row.name
        html(
            .div,
            .class("card"),
            changes ? .data("settings", Link("/api/v1/topics") / name / "configs") : nil
        ) { html in
            html(.div, .class("scroll")) { html in
                html(.table) { html in
                    html(.thead) { html in
                        html(.tr) { html in
                            for title in ["Setting", "Value", "Default", "Source"] {
                                html(.th, .scope("col"), text: title)
                            }
                            if changes { html(.th) { html in html(.span, .class("sr"), text: "Change") } }
                        }
                    }
                    html(.tbody) { html in
                        // What is set of the topic comes first.
                        let settings = self.view.settings.sorted { $0.name < $1.name }
                        for setting in settings.filter(\.isSet) + settings.filter({ !$0.isSet }) {
                            Self.row(setting, changes: changes, &html)
                        }
                    }
                }
            }
        }
    }

    private static func row(_ setting: SettingRow, changes: Bool, _ html: inout HTMLWriter) {
        html(
            .tr,
            .id("setting-\(setting.name)"),
            .data("setting", setting.name),
            .data("value", setting.value ?? ""),
            setting.isSet ? .data("is-set", "true") : nil
        ) { html in
            html(.th, .scope("row"), .class("name")) { html in SettingText.name(setting, &html) }
            html(.td) { html in SettingText.value(setting, &html) }
            html(.td, .class("mono"), text: setting.defaultValue.map { SettingText.orEmpty($0) } ?? "–")
            html(.td) { html in
                html(.span, .class(setting.isSet ? "badge good" : "faint"), text: SettingText.source(setting.source))
            }
            if changes {
                html(.td, .class("nowrap")) { html in
                    if !setting.isReadOnly, !setting.isSensitive {
                        html(
                            .button,
                            .type("button"),
                            .data("change", ""),
                            .aria("label", "Change \(setting.name)"),
                            text: "Change"
                        )
                    }
                }
            }
        }
    }
}
