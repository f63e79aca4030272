internal import Metadata

/// Brings the changes of a space's resources into memory in the order in which they were stored. A change that was made
/// here holds before the watch delivers it; what the watch delivers may be older than that. A value without a lock.
struct OrderedChanges {
    /// Up to here everything is in memory: loaded, or delivered by the watch.
    private(set) var revision: MetadataRevision = 0
    /// Resources that were changed here behind `revision`, with the newest change of each.
    private(set) var ahead: [String: MetadataRevision] = [:]

    /// All resources were read.
    ///
    /// - Returns: the resources whose present state in memory is newer than what was read.
    mutating func loaded(at revision: MetadataRevision) -> Set<String> {
        self.delivered(through: revision)
        return Set(self.ahead.keys)
    }

    /// A change of this broker was stored.
    ///
    /// - Returns: whether it is to take effect: no later one has.
    mutating func committed(_ name: String, at revision: MetadataRevision) -> Bool {
        guard revision > self.revision, revision > self.ahead[name] ?? 0 else { return false }
        self.ahead[name] = revision
        return true
    }

    /// The watch delivered a change, of any broker.
    ///
    /// - Returns: whether it is to take effect: no later one has.
    func isNew(_ name: String, at revision: MetadataRevision) -> Bool {
        revision > self.revision && revision > self.ahead[name] ?? 0
    }

    /// The watch has delivered everything up to a revision.
    mutating func delivered(through revision: MetadataRevision) {
        self.revision = max(self.revision, revision)
        let reached = self.revision
        if !self.ahead.isEmpty { self.ahead = self.ahead.filter { $0.value > reached } }
    }
}
