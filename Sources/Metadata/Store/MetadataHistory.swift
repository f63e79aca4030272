/// The last changes, in memory: what a watch can go back to. Bounded; the oldest revisions are dropped first.
///
/// It begins empty when the store is opened, since watches end with the process that holds it.
struct MetadataHistory {
    private struct Revision {
        var revision: MetadataRevision
        var events: [MetadataEvent]
        var byteCount: Int
    }

    /// Everything up to and including this revision is gone.
    private(set) var compactedThrough: MetadataRevision
    private var revisions: [Revision] = []
    /// Revisions before this index are dropped; the array is compacted in steps.
    private var firstIndex = 0
    private var eventCount = 0
    private var byteCount = 0
    private let limits: MetadataWatchHub.HistoryLimits

    init(openedAt revision: MetadataRevision, limits: MetadataWatchHub.HistoryLimits) {
        self.compactedThrough = revision
        self.limits = limits
    }

    mutating func append(_ events: [MetadataEvent], revision: MetadataRevision) {
        var bytes = 0
        for event in events {
            bytes += event.key.bytes.count + 64
            if case .put(let entry) = event { bytes += entry.value.count }
        }
        self.revisions.append(Revision(revision: revision, events: events, byteCount: bytes))
        self.eventCount += events.count
        self.byteCount += bytes
        while self.revisions.count - self.firstIndex > 1,
            self.eventCount > self.limits.eventCountMax || self.byteCount > self.limits.byteCountMax
        {
            let oldest = self.revisions[self.firstIndex]
            self.compactedThrough = oldest.revision
            self.eventCount -= oldest.events.count
            self.byteCount -= oldest.byteCount
            self.revisions[self.firstIndex].events = []
            self.firstIndex += 1
        }
        if self.firstIndex > 64, self.firstIndex > self.revisions.count / 2 {
            self.revisions.removeFirst(self.firstIndex)
            self.firstIndex = 0
        }
    }

    /// The events of a range from a revision on; whole revisions, about `eventCountMax` at most; `nil` when there are
    /// none. `current` is the store's revision.
    func batch(
        _ range: MetadataKeyRange,
        from: MetadataRevision,
        current: MetadataRevision,
        eventCountMax: Int
    ) -> MetadataWatchBatch? {
        var low = self.firstIndex
        var high = self.revisions.count
        while low < high {
            let middle = (low + high) / 2
            if self.revisions[middle].revision < from { low = middle + 1 } else { high = middle }
        }
        var events: [MetadataEvent] = []
        for item in self.revisions[low...] {
            events += item.events.lazy.filter { range.contains($0.key) }
            if events.count >= eventCountMax { return MetadataWatchBatch(events: events, revision: item.revision) }
        }
        return events.isEmpty ? nil : MetadataWatchBatch(events: events, revision: current)
    }
}
