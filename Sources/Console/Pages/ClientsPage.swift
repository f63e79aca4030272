internal import AdminServer

/// Who is connected.
struct ClientsPage {
    var request: PageRequest
    var page: Page<ClientRow>

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Clients", in: .clients, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Clients")
        html(.p, .class("lead"), text: "Who is connected at this moment, by address.")
        let list = ListView(
            noun: "clients",
            link: Link("/clients"),
            request: self.request,
            page: self.page,
            columns: [
                ListView<ClientRow>.Column("Address", sort: "name", isName: true) { html, client in
                    html.text(client.address)
                },
                .text("Protocol", sort: "face") {
                    $0.face == "kafka" ? "Kafka" : $0.face == "kinesis" ? "Kinesis" : $0.face
                },
                .number("Connections", sort: "connections") { Figure.count($0.connections) },
            ],
            emptyText: "Nobody is connected."
        )
        list.search(to: &html)
        html(.div, .class("card")) { html in
            html.live("clients") { html in list.write(to: &html) }
        }
    }
}
