/// The envelope in which the Kinesis Producer Library packs many user records: four magic bytes, a protobuf message and
/// the message's MD5.
package enum AggregatedRecord {
    private static let magic: UInt32 = 0xF389_9AC2

    /// Whether `data` is an aggregate whose checksum holds. Anything else is an ordinary record, as for KCL.
    package static func isValid(_ data: UnsafeRawBufferPointer) -> Bool {
        guard data.count >= 20, UInt32(bigEndian: data.loadUnaligned(as: UInt32.self)) == Self.magic else {
            return false
        }
        let message = UnsafeRawBufferPointer(rebasing: data[4..<(data.count - 16)])
        let trailer = UInt128(bigEndian: data.loadUnaligned(fromByteOffset: data.count - 16, as: UInt128.self))
        return MD5.digest(message) == trailer
    }
}
