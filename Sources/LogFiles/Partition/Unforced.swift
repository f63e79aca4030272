internal import LogCore

/// What a partition's files have that no checkpoint has forced to the disk.
struct Unforced {
    struct Segment {
        var files: SegmentFiles
        /// A closed segment needs its indexes forced too: no start makes them again.
        var isClosed: Bool
        /// Its transaction index has unforced entries.
        var hasTransactions = false
    }

    private(set) var segments: [Segment] = []
    /// Names were created or removed since the folder was forced.
    var folderChanged = false
    /// The folder was created since the last checkpoint.
    var isNew = false
    /// `leader-epoch-checkpoint` is behind. Recovery learns epochs after the recovery point from the batches.
    var epochsChanged = false
    var records: Int64 = 0

    /// Notes that a segment has unforced data.
    mutating func add(_ files: SegmentFiles, isClosed: Bool = false, hasTransactions: Bool = false) {
        if let index = self.segments.firstIndex(where: { $0.files === files }) {
            self.segments[index].isClosed = self.segments[index].isClosed || isClosed
            self.segments[index].hasTransactions = self.segments[index].hasTransactions || hasTransactions
        } else {
            self.segments.append(Segment(files: files, isClosed: isClosed, hasTransactions: hasTransactions))
        }
    }

    func contains(_ files: SegmentFiles) -> Bool { self.segments.contains { $0.files === files } }

    /// Forgets segments whose files are about to go.
    mutating func remove(_ removed: [SegmentFiles]) {
        self.segments.removeAll { segment in removed.contains { $0 === segment.files } }
        self.folderChanged = true
    }

    /// Everything, for a checkpoint that is about to force it.
    mutating func takeAll() -> Unforced {
        defer { self = Unforced() }
        return self
    }

    /// Adds what a checkpoint took and could not force.
    mutating func restore(_ taken: Unforced) {
        for segment in taken.segments {
            self.add(segment.files, isClosed: segment.isClosed, hasTransactions: segment.hasTransactions)
        }
        self.folderChanged = true
        self.isNew = self.isNew || taken.isNew
        self.epochsChanged = self.epochsChanged || taken.epochsChanged
    }
}
