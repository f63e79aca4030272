internal import CSystemZlib
package import NIOCore

/// CRC-32 (IEEE 802.3), with which DynamoDB's answers are marked.
package enum CRC32 {
    package static func checksum(of buffer: ByteBuffer) -> UInt32 {
        buffer.withUnsafeReadableBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return UInt32(truncatingIfNeeded: crc32(0, start, UInt32(clamping: bytes.count)))
        }
    }
}
