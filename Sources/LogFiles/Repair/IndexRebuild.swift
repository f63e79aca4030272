internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Makes a segment's offset and time index again from its log, by the steps that wrote them.
struct IndexRebuild {
    let folder: Directory
    let base: Offset

    func run() throws(FileError) {
        let log = try self.folder.open(FileNames.file(.log, base: self.base))
        var scanner = BatchScanner(file: log, from: 0, limit: try log.size())
        var planner = SegmentPlanner()
        planner.began(at: self.base, createdAt: 0)
        var offsets = ByteBuffer()
        var times = ByteBuffer()
        // Checksums were looked at when the log was inspected.
        while case .batch(let header, _, _) = try scanner.next(checksFrom: .max) {
            let placement = planner.place(
                BatchSummary(header, batch: nil),
                abortsTransaction: false,
                settings: LogSettings()
            )
            placement.offsetEntry?.encode(into: &offsets)
            placement.timeEntry?.encode(into: &times)
        }
        planner.closing()?.entry.encode(into: &times)
        try self.folder.replace(FileNames.file(.offsetIndex, base: self.base), with: offsets.readableBytesView)
        try self.folder.replace(FileNames.file(.timeIndex, base: self.base), with: times.readableBytesView)
    }

    /// Writes a transaction index; one without entries is written only where there is a file already.
    static func write(
        _ entries: [AbortedTransactions.Entry],
        base: Offset,
        in folder: Directory
    ) throws(FileError) {
        let name = FileNames.file(.transactionIndex, base: base)
        if entries.isEmpty, try folder.status(of: name) == nil { return }
        var buffer = ByteBuffer()
        for entry in entries { entry.encode(into: &buffer) }
        try folder.replace(name, with: buffer.readableBytesView)
    }
}
