/// `metrics.partitions`: which partitions have series of their own.
package enum PartitionSeries: Equatable, Sendable {
    case off
    /// So many, those that hold the most bytes.
    case top(Int)
    case all

    /// Source: `ConfigDefinition.Rule.partitionSeries`, which refuses all else.
    package init(_ text: String) {
        switch text {
        case "all": self = .all
        case let text where text.hasPrefix("top:"): self = Int(text.dropFirst(4)).map { .top($0) } ?? .off
        default: self = .off
        }
    }
}
