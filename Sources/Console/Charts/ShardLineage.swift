internal import AdminServer
internal import Model

/// Which shards came out of which: hash keys from left to right, splits and merges from top to bottom.
struct ShardLineage {
    var shards: [ShardRow]

    /// Rows and shards that a picture of this kind can show.
    static let shardsMax = 400
    private static let rowHeight = 22.0
    private static let width = 600

    /// Moments at which shards began, in order: the rows.
    private var moments: [Int64] { Array(Set(self.shards.map(\.createdSecond))).sorted() }

    func write(to html: inout HTMLWriter) {
        let moments = self.moments
        let row = Dictionary(uniqueKeysWithValues: moments.enumerated().map { ($1, $0) })
        let height = Double(moments.count) * Self.rowHeight
        html(
            .svg,
            .class("lineage"),
            .viewBox(Self.width, Int(height) + 2),
            .role("group"),
            .aria("label", "Lineage of shards: hash keys from left to right, splits and merges from top to bottom")
        ) { html in
            for shard in self.shards {
                let share = HashRing.share(shard.hashRange)
                let top = Double(row[shard.createdSecond] ?? 0) * Self.rowHeight
                // Down to where its children begin.
                let children = self.shards.filter { shard.children.contains($0.id) }
                let end = children.compactMap { row[$0.createdSecond] }.min().map { Double($0) * Self.rowHeight }
                let bottom = max(top + 6, end ?? height)
                html(.a, .class(shard.isOpen ? "open" : "closed"), .href(.onPage(shard.id)), .data("shard", shard.id)) {
                    html in
                    let width = max(1, (share.end - share.start) * Double(Self.width))
                    html(
                        .rect,
                        .x(share.start * Double(Self.width)),
                        .y(top + 1),
                        .width(width),
                        .height(max(4, bottom - top - 2))
                    ) { html in html(.title, text: Self.title(shard)) }
                }
            }
        }
        html(.div, .class("axis"), .aria("hidden", "true")) { html in
            html(.span, text: "hash key 0")
            html(.span, text: "2¹²⁸ − 1")
        }
    }

    private static func title(_ shard: ShardRow) -> String {
        let parents = shard.parents.isEmpty ? "" : ", from " + shard.parents.joined(separator: " and ")
        return shard.id + (shard.isOpen ? ", open" : ", closed") + parents
    }
}
