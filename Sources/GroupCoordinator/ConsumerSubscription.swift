/// A consumer's subscription as it tells it to a classic group (`ConsumerProtocolSubscription`).
///
/// | bytes | field |
/// | --- | --- |
/// | 2 | version, at least 0 |
/// | 4 | topic count |
/// | 2 + n each | topic name |
/// | 4 + n | user data, -1 for none |
/// | 4, then 2 + n, 4 and 4 each | v1: owned partitions by topic |
/// | 4 | v2: generation |
/// | 2 + n | v3: rack, -1 for none |
///
/// What follows in later versions is not read.
package struct ConsumerSubscription: Equatable {
    var version: Int
    var topicNames: [String]
    var owned: [(topic: String, partitions: [Int32])] = []
    var rackID: String?

    package static func == (left: Self, right: Self) -> Bool {
        left.version == right.version && left.topicNames == right.topicNames && left.rackID == right.rackID
            && left.owned.elementsEqual(right.owned) { $0 == $1 }
    }

    /// `nil` when the bytes are not a subscription. Never reads or allocates beyond them.
    init?(_ bytes: [UInt8]) {
        var reader = ConsumerProtocolReader(bytes)
        guard let version = reader.int(bytes: 2), version < 0x8000, let names = reader.strings() else { return nil }
        self.version = version
        self.topicNames = names
        guard reader.skipBytes() else { return nil }
        if version >= 1 {
            guard let owned = reader.partitions() else { return nil }
            self.owned = owned
        }
        if version >= 2 { guard reader.int(bytes: 4) != nil else { return nil } }
        if version >= 3 {
            guard let rack = reader.nullableString() else { return nil }
            self.rackID = rack
        }
    }

    /// Only the topics, which all versions have in the same place. `nil` when the bytes are not a subscription.
    package static func topics(in bytes: [UInt8]) -> [String]? {
        var reader = ConsumerProtocolReader(bytes)
        guard let version = reader.int(bytes: 2), version < 0x8000 else { return nil }
        return reader.strings()
    }
}

/// What a leader assigns to a consumer (`ConsumerProtocolAssignment`): version, partitions by topic, user data.
package enum ConsumerAssignment {
    /// `nil` when the bytes are not an assignment. No bytes are none yet.
    package static func partitions(in bytes: [UInt8]) -> [(topic: String, partitions: [Int32])]? {
        guard !bytes.isEmpty else { return [] }
        var reader = ConsumerProtocolReader(bytes)
        guard let version = reader.int(bytes: 2), version < 0x8000 else { return nil }
        return reader.partitions()
    }

    /// - Parameter version: of the member's subscription.
    static func encode(_ topics: [(topic: String, partitions: [Int32])], version: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: Int, bytes count: Int, to bytes: inout [UInt8]) {
            for shift in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
        }
        append(version, bytes: 2, to: &bytes)
        append(topics.count, bytes: 4, to: &bytes)
        for (topic, partitions) in topics {
            append(topic.utf8.count, bytes: 2, to: &bytes)
            bytes += topic.utf8
            append(partitions.count, bytes: 4, to: &bytes)
            for partition in partitions { append(Int(partition), bytes: 4, to: &bytes) }
        }
        append(-1, bytes: 4, to: &bytes)
        return bytes
    }
}

/// Reads what consumers tell each other through a classic group. Never reads or allocates beyond the bytes.
private struct ConsumerProtocolReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    mutating func int(bytes count: Int) -> Int? {
        guard let field = self.take(count) else { return nil }
        return field.reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func strings() -> [String]? {
        // A name takes at least two bytes, so the count is checked before anything is reserved.
        guard let count = self.int(bytes: 4), count <= self.bytes.count / 2 else { return nil }
        var strings: [String] = []
        strings.reserveCapacity(count)
        for _ in 0..<count {
            guard let string = self.string() else { return nil }
            strings.append(string)
        }
        return strings
    }

    mutating func partitions() -> [(topic: String, partitions: [Int32])]? {
        guard let count = self.int(bytes: 4), count <= self.bytes.count / 6 else { return nil }
        var topics: [(topic: String, partitions: [Int32])] = []
        topics.reserveCapacity(count)
        for _ in 0..<count {
            guard let name = self.string(), let count = self.int(bytes: 4), count <= self.bytes.count / 4 else {
                return nil
            }
            var partitions: [Int32] = []
            partitions.reserveCapacity(count)
            for _ in 0..<count {
                guard let partition = self.int(bytes: 4) else { return nil }
                partitions.append(Int32(truncatingIfNeeded: partition))
            }
            topics.append((name, partitions))
        }
        return topics
    }

    mutating func skipBytes() -> Bool {
        guard let length = self.int(bytes: 4) else { return false }
        return length == 0xFFFF_FFFF || self.take(length) != nil
    }

    mutating func nullableString() -> String?? {
        guard self.bytes.starts(with: [0xFF, 0xFF]) else { return self.string().map { .some($0) } }
        self.bytes = self.bytes.dropFirst(2)
        return .some(nil)
    }

    private mutating func string() -> String? {
        guard let length = self.int(bytes: 2), length < 0x8000, let name = self.take(length) else { return nil }
        return String(validating: name, as: UTF8.self)
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= self.bytes.count else { return nil }
        defer { self.bytes = self.bytes.dropFirst(count) }
        return self.bytes.prefix(count)
    }
}
