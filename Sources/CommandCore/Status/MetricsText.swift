/// Samples of Prometheus' text format, version 0.0.4.
package struct MetricsText: Sendable {
    package struct Sample: Equatable, Sendable {
        package var name: String
        package var labels: [String: String]
        package var value: Double
    }

    package private(set) var samples: [Sample] = []
    private var byName: [String: [Int]] = [:]

    /// Lines that are not samples are left out.
    package init(_ text: String) {
        for line in text.split(separator: "\n") where line.first != "#" {
            guard let sample = Self.sample(line) else { continue }
            self.byName[sample.name, default: []].append(self.samples.count)
            self.samples.append(sample)
        }
    }

    /// The samples of one name.
    package subscript(name: String) -> [Sample] { (self.byName[name] ?? []).map { self.samples[$0] } }

    /// The sum over all series of a name; `nil` where there is no series.
    package func sum(_ name: String, where isWanted: (Sample) -> Bool = { _ in true }) -> Double? {
        let found = self[name].filter(isWanted)
        return found.isEmpty ? nil : found.reduce(0) { $0 + $1.value }
    }

    private static func sample(_ line: Substring) -> Sample? {
        let name = line.prefix { $0 == "_" || $0 == ":" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
        guard !name.isEmpty else { return nil }
        var rest = line[name.endIndex...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                let key = rest.prefix { $0 != "=" && $0 != "}" }
                rest = rest[key.endIndex...]
                guard rest.popFirst() == "=", rest.popFirst() == "\"", let value = Self.string(&rest) else {
                    return nil
                }
                labels[String(key.filter { !$0.isWhitespace })] = value
                if rest.first == "," { rest.removeFirst() }
            }
            rest.removeFirst()
        }
        guard let number = rest.split(separator: " ").first, let value = Self.number(number) else { return nil }
        return Sample(name: String(name), labels: labels, value: value)
    }

    /// Up to the closing quotation mark, which is taken away.
    private static func string(_ rest: inout Substring) -> String? {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                switch rest.popFirst() {
                case "n": value.append("\n")
                case let other?: value.append(other)
                case nil: return nil
                }
            default: value.append(character)
            }
        }
        return nil
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text)
        }
    }
}
