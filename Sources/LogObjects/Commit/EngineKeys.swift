package import Metadata
internal import Model

/// The engine's keys in the metadata store.
///
/// | key | value |
/// | --- | --- |
/// | `own/` broker (4) incarnation (8) | `OwnershipState` |
/// | `c/` broker (4) incarnation (8) sequence (8) | `CommitRecord` |
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
        let prefix = Self.ownerships.bytes.count
        guard key.hasPrefix(Self.ownerships), key.bytes.count == prefix + 12 else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return Incarnation(
            broker: BrokerID(Int32(truncatingIfNeeded: number(key.bytes[prefix..<(prefix + 4)]))),
            number: Int64(bitPattern: number(key.bytes[(prefix + 4)...]))
        )
    }

    private static func bytes(_ incarnation: Incarnation) -> [UInt8] {
        Self.bytes(incarnation.broker.rawValue) + Self.bytes(incarnation.number)
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
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
