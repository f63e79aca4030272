internal import LogCore
internal import Model
internal import NIOCore

/// Takes damaged bytes out of a segment's log: they are kept in the quarantine, and each sound part becomes a segment
/// of its own. The offsets between are then a gap between two segments, which readers are refused.
///
/// 1. The damaged bytes are copied to the quarantine and forced.
/// 2. Each sound part but the first becomes a file that is forced and then gets its name, with its share of the
///    transaction index. The old file has everything still: after a crash the parts overlap, the next inspection finds
///    the old file's end damaged, and cuts it.
/// 3. The old file is cut behind its first part.
/// 4. The indexes of all parts are made again.
struct SegmentSplit {
    private struct Part {
        var base: Offset
        var bytes: Range<Int64>
    }

    let folder: Directory
    let quarantine: Directory
    let base: Offset
    /// In the order of the file.
    let ranges: [DamagedRange]

    private var name: String { FileNames.file(.log, base: self.base) }

    func run() throws(FileError) {
        let log = try self.folder.open(self.name, options: .write)
        let size = try log.size()
        for range in self.ranges { try self.keep(range.bytes, of: log) }
        try self.quarantine.synchronize()
        let parts = self.parts(size: size)
        let transactions = try self.transactions()
        try self.noteCleaned(parts, size: size)
        for (index, part) in parts.enumerated().dropFirst() {
            let end = index + 1 < parts.count ? parts[index + 1].base : .max
            try IndexRebuild.write(
                transactions.filter { $0.lastOffset >= part.base && $0.lastOffset < end },
                base: part.base,
                in: self.folder
            )
            try self.write(part, of: log)
        }
        try self.folder.synchronize()
        for kind in [FileNames.Kind.offsetIndex, .timeIndex] {
            try self.folder.remove(FileNames.file(kind, base: self.base))
        }
        try self.cut(log, to: parts[0])
        if parts.count > 1 {
            let own = transactions.filter { $0.lastOffset < parts[1].base }
            try IndexRebuild.write(own, base: self.base, in: self.folder)
        }
        for part in parts { try IndexRebuild(folder: self.folder, base: part.base).run() }
        try self.folder.synchronize()
    }

    /// The sound parts; the first begins at the segment's base, and may be empty.
    private func parts(size: Int64) -> [Part] {
        var parts = [Part(base: self.base, bytes: 0..<self.ranges[0].bytes.lowerBound)]
        for (index, range) in self.ranges.enumerated() {
            let end = index + 1 < self.ranges.count ? self.ranges[index + 1].bytes.lowerBound : size
            guard range.bytes.upperBound < end else { continue }
            let part = Part(base: range.offsets.upperBound, bytes: range.bytes.upperBound..<end)
            // Bytes that belong to no batch, and then the segment's first one.
            if part.base == self.base { parts[0] = part } else { parts.append(part) }
        }
        return parts
    }

    /// The parts of a compacted segment are compacted too. The old file keeps its size in the list until it is cut.
    private func noteCleaned(_ parts: [Part], size: Int64) throws(FileError) {
        let name = FileNames.cleanedSegments
        guard let bytes = try self.folder.contents(of: name, bytesMax: 16 << 20),
            var cleaned = CleanedSegments(decoding: bytes)
        else { return }
        // The last run's segment is in the list as the one that is to come until the next run.
        if let pending = cleaned.pending {
            let log = try self.folder.status(of: FileNames.file(.log, base: pending.baseOffset))
            if log?.sizeBytes == pending.sizeBytes { cleaned.swapped() } else { cleaned.abandoned() }
        }
        guard let entry = cleaned.entry(base: self.base, sizeBytes: size) else { return }
        for (index, part) in parts.enumerated() {
            cleaned.willSwap(
                CleanedSegments.Entry(
                    baseOffset: part.base,
                    end: index + 1 < parts.count ? parts[index + 1].base : entry.end,
                    sizeBytes: index == 0 ? entry.sizeBytes : Int64(part.bytes.count)
                )
            )
            cleaned.swapped()
        }
        try self.folder.replace(name, with: cleaned.encoded())
    }

    private func keep(_ bytes: Range<Int64>, of log: File) throws(FileError) {
        let name = self.quarantine.unusedName("\(self.name).\(bytes.lowerBound)-\(bytes.upperBound).bytes")
        try self.copy(bytes, of: log, to: try self.quarantine.open(name, options: [.write, .create, .truncate]))
    }

    private func copy(_ bytes: Range<Int64>, of log: File, to target: File) throws(FileError) {
        var position = bytes.lowerBound
        while position < bytes.upperBound {
            var piece = ByteBuffer()
            let count = try log.read(into: &piece, count: Int(min(1 << 20, bytes.upperBound - position)), at: position)
            if count == 0 { break }
            try target.write([piece], at: position - bytes.lowerBound)
            position += Int64(count)
        }
        try target.synchronizeData()
    }

    /// A start removes what ends in `.tmp`.
    private func write(_ part: Part, of log: File) throws(FileError) {
        let name = FileNames.file(.log, base: part.base)
        try self.copy(
            part.bytes,
            of: log,
            to: try self.folder.open(name + ".tmp", options: [.write, .create, .truncate])
        )
        try self.folder.rename(name + ".tmp", to: name)
    }

    private func cut(_ log: File, to part: Part) throws(FileError) {
        if part.bytes.lowerBound > 0 { return try self.write(part, of: log) }
        try log.truncate(to: part.bytes.upperBound)
        try log.synchronizeData()
    }

    private func transactions() throws(FileError) -> [AbortedTransactions.Entry] {
        let name = FileNames.file(.transactionIndex, base: self.base)
        guard let bytes = try self.folder.contents(of: name, bytesMax: PartitionInspection.indexBytesMax) else {
            return []
        }
        return TransactionIndex(reading: ByteBuffer(bytes: bytes)).entries
    }
}
