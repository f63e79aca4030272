internal import CMillraceHash

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of record batches v2.
package enum CRC32C {
    /// The checksum of `bytes`, continuing from the checksum of the bytes before them.
    package static func checksum(_ bytes: UnsafeRawBufferPointer, initial: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return initial }
        return millrace_crc32c(initial, base, bytes.count)
    }

    /// The checksum of A followed by B, from their own checksums. Costs about 50 ns for each set bit of `lengthOfB`.
    package static func combine(_ a: UInt32, _ b: UInt32, lengthOfB: Int) -> UInt32 {
        self.shift(a, past: lengthOfB) ^ b
    }

    /// What the checksum of A contributes to that of A followed by `length` more bytes.
    ///
    /// Linear: `shift(a ^ b) == shift(a) ^ shift(b)`, so two checksums of equally long heads that differ move the
    /// whole's checksum by the shift of their difference, independent of the tail.
    package static func shift(_ checksum: UInt32, past length: Int) -> UInt32 {
        precondition(length >= 0, "a length is never negative")
        return millrace_crc32c_shift(checksum, UInt64(length))
    }

    /// The same checksum by tables only; for tests of the fallback.
    static func portableChecksum(_ bytes: UnsafeRawBufferPointer, initial: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return initial }
        return millrace_crc32c_portable(initial, base, bytes.count)
    }
}
