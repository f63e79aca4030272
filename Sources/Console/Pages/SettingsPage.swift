internal import AdminServer
internal import Metadata

/// The broker's settings: what each is, where that comes from, what it would be without.
struct SettingsPage {
    var request: PageRequest
    var page: Page<SettingRow>

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Settings", in: .settings, for: request.identity).answer { html in
            self.write(to: &html, changes: request.identity.proof != .none && request.identity.may(.admin))
        }
    }

    /// - Parameter changes: whether who asks may change them.
    func write(to html: inout HTMLWriter, changes: Bool = false) {
        html(.h1, text: "Settings of the broker")
        html(
            .p,
            .class("lead"),
            text:
                "By Kafka's names. Settings of one topic are on its page. Those marked “at start” are changed where the "
                + "server is started; the others here with the role admin, or with kafka-configs."
        )
        let list = Self.list(self.request, self.page, changes: changes)
        list.search(to: &html)
        html(.div, .class("card"), changes ? .data("settings", Link("/api/v1/settings")) : nil) { html in
            list.write(to: &html)
        }
    }

    private static func list(
        _ request: PageRequest,
        _ page: Page<SettingRow>,
        changes: Bool
    ) -> ListView<SettingRow> {
        var list = Self.list(request, page)
        guard changes else { return list }
        list.rowAttributes = { setting in
            [
                .data("setting", setting.name), .data("value", setting.value ?? ""),
                // What was set at the start is there again after a change is taken back.
                setting.source == "DYNAMIC_BROKER_CONFIG" ? .data("is-set", "true") : nil,
            ]
        }
        list.columns.append(
            ListView.Column("Change") { html, setting in
                guard !setting.isReadOnly, !setting.isSensitive else { return }
                let label = "Change \(setting.name)"
                html(.button, .type("button"), .data("change", ""), .aria("label", label), text: "Change")
            }
        )
        return list
    }

    private static func list(_ request: PageRequest, _ page: Page<SettingRow>) -> ListView<SettingRow> {
        ListView(
            noun: "settings",
            link: Link("/settings"),
            request: request,
            page: page,
            columns: [
                ListView.Column("Setting", sort: "name", isName: true) { html, setting in
                    SettingText.name(setting, &html)
                },
                ListView.Column("Value") { html, setting in SettingText.value(setting, &html) },
                ListView.Column("Default", isHiddenNarrow: true) { html, setting in
                    html(.span, .class("mono"), text: setting.defaultValue.map { SettingText.orEmpty($0) } ?? "–")
                },
                ListView.Column("Source", sort: "set") { html, setting in
                    html(
                        .span,
                        .class(setting.isSet ? "badge good" : "faint"),
                        text: SettingText.source(setting.source)
                    )
                },
            ],
            emptyText: "There are no settings."
        )
    }
}

/// How a setting is shown.
enum SettingText {
    static func name(_ setting: SettingRow, _ html: inout HTMLWriter) {
        html(.code, text: setting.name)
        if setting.isReadOnly { html.text(" "); html(.span, .class("badge"), text: "at start") }
        if !setting.help.isEmpty || !setting.allowed.isEmpty {
            html(.details) { html in
                html(.summary, .class("faint"), text: "what it does")
                if !setting.help.isEmpty { html(.p, text: setting.help) }
                let type = setting.type.lowercased()
                html(.p, .class("faint"), text: setting.allowed.isEmpty ? type : "\(type), \(setting.allowed)")
            }
        }
    }

    static func value(_ setting: SettingRow, _ html: inout HTMLWriter) {
        if setting.isSensitive {
            html(.span, .class("faint"), text: setting.isSet ? "set, and not shown" : "not set")
        } else if let value = setting.value {
            html(.span, .class("mono value"), text: Self.orEmpty(value))
        } else {
            html(.span, .class("faint value"), text: "not set")
        }
    }

    static func orEmpty(_ value: String) -> String { value.isEmpty ? "(empty)" : value }

    /// Kafka's names of sources in words.
    static func source(_ name: String) -> String {
        switch name {
        case "DEFAULT_CONFIG": "default"
        case "STATIC_BROKER_CONFIG": "set at the start"
        case "DYNAMIC_BROKER_CONFIG": "set for this broker"
        case "DYNAMIC_DEFAULT_BROKER_CONFIG": "set for all brokers"
        case "DYNAMIC_TOPIC_CONFIG": "set for the topic"
        default: name.lowercased()
        }
    }
}
