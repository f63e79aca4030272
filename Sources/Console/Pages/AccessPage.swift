internal import AccessControl
internal import AdminServer
package import Broker
internal import Metadata
internal import Model

/// What the access page shows and where it is kept.
package struct AccessStores: Sendable {
    var keys: AccessKeyStore
    var access: AdminAccessStore
    var broker: Broker

    package init(keys: AccessKeyStore, access: AdminAccessStore, broker: Broker) {
        self.keys = keys
        self.access = access
        self.broker = broker
    }
}

/// Who may do what: roles and tokens of this port, access keys, users of Kafka's listeners, ACLs.
struct AccessPage {
    struct Contents {
        var roles: [(user: String, role: AdminRole, isConfigured: Bool)]
        var tokens: [AdminToken]
        var keys: [AccessKey]
        var users: [String]
        var acls: [ACL]
        var checksACLs: Bool
    }

    var contents: Contents
    /// More rows of one kind are counted, not shown.
    static let rowsMax = 500

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Access", in: .access, for: request.identity).answer { html in
            // Without a login a browser's change is refused.
            self.write(to: &html, changes: request.identity.proof != .none)
        }
    }

    func write(to html: inout HTMLWriter, changes: Bool) {
        html(.h1, text: "Access")
        html(
            .p,
            .class("lead"),
            text: "Roles and tokens open this port, access keys the Kinesis port, users Kafka's SASL listeners."
        )
        html(.div, .class("cards")) { html in
            html.card("Roles") { html in self.roles(&html, changes) }
            html.card("Tokens of this port") { html in self.tokens(&html, changes) }
        }
        html.card("Access keys") { html in self.keys(&html, changes) }
        html(.div, .class("cards")) { html in
            html.card("Users of Kafka's listeners") { html in self.users(&html) }
        }
        html.card("ACLs") { html in self.acls(&html) }
    }

    private func roles(_ html: inout HTMLWriter, _ changes: Bool) {
        Self.table(["User", "Role", ""], self.contents.roles, "Nobody has a role.", &html) { html, row in
            html(.th, .scope("row"), .class("name"), text: row.user)
            html(.td, text: row.role.rawValue + (row.isConfigured ? " (configured)" : ""))
            html(.td, .class("number")) { html in
                if changes, !row.isConfigured {
                    Self.button(
                        "Remove",
                        "DELETE",
                        Link("/api/v1/admin-roles") / row.user,
                        &html,
                        confirm: "Take the role from \(row.user)?"
                    )
                }
            }
        }
        guard changes else { return }
        html(.form, .class("bar"), .data("api", "PUT /api/v1/admin-roles/{user}"), .data("done", "/access")) { html in
            html.field("User", wide: true) { html in html(.input, .name("user"), .required, .autocomplete("off")) }
            html.field("Role") { html in html.choices("role", AdminRole.allCases.map { ($0.rawValue, $0.rawValue) }) }
            html(.button, .type("submit"), text: "Set role")
            html(.output, .role("status"))
        }
    }

    private func tokens(_ html: inout HTMLWriter, _ changes: Bool) {
        Self.table(["User", "Until", ""], self.contents.tokens, "There are no tokens.", &html) { html, token in
            html(.th, .scope("row"), .class("name"), text: token.user)
            html(.td) { html in html.time(token.expiresAt) }
            html(.td, .class("number")) { html in
                if changes {
                    Self.button(
                        "Delete",
                        "DELETE",
                        Link("/api/v1/admin-tokens") / token.id,
                        &html,
                        confirm: "Delete this token of \(token.user)?"
                    )
                }
            }
        }
        guard changes else { return }
        html(
            .form,
            .class("bar"),
            .data("api", "POST /api/v1/admin-tokens"),
            .data("said", "Token, shown once: {token}")
        ) { html in
            html.field("User", wide: true) { html in html(.input, .name("user"), .required, .autocomplete("off")) }
            html(.button, .type("submit"), text: "Create token")
            html(.output, .class("mono"), .role("status"))
        }
    }

    private func keys(_ html: inout HTMLWriter, _ changes: Bool) {
        let titles: [ColumnTitle] = ["Access key", "User", "Created", "State", ""]
        Self.table(titles, self.contents.keys, "There are no access keys.", &html) { html, key in
            html(.th, .scope("row"), .class("name mono"), text: key.id)
            html(.td, text: key.user)
            html(.td) { html in html.time(key.createdAt) }
            html(.td) { html in
                html(
                    .span,
                    .class(key.isEnabled ? "badge good" : "badge"),
                    text: key.isEnabled ? "enabled" : "disabled"
                )
            }
            html(.td, .class("number")) { html in
                guard changes else { return }
                let link = Link("/api/v1/access-keys") / key.id
                html(.div, .class("row")) { html in
                    if key.isEnabled {
                        Self.button("Disable", "POST", link / "disable", &html, confirm: nil)
                    } else {
                        Self.button("Enable", "POST", link / "enable", &html, confirm: nil)
                    }
                    Self.button(
                        "Delete",
                        "DELETE",
                        link,
                        &html,
                        confirm: "Delete the access key \(key.id) of \(key.user)?"
                    )
                }
            }
        }
        guard changes else { return }
        html(
            .form,
            .class("bar"),
            .data("api", "POST /api/v1/access-keys"),
            .data("said", "Key {accessKeyID}, secret, shown once: {secretAccessKey}")
        ) { html in
            html.field("User", wide: true) { html in html(.input, .name("user"), .required, .autocomplete("off")) }
            html(.button, .type("submit"), text: "Create access key")
            html(.output, .class("mono"), .role("status"))
        }
    }

    private func users(_ html: inout HTMLWriter) {
        Self.table(["User"], self.contents.users, "There are none. millrace user add makes one.", &html) { html, user in
            html(.th, .scope("row"), .class("name"), text: user)
        }
    }

    private func acls(_ html: inout HTMLWriter) {
        if !self.contents.checksACLs {
            html(.p, .class("faint"), text: "This server does not check ACLs: authorizer.class.name is not set.")
        }
        let titles: [ColumnTitle] = ["Principal", "May", "Operation", "On", "From"]
        Self.table(titles, self.contents.acls, "There are no ACLs. millrace acl adds some.", &html) { html, acl in
            html(.th, .scope("row"), .class("name"), text: acl.principal.description)
            html(.td) { html in
                let allows = acl.permission == .allow
                html(.span, .class(allows ? "badge good" : "badge bad"), text: allows ? "may" : "may not")
            }
            html(.td, text: acl.operation.name)
            html(.td, text: "\(acl.resourceType.name) \(acl.resourceName)\(acl.patternType == .prefixed ? "…" : "")")
            html(.td, text: acl.host == ACL.anyHost ? "anywhere" : acl.host)
        }
    }

    // MARK: Parts

    private static func table<Row>(
        _ titles: [ColumnTitle],
        _ rows: [Row],
        _ emptyText: String,
        _ html: inout HTMLWriter,
        _ cells: (inout HTMLWriter, Row) -> Void
    ) {
        guard !rows.isEmpty else {
            html(.p, .class("empty"), text: emptyText)
            return
        }
        html.table(titles) { html in
            for row in rows.prefix(Self.rowsMax) { html(.tr) { html in cells(&html, row) } }
        }
        if rows.count > Self.rowsMax {
            html(.p, .class("faint"), text: "The first \(Self.rowsMax) of \(Figure.count(rows.count)).")
        }
    }

    private static func button(
        _ text: String,
        _ method: StaticString,
        _ link: Link,
        _ html: inout HTMLWriter,
        confirm: String?
    ) {
        html(.form, .data("api", link, method: method), .data("done", ""), confirm.map { .data("confirm", $0) }) {
            html in
            html(.button, .type("submit"), .class(method.description == "DELETE" ? "danger" : ""), text: text)
            html(.output, .role("status"))
        }
    }
}
