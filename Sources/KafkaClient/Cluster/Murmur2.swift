package import NIOCore

/// The 32-bit murmur2 hash with which Kafka's default partitioner routes keys, seed 0x9747b28c.
package enum Murmur2 {
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        let tail = bytes.count & ~3
        for position in stride(from: 0, to: tail, by: 4) {
            var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            word = word &* multiplier
            word = (word ^ word >> 24) &* multiplier
            hash = hash &* multiplier ^ word
        }
        switch bytes.count - tail {
        case 3: hash ^= UInt32(bytes[tail + 2]) << 16 | UInt32(bytes[tail + 1]) << 8 | UInt32(bytes[tail])
        case 2: hash ^= UInt32(bytes[tail + 1]) << 8 | UInt32(bytes[tail])
        case 1: hash ^= UInt32(bytes[tail])
        default: break
        }
        if bytes.count != tail { hash = hash &* multiplier }
        hash = (hash ^ hash >> 13) &* multiplier
        return hash ^ hash >> 15
    }

    /// The partition, of `count`, that a record with this key belongs to.
    package static func partition(of key: ByteBuffer, count: Int) -> Int32 {
        let hash = key.withUnsafeReadableBytes { Self.hash($0) }
        return Int32(Int(hash & 0x7FFF_FFFF) % count)
    }
}
