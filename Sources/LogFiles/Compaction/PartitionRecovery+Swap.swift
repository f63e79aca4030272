internal import LogCore
internal import Model
internal import RecordBatch

extension PartitionRecovery {
    /// Completes swaps of segments that a crash interrupted, and removes what was never swapped in.
    ///
    /// - Returns: which segments compaction wrote, and whether the file that says so is damaged.
    func completeSwaps() throws(FileError) -> (CleanedSegments, isDamaged: Bool) {
        let names = try self.folder.entries().map(\.name)
        var (cleaned, isDamaged) = try CleanedSegments.read(in: self.folder, cleanerOffset: self.cleanerOffset)
        let swaps = SwapRecovery(names)
        for name in swaps.abandoned { try self.folder.remove(name) }
        let bases = names.compactMap { name -> Offset? in
            guard let (kind, base) = FileNames.parse(name), kind == .log else { return nil }
            return base
        }.sorted()
        for swap in swaps.swaps {
            let end: Offset
            if let pending = cleaned.pending, pending.baseOffset == swap.baseOffset {
                end = pending.end
                cleaned.swapped()
            } else {
                end = try self.folder.end(ofSwap: swap.baseOffset)
            }
            try SegmentFiles.completeSwap(
                swap.baseOffset,
                kinds: swap.kinds,
                replacing: bases.filter { $0 >= swap.baseOffset && $0 < end },
                in: self.folder
            )
        }
        try self.settlePending(&cleaned)
        // A segment within another one is a leftover of those that it was made of.
        for entry in cleaned.entries where try self.sizeBytes(entry.baseOffset) == entry.sizeBytes {
            for base in bases where base > entry.baseOffset && base < entry.end {
                try SegmentFiles(folder: self.folder, baseOffset: base, openFiles: self.openFiles, isNew: false)
                    .remove()
            }
        }
        if isDamaged { try self.folder.replace(FileNames.cleanedSegments, with: cleaned.encoded()) }
        return (cleaned, isDamaged)
    }

    /// A segment that was about to be swapped in is there, or is not to come any more.
    private func settlePending(_ cleaned: inout CleanedSegments) throws(FileError) {
        guard let pending = cleaned.pending else { return }
        let isThere = try self.sizeBytes(pending.baseOffset) == pending.sizeBytes
        if isThere { cleaned.swapped() } else { cleaned.abandoned() }
    }

    private func sizeBytes(_ base: Offset) throws(FileError) -> Int64? {
        try self.folder.status(of: FileNames.file(.log, base: base))?.sizeBytes
    }
}

extension Directory {
    /// Of a swap that a Kafka broker began: what follows its last batch was not replaced.
    func end(ofSwap base: Offset) throws(FileError) -> Offset {
        let file = try self.open(FileNames.file(.log, base: base) + FileNames.swapSuffix)
        var scanner = BatchScanner(file: file, from: 0, limit: try file.size())
        var end = base + 1
        while case .batch(let header, _, _) = try scanner.next(checksFrom: .max) { end = header.nextOffset }
        return end
    }
}

extension CleanedSegments {
    /// What a partition's folder says. Blocking.
    ///
    /// - Parameter cleanerOffset: the partition's entry in `cleaner-offset-checkpoint`.
    /// - Returns: as well, whether the folder's file is damaged.
    static func read(
        in folder: Directory,
        cleanerOffset: Offset?
    ) throws(FileError) -> (CleanedSegments, isDamaged: Bool) {
        let offset = cleanerOffset ?? 0
        let bytes = try folder.contents(of: FileNames.cleanedSegments, bytesMax: 64 << 20)
        let found = bytes.flatMap { CleanedSegments(decoding: $0) }
        if let found, found.cleanedEnd >= offset { return (found, false) }
        // A Kafka broker has compacted it since, or the file is damaged: of its segments only this is known.
        return (CleanedSegments(cleanedEnd: offset, gapsBefore: offset), bytes != nil && found == nil)
    }
}
