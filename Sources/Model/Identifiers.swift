/// A position in a partition's log, counted in records from the beginning of the partition's life.
///
/// A plain integer on purpose: offsets are compared, added and put on the wire in every hot loop, and both
/// protocols define them as a signed 64-bit number. Counts and byte positions are named `…Count` and
/// `…Position`, so the name says which is meant.
package typealias Offset = Int64

/// Milliseconds since the Unix epoch (wall clock), as Kafka's record timestamps. `-1` means *no timestamp*.
package typealias Timestamp = Int64

/// The identity of a topic for its whole life (KIP-516): a deleted and recreated topic has another one.
package struct TopicID: Hashable, Sendable, Comparable {
    /// The first eight bytes of the UUID, big-endian.
    package var high: UInt64
    /// The last eight bytes of the UUID, big-endian.
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The all-zero UUID, which the Kafka protocol uses for *not known by ID*.
    package static let zero = TopicID(high: 0, low: 0)

    package static func < (left: TopicID, right: TopicID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

/// A partition of one incarnation of a topic.
package struct TopicPartition: Hashable, Sendable {
    package var topicID: TopicID
    package var partition: Int32

    package init(topicID: TopicID, partition: Int32) {
        self.topicID = topicID
        self.partition = partition
    }
}

/// Declares an identifier that wraps one raw value, so that two of them cannot be confused.
package protocol Identifier: RawRepresentable, Hashable, Sendable, CustomStringConvertible
where RawValue: Hashable & Sendable {
    init(rawValue: RawValue)
}

extension Identifier {
    package init(_ rawValue: RawValue) { self.init(rawValue: rawValue) }
    package var description: String { "\(self.rawValue)" }
}

/// A Kafka broker (node) number: `node.id`.
package struct BrokerID: Identifier {
    package var rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// The fencing number of a partition's leadership; grows whenever the leader changes (KIP-101).
package struct LeaderEpoch: Identifier, Comparable {
    package var rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// An idempotent or transactional producer (KIP-98). `-1` means *none*.
package struct ProducerID: Identifier {
    package var rawValue: Int64
    package init(rawValue: Int64) { self.rawValue = rawValue }
    package static let none = ProducerID(rawValue: -1)
}

/// The fencing number of a producer ID.
package struct ProducerEpoch: Identifier, Comparable {
    package var rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }
    package static let none = ProducerEpoch(rawValue: -1)
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The name of a consumer group: `group.id`.
package struct GroupID: Identifier, Comparable {
    package var rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A member of a consumer group, as named by the coordinator.
package struct MemberID: Identifier, Comparable {
    package var rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A static member's name that survives restarts: `group.instance.id` (KIP-345).
package struct GroupInstanceID: Identifier {
    package var rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// The number of a completed rebalance of a classic group.
package struct GenerationID: Identifier, Comparable {
    package var rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
