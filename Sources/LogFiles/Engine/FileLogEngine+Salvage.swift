internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization
internal import Threads

/// What the journal has of partitions whose files failed goes into side files, so that the journal's space can be used
/// again. The next start puts it back, before it replays the journal.
extension FileLogEngine {
    private enum SalvageState {
        case unneeded
        /// The journal has not answered everything yet.
        case waiting
        /// From the recovery point that the next start will see.
        case needed(from: Offset)
    }

    /// Copies what the journal has of failed partitions to their salvage files. Part of a checkpoint: nothing may be
    /// recycled meanwhile.
    ///
    /// - Returns: whether nobody needs the journal for want of a side file.
    func salvage() -> Bool {
        var wanted: [TopicPartition: (log: FilePartitionLog, from: Offset)] = [:]
        for log in self.logs {
            switch self.salvageState(of: log) {
            case .unneeded: break
            case .waiting:
                // Its last entries are about to be answered; the checkpoint after that salvages them.
                self.requestCheckpoint()
                return false
            case .needed(let from): wanted[log.partition] = (log, from)
            }
        }
        if wanted.isEmpty { return true }
        // Entries may have been answered since `position` was noted.
        let end = self.journal.end
        do throws(FileError) {
            try self.writeSalvage(wanted, before: end)
        } catch {
            self.logger.error(
                """
                the journal's copy of partitions that failed could not be saved; the journal keeps it and cannot be \
                used again meanwhile
                """,
                metadata: ["error": "\(error)", "partitions": "\(wanted.count)"]
            )
            return false
        }
        for (log, _) in wanted.values { log.salvaged() }
        return true
    }

    private func salvageState(of log: FilePartitionLog) -> SalvageState {
        let state = log.head.withLock { head -> SalvageState in
            switch head.lifecycle.salvageAction {
            case .nothing: .unneeded
            case .wait: .waiting
            case .salvage: .needed(from: 0)
            }
        }
        guard case .needed = state else { return state }
        return .needed(from: self.points.withLock { $0.recovery.offsets[log.checkpointKey] ?? 0 })
    }

    private func writeSalvage(
        _ wanted: [TopicPartition: (log: FilePartitionLog, from: Offset)],
        before end: JournalPosition
    ) throws(FileError) {
        let root = self.directory.root
        var writers: [TopicPartition: SalvageWriter] = [:]
        var failure: FileError?
        let summary = try self.journal.contents(before: end).run { event in
            guard case .entry(let entry) = event, let (log, from) = wanted[entry.partition], failure == nil,
                entry.nextOffset > from
            else { return }
            do throws(FileError) {
                var writer: SalvageWriter
                if let known = writers[entry.partition] {
                    writer = known
                } else {
                    writer = try SalvageWriter(root, name: log.salvageName)
                }
                try writer.append(entry.payload)
                writers[entry.partition] = writer
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        for corruption in summary.corruptions {
            self.logger.error(
                "journal is damaged where partitions that failed may need it",
                metadata: ["path": "\(corruption.path)", "lostRounds": "\(corruption.lostRounds)"]
            )
        }
        for writer in writers.values.sorted(by: { $0.name < $1.name }) { try writer.finish() }
        if !writers.isEmpty { try root.synchronize() }
        for (partition, writer) in writers {
            self.logger.warning(
                "saved what the journal has of a partition that failed; the next start puts it back",
                metadata: [
                    "partition": "\(wanted[partition]?.log.name ?? "")", "file": "\(root.path(of: writer.name))",
                    "bytes": "\(writer.position)",
                ]
            )
        }
    }

    /// Puts the salvage files of earlier runs back into their partitions. A partition that is still offline keeps its
    /// file.
    ///
    /// - Returns: the partitions that took something.
    func replaySalvaged(into logs: [TopicPartition: FilePartitionLog]) throws(FileError) -> Set<TopicPartition> {
        let names = Set(
            try self.directory.root.entries().filter { $0.name.hasSuffix(FileNames.salvageSuffix) }.map(\.name)
        )
        if names.isEmpty { return [] }
        var touched: Set<TopicPartition> = []
        for log in logs.values.sorted(by: { $0.isBefore($1) }) where names.contains(log.salvageName) {
            if try self.replay(log.salvageName, into: log) { touched.insert(log.partition) }
        }
        return touched
    }

    /// The first offset in a salvage file; `nil` when there is none.
    func firstOffset(inSalvage name: String) throws(FileError) -> Offset? {
        guard try self.directory.root.status(of: name) != nil else { return nil }
        var bytes = ByteBuffer()
        let count = RecordBatchHeader.encodedLength
        _ = try self.directory.root.open(name).read(into: &bytes, count: count, at: 0)
        return (try? RecordBatchHeader(reading: bytes, at: bytes.readerIndex))?.baseOffset
    }

    func replay(_ name: String, into log: FilePartitionLog) throws(FileError) -> Bool {
        let file = try self.directory.root.open(name)
        var scanner = BatchScanner(file: file, from: 0, limit: try file.size())
        var hasTaken = false
        reading: while !log.hasFailed {
            switch try scanner.next(checksFrom: 0) {
            case .end:
                break reading
            case .damaged(let reason):
                log.goOffline(LogError(.storage, "\(file.path) is damaged at \(scanner.position): \(reason)"))
            case .batch(let header, _, let whole):
                let entry = JournalReplayEntry(
                    position: JournalPosition(round: 0),
                    partition: log.partition,
                    baseOffset: header.baseOffset,
                    nextOffset: header.lastOffset + 1,
                    leaderEpoch: header.partitionLeaderEpoch,
                    payload: whole
                )
                if log.replay(entry) { hasTaken = true }
            }
        }
        let end = log.head.withLock { head -> Offset? in head.lifecycle.hasFailed ? nil : head.state.logEnd }
        guard let end else { return false }
        log.files.withLock { $0.salvageEnd = end }
        // So that the next checkpoint looks at it, whether or not it took anything.
        self.markDirty(log)
        return hasTaken
    }

    /// Removes the salvage files whose content the recovery points vouch for. Part of a checkpoint.
    func removeSalvaged(_ logs: [FilePartitionLog]) {
        for log in logs {
            let end = log.files.withLock { $0.salvageEnd }
            guard let end else { continue }
            let point = self.points.withLock { $0.recovery.offsets[log.checkpointKey] ?? 0 }
            guard point >= end else { continue }
            do throws(FileError) {
                try self.directory.root.remove(log.salvageName)
                log.files.withLock { $0.salvageEnd = nil }
            } catch {
                self.logger.warning("salvage file could not be removed", metadata: ["error": "\(error)"])
            }
        }
    }
}

/// Writes one salvage file: what an earlier run left, then new batches.
private struct SalvageWriter {
    let root: Directory
    let name: String
    let file: File
    private(set) var position: Int64 = 0

    private var temporaryName: String { self.name + ".tmp" }

    init(_ root: Directory, name: String) throws(FileError) {
        self.root = root
        self.name = name
        self.file = try root.open(name + ".tmp", options: [.write, .create, .truncate])
        let earlier: File
        do throws(FileError) {
            earlier = try root.open(name)
        } catch {
            if error.isNotFound { return }
            throw error
        }
        while true {
            var piece = ByteBuffer()
            let count = try earlier.read(into: &piece, count: 1 << 20, at: self.position)
            if count == 0 { break }
            try self.append(piece)
        }
    }

    mutating func append(_ bytes: ByteBuffer) throws(FileError) {
        self.position += Int64(try self.file.write([bytes], at: self.position))
    }

    /// Makes the content durable under its name; the directory is the caller's to force.
    func finish() throws(FileError) {
        try self.file.synchronizeData()
        try self.root.rename(self.temporaryName, to: self.name)
    }
}

extension FilePartitionLog {
    /// Everything that the journal has of this failed partition is in its salvage file: memory lets go of it.
    func salvaged() {
        let bytes = self.files.withLock { files -> Int64 in
            files.pending = nil
            return self.head.withLock { head in
                head.lifecycle.salvaged()
                let bytes = head.state.tail.unstoredBytes
                _ = head.layout.removeAll()
                head.state.forgetData()
                return bytes
            }
        }
        self.engine.budget.release(bytes)
    }
}
