internal import Model

/// Which topics have series of their own on `/metrics`, and what the others come to together. Sans-IO.
///
/// There may be thousands of topics, and a family has a series for each. A topic that has one keeps it until the topic
/// is deleted, or a counter would seem to start again each time; a place that is free goes to the topic with the most
/// bytes. The sum of the others only grows: it takes what each of them adds while it is one of them, so that neither a
/// topic that gets a series nor one that is deleted takes anything away.
struct TopicSelection: Sendable {
    struct Sample: Equatable, Sendable {
        var id: TopicID
        var name: String
        var traffic: TopicTraffic
        var sizeBytes: Int64
        var partitions: Int
    }

    struct Selected: Equatable, Sendable {
        /// By name.
        var own: [Sample]
        /// Traffic since the start, and size and partitions as they are.
        var others: Sample
        /// How many topics are in `others`.
        var leftOut: Int
    }

    /// What stands for a topic's name where several are summed up: no topic can be called so.
    static let othersName = "(others)"

    private var own: Set<TopicID> = []
    /// Of the others, what was counted when they were last looked at.
    private var seen: [TopicID: TopicTraffic] = [:]
    private var othersTraffic = TopicTraffic()

    mutating func select(_ samples: [Sample], limit: Int) -> Selected {
        let present = Set(samples.map(\.id))
        self.own.formIntersection(present)
        var rest = samples.filter { !self.own.contains($0.id) }
        // A limit that was lowered holds for topics that come.
        let free = max(0, limit - self.own.count)
        if free >= rest.count {
            self.own.formUnion(rest.map(\.id))
            rest = []
        } else {
            rest.sort { ($0.traffic.bytes, $1.name) > ($1.traffic.bytes, $0.name) }
            self.own.formUnion(rest.prefix(free).map(\.id))
            rest.removeFirst(free)
        }
        var others = Sample(
            id: .zero,
            name: Self.othersName,
            traffic: TopicTraffic(),
            sizeBytes: 0,
            partitions: 0
        )
        var seen: [TopicID: TopicTraffic] = [:]
        for sample in rest {
            self.othersTraffic += sample.traffic.growth(since: self.seen[sample.id] ?? TopicTraffic())
            seen[sample.id] = sample.traffic
            others.sizeBytes += sample.sizeBytes
            others.partitions += sample.partitions
        }
        self.seen = seen
        others.traffic = self.othersTraffic
        return Selected(
            own: samples.filter { self.own.contains($0.id) }.sorted { $0.name < $1.name },
            others: others,
            leftOut: rest.count
        )
    }
}
