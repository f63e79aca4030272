package import LogObjects
package import Metadata
internal import Model

/// The cluster's keys that belong to no other target.
package enum ClusterKeys {
    /// Bound to the controller's session; its value is the controller's incarnation, broker (4) and number (8).
    package static let controller = MetadataKey("ctl")

    package static func value(_ incarnation: Incarnation) -> [UInt8] {
        withUnsafeBytes(of: incarnation.broker.rawValue.bigEndian) { Array($0) }
            + withUnsafeBytes(of: incarnation.number.bigEndian) { Array($0) }
    }

    /// `nil` for bytes that are not an incarnation.
    package static func incarnation(_ value: [UInt8]) -> Incarnation? {
        guard value.count == 12 else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return Incarnation(
            broker: BrokerID(Int32(truncatingIfNeeded: number(value[..<4]))),
            number: Int64(bitPattern: number(value[4...]))
        )
    }
}
