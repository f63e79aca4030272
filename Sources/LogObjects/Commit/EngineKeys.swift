package import Metadata
internal import Model

/// The engine's keys in the metadata store.
///
/// | key | value |
/// | --- | --- |
/// | `own/` broker (4) incarnation (8) | `OwnershipState` |
/// | `c/` broker (4) incarnation (8) sequence (8) | `CommitRecord` |
/// | `floor/` broker (4) incarnation (8) | the first sequence whose commit record no checkpoint removed, 8 bytes |
/// | `p/` topic ID (16) partition (4) | `PartitionHead` |
/// | `o/` broker (4) incarnation (8) number (8) | `SharedObject`: a compacted object being written, or shared |
/// | `gc/` broker (4) incarnation (8) kind (1) number (8) | `DeletionIntent` |
///
/// Numbers are big-endian, so that keys are in their order.
package enum EngineKeys {
    package static func ownership(_ incarnation: Incarnation) -> MetadataKey {
        MetadataKey(bytes: Array("own/".utf8) + Self.bytes(incarnation))
    }

    /// Before the commit records of an incarnation.
    package static func commits(_ incarnation: Incarnation) -> MetadataKey {
        MetadataKey(bytes: Array("c/".utf8) + Self.bytes(incarnation))
    }

    package static func commit(_ incarnation: Incarnation, _ sequence: Int64) -> MetadataKey {
        MetadataKey(bytes: Self.commits(incarnation).bytes + Self.bytes(sequence))
    }

    /// The sequence in the key of a commit record of this incarnation; `nil` for another key.
    package static func sequence(of key: MetadataKey, _ incarnation: Incarnation) -> Int64? {
        let prefix = Self.commits(incarnation).bytes
        guard key.bytes.count == prefix.count + 8, key.bytes.starts(with: prefix) else { return nil }
        return key.bytes[prefix.count...].reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Before the ownership keys of all incarnations.
    package static let ownerships = MetadataKey("own/")

    /// The incarnation of an ownership key; `nil` for another key.
    package static func incarnation(of key: MetadataKey) -> Incarnation? {
        guard key.hasPrefix(Self.ownerships) else { return nil }
        return Self.incarnation(key.bytes[Self.ownerships.bytes.count...])
    }

    /// Twelve bytes; `nil` for anything else.
    static func incarnation(_ bytes: ArraySlice<UInt8>) -> Incarnation? {
        guard bytes.count == 12 else { return nil }
        let broker = Int32(truncatingIfNeeded: Self.number(bytes.prefix(4)))
        guard broker >= 0, let number = Int64(exactly: Self.number(bytes.dropFirst(4))) else { return nil }
        return Incarnation(broker: BrokerID(broker), number: number)
    }

    static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    static func bytes(_ incarnation: Incarnation) -> [UInt8] {
        Self.bytes(incarnation.broker.rawValue) + Self.bytes(incarnation.number)
    }

    static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

/// The value of an ownership key.
package enum OwnershipState: UInt8, Sendable {
    case active = 1
    /// Nothing is committed under it any more.
    case fenced = 2

    package var value: [UInt8] { [self.rawValue] }
}
