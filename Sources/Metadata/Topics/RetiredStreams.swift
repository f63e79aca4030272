package import Model

/// The create seconds that deleted topics have used, so that a later one of the same name issues other sequence
/// numbers: they are arithmetic on the create second, and a topic made again in the same second would repeat them.
///
/// A name is remembered while the clock could still give its second again; the newest second of all that were
/// forgotten stays as a floor. Bounded by `namesMax`.
///
/// ```
/// byte 0   format, 1
/// fields as in `Topic`: 1 floor (zigzag varint), 2 seconds by name (text map, decimal)
/// ```
package struct RetiredStreams: Sendable, Equatable {
    /// Names remembered; the oldest are folded into the floor beyond it.
    package static let namesMax = 512
    /// How far a clock may be set back, in seconds, without a second coming again.
    static let clockSlackSeconds: Int64 = 600

    private var secondsByName: [String: Int64] = [:]
    /// Every topic that is gone and not in `secondsByName` used seconds up to this one.
    private var floor: Int64 = -1
    /// The store's revision of this value; 0 when there is none.
    package var modRevision: MetadataRevision = 0

    package init() {}

    /// The create second of the first shards of a new topic.
    package func firstSecond(for name: String, now: Timestamp) -> Int64 {
        max(0, now / 1000, (self.secondsByName[name] ?? self.floor) + 1)
    }

    /// A topic is deleted. A child's create second is greater than its parents', so shards that were trimmed before
    /// have used none that is greater.
    mutating func retire(_ topic: Topic, now: Timestamp) {
        let last = topic.shards.reduce(self.secondsByName[topic.name] ?? -1) { max($0, $1.createdSecond) }
        self.secondsByName[topic.name] = last
        let oldest = now / 1000 - Self.clockSlackSeconds
        self.forget { $0 < oldest }
        if self.secondsByName.count > Self.namesMax {
            let limit = self.secondsByName.values.sorted()[self.secondsByName.count - Self.namesMax - 1]
            self.forget { $0 <= limit }
        }
    }

    private mutating func forget(_ isOld: (Int64) -> Bool) {
        for (name, second) in self.secondsByName where isOld(second) {
            self.floor = max(self.floor, second)
            self.secondsByName[name] = nil
        }
    }

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(1) { $0.signed(self.floor) }
        writer.field(2) { $0.map(self.secondsByName.mapValues { String($0) }) }
        return writer.bytes
    }

    /// Throws `.corrupt` or `.newerFormat`.
    package static func decode(_ entry: MetadataEntry) throws(MetadataError) -> RetiredStreams {
        var reader = FieldReader(entry.value[...])
        guard try reader.byte() <= 1 else {
            throw MetadataError(.newerFormat, "The list of deleted topics has a format newer than this version.")
        }
        var retired = RetiredStreams()
        retired.modRevision = entry.modRevision
        while !reader.isAtEnd {
            let tag = try reader.number()
            var field = try reader.sized()
            switch tag {
            case 1: retired.floor = try field.signed()
            case 2:
                for (name, text) in try field.map() {
                    guard let second = Int64(text) else {
                        throw MetadataError(.corrupt, "The list of deleted topics has a second that is not a number.")
                    }
                    retired.secondsByName[name] = second
                }
            default: break
            }
        }
        return retired
    }
}
