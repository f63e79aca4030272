internal import AdminServer
internal import Metadata

/// Where a person logs in. Its forms are sent by a script; without one they would be refused, as a `POST` and never as
/// an address with a password in it.
struct LoginPage {
    /// Where to afterwards: a path of this server.
    var next: String

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Log in", in: nil, for: nil).answer { html in self.write(to: &html, request.identity) }
    }

    func write(to html: inout HTMLWriter, _ identity: AdminIdentity) {
        html(.h1, text: "Log in")
        if identity.proof != .none {
            html.notice("You are logged in as \(identity.user).")
        } else if identity.role != nil {
            html(.p) { html in
                html.text("From this machine you can ")
                html(.a, .href(Link("/")), text: "look around without a login")
                html.text("; records and changes ask for one.")
            }
        }
        html(.noscript) { html in
            html.notice(
                "A login here needs scripts. Without them, send a token with each request: Authorization: Bearer TOKEN.",
                "warn"
            )
        }
        html(.div, .class("cards")) { html in
            html.card("With a password") { html in
                html(.form, .class("stack"), .method("post"), .data("login", "")) { html in
                    html(.input, .type("hidden"), .name("next"), .value(self.next))
                    html.field("User") { html in
                        html(.input, .name("user"), .required, .autocomplete("username"), .autofocus)
                    }
                    html.field("Password") { html in
                        html(.input, .type("password"), .name("password"), .required, .autocomplete("current-password"))
                    }
                    html(.div, .class("row")) { html in
                        html(.button, .type("submit"), .class("primary"), text: "Log in")
                    }
                    html(.output, .role("status"))
                }
            }
            html.card("With a token") { html in
                html(.form, .class("stack"), .method("post"), .data("login", "")) { html in
                    html(.input, .type("hidden"), .name("next"), .value(self.next))
                    html.field("Token") { html in
                        html(.input, .type("password"), .name("token"), .required, .autocomplete("off"))
                    }
                    html(.p, .class("faint")) { html in
                        html.text("The server's own token is the second line of ")
                        html(.code, text: "admin.token")
                        html.text(" in its data directory; others are made with ")
                        html(.code, text: "millrace admin token create")
                        html.text(".")
                    }
                    html(.div, .class("row")) { html in
                        html(.button, .type("submit"), .class("primary"), text: "Log in")
                    }
                    html(.output, .role("status"))
                }
            }
        }
    }
}
