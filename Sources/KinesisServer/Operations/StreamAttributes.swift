internal import KinesisProtocol
internal import Metadata

/// What the Kinesis API sets and reports of a stream without an effect here: attributes of its topic.
struct StreamAttributes {
    static let warmThroughput = "kinesis.warm.throughput.mibps"
    static let encryptionKey = "kinesis.encryption.key"
    static let metrics = "kinesis.shard.metrics"
    static let policy = "kinesis.policy"

    private let attributes: [String: String]

    init(_ topic: Topic) { self.attributes = topic.attributes }

    /// In MiB per second.
    var warmThroughput: Int64? { self.attributes[Self.warmThroughput].flatMap { Int64($0) } }
    var encryptionKey: String? { self.attributes[Self.encryptionKey] }
    var metrics: [ShardMetric] { Self.metrics(self.attributes[Self.metrics]) }

    /// In the order of the API.
    static func metrics(_ text: String?) -> [ShardMetric] {
        let names = (text ?? "").split(separator: ",")
        return ShardMetric.allCases.filter { names.contains(Substring($0.rawValue)) }
    }

    /// - Returns: `nil` for none.
    static func text(_ metrics: [ShardMetric]) -> String? {
        metrics.isEmpty ? nil : metrics.map(\.rawValue).joined(separator: ",")
    }
}
