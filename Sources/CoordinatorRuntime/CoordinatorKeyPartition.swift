/// Which partition of a coordinator's topic has a key.
package enum CoordinatorKeyPartition {
    /// Java's `String.hashCode` without its sign, modulo the number of partitions.
    ///
    /// - Parameters:
    ///   - key: a group ID, a transactional ID.
    ///   - count: how many partitions the topic has; at least 1.
    package static func number(of key: String, count: Int32) -> Int32 {
        var hash: Int32 = 0
        for unit in key.utf16 { hash = hash &* 31 &+ Int32(unit) }
        // As Kafka's Utils.abs: the smallest number, which has no positive counterpart, counts as zero.
        return (hash == .min ? 0 : Swift.abs(hash)) % count
    }
}
