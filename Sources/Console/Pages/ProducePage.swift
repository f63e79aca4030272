internal import AdminServer

/// Writes records by hand.
struct ProducePage {
    /// What is filled in: of a link, or of a record that is sent again.
    var topic: String
    var topics: [String]

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Produce", in: .produce, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Produce")
        html(
            .p,
            .class("lead"),
            text: "Writes records to a topic, as a producer of it would. Both kinds of clients read them."
        )
        html(.noscript) { html in html.notice("Producing from this page needs scripts.", "warn") }
        html(.div, .class("cards")) { html in
            html.card("One record") { html in
                html(.form, .class("stack"), .data("produce", "one")) { html in
                    self.topicField(&html)
                    html.field("Key") { html in html(.input, .name("key"), .autocomplete("off")) }
                    html.field("Value") { html in html(.textarea, .name("value"), .rows(6)) }
                    html.field("Headers, one NAME: VALUE a line") { html in html(.textarea, .name("headers"), .rows(2))
                    }
                    html.field("Partition (empty: by the key)") { html in
                        html(.input, .type("number"), .name("partition"), .min(0), .max(Int(Int32.max)))
                    }
                    html(.div, .class("row")) { html in
                        html(.button, .type("submit"), .class("primary"), text: "Send")
                    }
                    html(.output, .role("status"))
                }
            }
            html.card("Many records") { html in
                html(.form, .class("stack"), .data("produce", "lines")) { html in
                    self.topicField(&html)
                    html.field("One record a line: JSON with key, value and headers, or just a value") { html in
                        html(.textarea, .name("lines"), .rows(12), .required)
                    }
                    html(.div, .class("row")) { html in
                        html(.button, .type("submit"), .class("primary"), text: "Send all")
                    }
                    html(.output, .role("status"))
                }
            }
        }
    }

    private func topicField(_ html: inout HTMLWriter) {
        html.field("Topic") { html in
            html.choices("topic", self.topics.map { ($0, $0) }, selected: self.topic, .required)
        }
    }
}
