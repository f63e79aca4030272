internal import Metadata
internal import Model

/// An empty partition costs no disk, and memory all the same: about 1.5 KB.
extension TopicControl {
    /// How many more partitions there may be.
    var partitionsLeft: Int {
        let limit = self.environment.partitionsMax
        guard limit < .max else { return .max }
        return max(0, limit - self.registry.current.all.reduce(0) { $0 + $1.partitionCount })
    }

    /// Topics that coordinators make are always made: groups could not commit without them.
    ///
    /// - Parameters:
    ///   - added: partitions.
    ///   - left: how many there may be more; counted down.
    func checkRoom(for added: Int, of name: String, left: inout Int) throws(BrokerError) {
        let isOurs = TopicName.isKafkaInternal(name) || name == TopicName.leaseTables
        guard added > left, !isOurs else {
            left -= min(left, max(0, added))
            return
        }
        throw BrokerError(
            .limitExceeded,
            "The server keeps \(self.environment.partitionsMax) partitions at most, by its memory limit; \(left) more may be "
                + "made. Delete topics or raise --memory-limit."
        )
    }
}
