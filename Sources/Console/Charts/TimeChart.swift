/// Values over time as a picture that is part of the page: drawn by the server, so that it needs no script.
struct TimeChart {
    struct Line {
        var name: String
        var values: [Double]
    }

    /// One or two.
    var lines: [Line]
    /// What a value is: `records/s`.
    var format: (Double) -> String
    /// How far back the first value is.
    var secondsShown: Int

    func write(to html: inout HTMLWriter) {
        let most = self.lines.flatMap(\.values).max() ?? 0
        let top = Self.roundedUp(most)
        html(.ul, .class("legend")) { html in
            for (index, line) in self.lines.enumerated() {
                html(.li, .class(index == 0 ? "first" : "other")) { html in
                    html.text("\(line.name): ")
                    html(.b, text: self.format(line.values.last ?? 0))
                }
            }
            html(.li, .class("faint"), text: "scale to \(self.format(top))")
        }
        html(.svg, .class("chart"), .viewBox(600, 120), .stretched, .role("img"), .aria("label", self.summary)) {
            html in
            for y in [1.0, 40, 80, 119] { html(.line, .class("grid"), .x1(0), .y1(y), .x2(600), .y2(y)) }
            for (index, line) in self.lines.enumerated() where line.values.count > 1 {
                let points = self.points(line.values, top)
                if index == 0 {
                    html(.path, .class("area"), .d("M0 120L" + points.joined(separator: "L") + "L600 120Z"))
                }
                html(
                    .polyline,
                    .class(index == 0 ? "line" : "line second"),
                    .points(points.joined(separator: " "))
                )
            }
        }
        html(.div, .class("axis"), .aria("hidden", "true")) { html in
            html(.span, text: "\(Figure.duration(Double(self.secondsShown))) ago")
            html(.span, text: "now")
        }
    }

    /// For who hears it.
    private var summary: String {
        self.lines.map { line in
            "\(line.name): now \(self.format(line.values.last ?? 0)), at most \(self.format(line.values.max() ?? 0))"
        }.joined(separator: "; ")
    }

    private func points(_ values: [Double], _ top: Double) -> [String] {
        values.enumerated().map { index, value in
            let x = Double(index) / Double(values.count - 1) * 600
            let y = 119 - value / top * 117
            return "\(Figure.coordinate(x)) \(Figure.coordinate(y))"
        }
    }

    /// The next 1, 2 or 5 times a power of ten: a scale that stays while values move a little.
    static func roundedUp(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 1 }
        var power = 1.0
        while power < value { power *= 10 }
        while power / 10 >= value { power /= 10 }
        for step in [0.2, 0.5] where power * step >= value { return power * step }
        return power
    }
}
