/// Kafka's rules for topic names.
package enum TopicName {
    package static let consumerOffsets = "__consumer_offsets"
    package static let transactionState = "__transaction_state"
    package static let shareGroupState = "__share_group_state"
    /// What KCL applications keep in DynamoDB elsewhere; Kafka has no such topic.
    package static let leaseTables = "__lease_tables"
    /// Kafka's log of its controllers, which is not a topic: nobody may create one of this name.
    package static let clusterMetadata = "__cluster_metadata"

    /// Characters of a topic name, Kafka's limit.
    package static let lengthMax = 249
    /// Characters of a stream name, Kinesis's limit.
    package static let streamNameLengthMax = 128

    /// The topics that Kafka marks internal in its answers and refuses ordinary produce to.
    package static func isKafkaInternal(_ name: String) -> Bool {
        name == Self.consumerOffsets || name == Self.transactionState || name == Self.shareGroupState
            || name == Self.leaseTables
    }

    /// By convention names that begin with `__` belong to some system's plumbing (Debezium's heartbeats, Kafka's own
    /// topics). To Kafka clients they are topics like others; Kinesis does not show them.
    package static func isHiddenFromKinesis(_ name: String) -> Bool { name.utf8.starts(with: "__".utf8) }

    package static func isVisibleToKinesis(_ name: String) -> Bool {
        !self.isHiddenFromKinesis(name) && name.utf8.count <= Self.streamNameLengthMax
    }

    /// What is wrong with a name, as Kafka words it after "Topic name is invalid: "; `nil` when nothing is.
    package static func problem(with name: String) -> String? {
        if name.isEmpty { return "the empty string is not allowed" }
        if name == "." { return "'.' is not allowed" }
        if name == ".." { return "'..' is not allowed" }
        // Kafka counts UTF-16 units; for names that pass the next rule the counts agree.
        if name.utf16.count > Self.lengthMax {
            return "the length of '\(name)' is longer than the max allowed length \(Self.lengthMax)"
        }
        guard name.utf8.allSatisfy(Self.isLegal) else {
            return "'\(name)' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        }
        return nil
    }

    /// The name that metrics would have: names that differ in `.` and `_` only collide.
    package static func collisionKey(_ name: String) -> String {
        String(decoding: name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
