internal import AdminServer

/// What the last hour would cost elsewhere.
struct CostPage {
    var work: CostEstimate.Work
    /// What was seen of the hour, in seconds.
    var secondsSeen: Double
    var prices: PriceTable
    /// The prices are of the file, not built in.
    var isOfFile: Bool
    /// What is wrong with the file; `nil`: nothing.
    var problem: String?

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Cost lens", in: .cost, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Cost lens")
        html(
            .p,
            .class("lead"),
            text: "What a month of the same work would cost elsewhere, from what this server did in the last "
                + "\(Figure.duration(self.secondsSeen)). Prices: \(self.prices.region), \(self.prices.asOf)."
        )
        if let problem { html.notice(problem, "bad") }
        html.tiles([
            ("Records in", Figure.rate(self.work.recordsPerSecond) + "/s", nil),
            ("Bytes in", Figure.bytes(self.work.bytesPerSecond) + "/s", nil),
            ("Bytes out", Figure.bytes(self.work.bytesReadPerSecond) + "/s", nil),
            ("Stored", Figure.bytes(self.work.storedBytes), nil),
            ("Streams", Figure.count(self.work.streams), Figure.plural(self.work.openShards, "open shard")),
        ])
        html(.div, .class("cards")) { html in
            for offer in CostEstimate(self.work, self.prices).offers {
                html.card(offer.name) { html in
                    html(.table) { html in
                        html(.tbody) { html in
                            for line in offer.lines {
                                html(.tr) { html in
                                    html(.td, text: line.text)
                                    html(.td, .class("number"), text: Self.dollars(line.dollars))
                                }
                            }
                        }
                        html(.tfoot) { html in
                            html(.tr) { html in
                                html(.th, .scope("row"), text: "A month")
                                html(.td, .class("number")) { html in html(.b, text: Self.dollars(offer.dollars)) }
                            }
                        }
                    }
                }
            }
        }
        html.card("What this leaves out") { html in
            html(
                .p,
                text:
                    "Transfer out of the region, enhanced fan-out, retention beyond a day, support, people. Each record counts "
                    + "as one of the mean size. An hour is not a month: look at a busy one."
            )
        }
        html.card("The prices") { html in
            html(.p) { html in
                html.text(
                    self.isOfFile
                        ? "They are read from "
                        : "They are built in and may be old. To set others, put this, changed, into "
                )
                html(.code, text: "console-prices.json")
                html.text(" in the data directory.")
            }
            html(.div, .class("snippet")) { html in html(.pre, text: self.prices.encoded) }
        }
    }

    private static func dollars(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        let cents = Int64((value * 100).rounded())
        let rest = cents % 100
        return "$\(Figure.count(cents / 100)).\(rest < 10 ? "0" : "")\(rest)"
    }
}
