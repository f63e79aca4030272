internal import CSystemCrypto

/// MD5 (RFC 1321) of one buffer: where a partition key lies in the hash space, and the trailer of KPL aggregates. Not
/// for anything that must resist an attacker.
///
/// libcrypto's one-pass form with its state on the stack: it runs once per record on a few dozen bytes, where a digest
/// object would be a heap allocation.
package enum MD5 {
    /// The digest as a big-endian number, which is how Kinesis orders it.
    package static func digest(_ bytes: UnsafeRawBufferPointer) -> UInt128 {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { digest in
            millrace_md5(bytes.baseAddress, bytes.count, digest.baseAddress)
            return UInt128(bigEndian: digest.load(as: UInt128.self))
        }
    }
}
