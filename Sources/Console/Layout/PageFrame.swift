package import AdminServer
package import Metadata
internal import NIOCore

/// What every page has around its content: the head, the navigation, who is logged in.
package struct PageFrame: Sendable {
    package var title: String
    /// `nil` for pages that are in no section: the login, refusals.
    package var section: Section?
    /// `nil` where nothing is known of who asks; then there is no navigation.
    package var identity: AdminIdentity?

    package init(_ title: String, in section: Section?, for identity: AdminIdentity?) {
        self.title = title
        self.section = section
        self.identity = identity
    }

    package func answer(status: Int = 200, _ content: (inout HTMLWriter) -> Void) -> AdminAnswer {
        AdminAnswer(
            status: status,
            contentType: "text/html; charset=utf-8",
            body: ByteBuffer(bytes: self.page(content).bytes)
        )
    }

    package func page(_ content: (inout HTMLWriter) -> Void) -> HTMLWriter {
        var html = HTMLWriter()
        html.doctype()
        html(.html, .lang("en")) { html in
            html(.head) { html in self.head(&html) }
            html(.body) { html in
                html(.a, .class("skip"), .href(.onPage("main")), text: "Skip to the content")
                self.top(&html)
                if self.identity != nil { self.navigation(&html) }
                html(.main, .id("main"), .tabindex(-1), content: content)
            }
        }
        return html
    }

    private func head(_ html: inout HTMLWriter) {
        html(.meta, .charset("utf-8"))
        html(.meta, .name("viewport"), .content("width=device-width, initial-scale=1"))
        html(.title, text: "\(self.title) · Millrace")
        html(.link, .rel("icon"), .type("image/svg+xml"), .href(ConsoleAssets.link("icon.svg")))
        html(.link, .rel("stylesheet"), .href(ConsoleAssets.link("console.css")))
        html.script(ConsoleAssets.link("theme.js"), isModule: false)
        html.script(ConsoleAssets.link("main.js"), isModule: true)
    }

    private func top(_ html: inout HTMLWriter) {
        html(.header, .class("top")) { html in
            html(.a, .class("brand"), .href(Link("/"))) { html in
                html(.svg, .viewBox(24, 24), .aria("hidden", "true")) { html in
                    html(.circle, .cx(12), .cy(12), .r(4.5))
                    html(
                        .path,
                        .d(
                            "M12 2v5.5M12 16.5V22M2 12h5.5M16.5 12H22M5 5l3.8 3.8M15.2 15.2 19 19M19 5l-3.8 3.8M8.8 15.2 5 19"
                        )
                    )
                }
                html.text("Millrace")
            }
            html(.div, .class("who")) { html in
                html(
                    .button,
                    .type("button"),
                    .class("plain"),
                    .data("live-toggle", ""),
                    .aria("pressed", "false"),
                    .hidden,
                    text: "Pause"
                )
                html(.button, .type("button"), .class("plain"), .data("theme-button", ""), .hidden, text: "Theme")
                guard let identity = self.identity else { return }
                if identity.proof == .none {
                    html(.a, .href(Link("/login")), text: "Log in")
                } else {
                    html(.span, .title(identity.role?.rawValue ?? ""), text: identity.user)
                    html(.button, .type("button"), .data("logout", ""), text: "Log out")
                }
            }
        }
    }

    private func navigation(_ html: inout HTMLWriter) {
        html(.nav, .class("side"), .aria("label", "Console")) { html in
            html(.ul) { html in
                for section in Section.allCases where self.isShown(section) {
                    html(.li) { html in
                        html(
                            .a,
                            .href(section.link),
                            .data("key", section.key),
                            section == self.section ? .aria("current", "page") : nil,
                            text: section.title
                        )
                    }
                }
            }
        }
    }

    /// Pages that the role does not open are not offered.
    private func isShown(_ section: Section) -> Bool {
        switch section {
        case .access: self.identity?.may(.admin) ?? false
        case .produce: self.identity?.may(.operator) ?? false
        default: true
        }
    }
}

extension AdminIdentity {
    /// Whether who asks has at least this role.
    package func may(_ role: AdminRole) -> Bool { self.role.map { $0 >= role } ?? false }

    /// Whether pages offer to change something: with the role, and with a login, since a browser's change without one
    /// is refused.
    var changes: Bool { self.proof != .none && self.may(.operator) }
}
