/// The 32-bit murmur2 hash that Kafka's default partitioner uses, seed 0x9747b28c.
package enum Murmur2 {
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        let whole = bytes.count & ~3
        for offset in stride(from: 0, to: whole, by: 4) {
            var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            word = word &* multiplier
            word ^= word >> 24
            word = word &* multiplier
            hash = hash &* multiplier ^ word
        }
        let rest = bytes.count - whole
        if rest > 2 { hash ^= UInt32(bytes[whole + 2]) << 16 }
        if rest > 1 { hash ^= UInt32(bytes[whole + 1]) << 8 }
        if rest > 0 { hash = (hash ^ UInt32(bytes[whole])) &* multiplier }
        hash ^= hash >> 13
        hash = hash &* multiplier
        hash ^= hash >> 15
        return hash
    }

    /// The index of the partition, of `count`, in which Kafka's default partitioner puts a record with this key.
    package static func partition(for key: UnsafeRawBufferPointer, of count: Int) -> Int {
        Int(Self.hash(key) & 0x7FFF_FFFF) % count
    }
}
