internal import KinesisProtocol
internal import Metadata
internal import Model

/// A registered consumer of a stream (enhanced fan-out), kept among the attributes of its topic.
struct StreamConsumer: Sendable, Equatable {
    private static let prefix = Topic.consumerAttributePrefix
    private static let tagPrefix = "kinesis.consumer.tag:"
    private static let policyPrefix = "kinesis.consumer.policy:"
    /// Of one stream, as AWS.
    static let countMax = 20

    var name: String
    /// Milliseconds since the epoch.
    var created: Timestamp

    var createdSecond: Int64 { self.created / 1000 }

    /// By name.
    static func all(of topic: Topic) -> [StreamConsumer] {
        topic.registeredConsumers.map { StreamConsumer(name: $0.name, created: $0.created) }
    }

    static func named(_ name: String, of topic: Topic) -> StreamConsumer? {
        topic.attributes[Self.prefix + name].flatMap { Timestamp($0) }.map { StreamConsumer(name: name, created: $0) }
    }

    /// Adds the consumer unless there is one of its name.
    func add(to topic: inout Topic, tags: [String: String]) {
        guard topic.attributes[Self.prefix + self.name] == nil, Self.all(of: topic).count < Self.countMax else {
            return
        }
        topic.attributes[Self.prefix + self.name] = String(self.created)
        for (key, value) in tags { topic.attributes[Self.tagPrefix + self.name + ":" + key] = value }
    }

    /// Removes this consumer, and not another one that has its name by now.
    func remove(from topic: inout Topic) {
        guard Self.named(self.name, of: topic) == self else { return }
        topic.attributes[Self.prefix + self.name] = nil
        let tags = Self.tagPrefix + self.name + ":"
        for key in topic.attributes.keys where key.hasPrefix(tags) { topic.attributes[key] = nil }
        topic.attributes[Self.policyPrefix + self.name] = nil
    }

    func tags(on topic: Topic) -> [String: String] {
        let prefix = Self.tagPrefix + self.name + ":"
        return Dictionary(
            uniqueKeysWithValues: topic.attributes.compactMap { key, value in
                key.hasPrefix(prefix) ? (String(key.dropFirst(prefix.count)), value) : nil
            }
        )
    }

    func setTag(_ key: String, _ value: String?, on topic: inout Topic) {
        topic.attributes[Self.tagPrefix + self.name + ":" + key] = value
    }

    /// The attribute with the consumer's resource policy.
    var policyAttribute: String { Self.policyPrefix + self.name }

    func description(on topic: Topic, for caller: Caller) -> ConsumerDescription {
        ConsumerDescription(name: self.name, arn: self.arn(on: topic, for: caller), created: self.created)
    }

    func arn(on topic: Topic, for caller: Caller) -> String {
        "\(caller.streamARN(topic.name))/consumer/\(self.name):\(self.createdSecond)"
    }
}
