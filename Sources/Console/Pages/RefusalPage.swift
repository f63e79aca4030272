internal import AdminServer

/// What a page answers instead of itself.
enum RefusalPage {
    /// Who has to log in is led to the login; other refusals are said.
    static func answer(_ refusal: AdminRefusal, target: String) -> AdminAnswer {
        if refusal == .notLoggedIn { return Self.redirect(to: Link("/login").with("next", target)) }
        return Self.page(refusal.status, refusal.message, for: nil)
    }

    static func notFound(_ what: String, _ request: AdminRequest) -> AdminAnswer {
        Self.page(404, what, for: request.identity)
    }

    static func unavailable(_ reason: String, _ request: AdminRequest) -> AdminAnswer {
        Self.page(503, reason, for: request.identity)
    }

    static func page(_ status: Int, _ message: String, for identity: AdminIdentity?) -> AdminAnswer {
        let title =
            switch status {
            case 404: "Not found"
            case 403: "Not allowed"
            case 503: "Not at this moment"
            default: "This cannot be shown"
            }
        return PageFrame(title, in: nil, for: identity).answer(status: status) { html in
            html(.h1, text: title)
            html(.p, text: message)
            html(.p) { html in html(.a, .href(Link("/")), text: "To the overview") }
        }
    }

    static func redirect(to link: Link) -> AdminAnswer {
        var answer = AdminAnswer.text("See \(link)\n", status: 303)
        answer.headers = [("location", link.text)]
        return answer
    }
}
