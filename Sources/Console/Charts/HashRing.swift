internal import AdminServer
internal import Metadata
internal import Model

/// The open shards of a stream on the ring of hash keys: an arc is a range.
struct HashRing {
    var shards: [ShardRow]
    var name: String

    /// More arcs than that are thinner than a pixel.
    static let shardsMax = 256

    func write(to html: inout HTMLWriter) {
        html(
            .svg,
            .class("ring"),
            .viewBox(200, 200),
            .role("group"),
            .aria("label", "Open shards of \(self.name) on the ring of hash keys, clockwise from 0 at the top")
        ) { html in
            for shard in self.shards.prefix(Self.shardsMax) {
                let share = Self.share(shard.hashRange)
                html(.a, .href(.onPage(shard.id)), .data("shard", shard.id), .aria("label", Self.label(shard))) {
                    html in
                    html(.path, .d(Self.arc(from: share.start, to: share.end))) { html in
                        html(.title, text: Self.label(shard))
                    }
                }
            }
            html(.svgText, .class("middle"), .x(100), .y(98), .centered, text: Figure.count(self.shards.count))
            html(.svgText, .x(100), .y(112), .centered, text: self.shards.count == 1 ? "open shard" : "open shards")
        }
    }

    private static func label(_ shard: ShardRow) -> String {
        let share = Self.share(shard.hashRange)
        return
            "\(shard.id): \(Figure.fixed((share.end - share.start) * 100, 2)) % of the hash keys, partition \(shard.partition)"
    }

    /// Where a range begins and ends, of 1.
    static func share(_ range: HashRange) -> (start: Double, end: Double) {
        let all = 0x1p128
        return (Double(range.lower) / all, (Double(range.upper) + 1) / all)
    }

    /// A ring's part between two shares of 1, clockwise from the top.
    private static func arc(from start: Double, to end: Double) -> String {
        // A whole circle has one point as its start and end, and is drawn as nothing.
        let end = min(end, start + 0.9999)
        let (outer, inner) = (92.0, 62.0)
        func point(_ share: Double, _ radius: Double) -> String {
            let (sine, cosine) = Self.sineAndCosine(ofTurns: share)
            return "\(Figure.coordinate(100 + radius * sine)) \(Figure.coordinate(100 - radius * cosine))"
        }
        let isLarge = end - start > 0.5 ? 1 : 0
        func radii(_ radius: Double) -> String {
            "A\(Figure.coordinate(radius)) \(Figure.coordinate(radius)) 0 \(isLarge)"
        }
        return "M\(point(start, outer))\(radii(outer)) 1 \(point(end, outer))"
            + "L\(point(end, inner))\(radii(inner)) 0 \(point(start, inner))Z"
    }

    /// Of an angle in turns, to six digits: the quarter's Taylor series, so that no mathematics library is needed.
    static func sineAndCosine(ofTurns turns: Double) -> (sine: Double, cosine: Double) {
        let turns = turns - turns.rounded(.down)
        let quarter = Int(turns * 4) % 4
        let angle = (turns - Double(quarter) / 4) * 2 * Double.pi
        var (sine, cosine, term) = (0.0, 0.0, 1.0)
        for step in 0..<16 {
            switch step % 4 {
            case 0: cosine += term
            case 1: sine += term
            case 2: cosine -= term
            default: sine -= term
            }
            term *= angle / Double(step + 1)
        }
        switch quarter {
        case 0: return (sine, cosine)
        case 1: return (cosine, -sine)
        case 2: return (-sine, -cosine)
        default: return (-cosine, sine)
        }
    }
}
