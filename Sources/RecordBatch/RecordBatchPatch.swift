package import Model

/// Changes to a stored batch that leave its records alone.
package enum RecordBatchPatch {
    /// The header with another base offset and leader epoch, which lie outside the checksum: it holds.
    package static func assigned(
        _ header: RecordBatchHeader,
        baseOffset: Offset,
        leaderEpoch: LeaderEpoch
    ) -> RecordBatchHeader {
        precondition(baseOffset >= 0, "offsets are never negative")
        var patched = header
        patched.baseOffset = baseOffset
        patched.partitionLeaderEpoch = leaderEpoch
        return patched
    }

    /// The header with another max timestamp and timestamp type, and the checksum that the batch then has.
    ///
    /// Does not read the payload: CRC-32C is linear, so the whole's checksum changes by the change of the header's
    /// checksum, shifted past the payload. `header.crc` must be verified; a wrong one stays wrong.
    package static func withTimestamp(
        _ header: RecordBatchHeader,
        maxTimestamp: Timestamp,
        isLogAppendTime: Bool
    ) -> RecordBatchHeader {
        var patched = header
        patched.maxTimestamp = maxTimestamp
        patched.attributes.isLogAppendTime = isLogAppendTime
        guard patched != header else { return header }
        let change = header.headChecksum ^ patched.headChecksum
        patched.crc = header.crc ^ CRC32C.shift(change, past: header.payloadLength)
        return patched
    }
}
