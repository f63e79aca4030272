internal import Metadata

/// Brings changes of resources, which are stored first and then take effect in memory, into memory in the order in
/// which they were stored: of two that overlap, the earlier one may hear of its success later. A value without a lock.
struct OrderedChanges {
    private struct UnderWay {
        var count = 0
        /// The newest revision that has taken effect.
        var applied: MetadataRevision = 0
    }

    /// Resources that are being changed, so that nothing is kept of others.
    private var underWay: [String: UnderWay] = [:]

    /// A change begins; call it before the store is asked for anything.
    mutating func began(_ name: String) { self.underWay[name, default: UnderWay()].count += 1 }

    /// A change was stored.
    ///
    /// - Returns: whether it is to take effect: no later one has.
    mutating func stored(_ name: String, at revision: MetadataRevision) -> Bool {
        guard let change = self.underWay[name] else { preconditionFailure("a change begins before it is stored") }
        guard revision > change.applied else { return false }
        self.underWay[name]?.applied = revision
        return true
    }

    /// A change is over, stored or not.
    mutating func ended(_ name: String) {
        guard let change = self.underWay[name] else { preconditionFailure("a change begins before it ends") }
        if change.count == 1 { self.underWay[name] = nil } else { self.underWay[name]?.count -= 1 }
    }

    var isIdle: Bool { self.underWay.isEmpty }
}
