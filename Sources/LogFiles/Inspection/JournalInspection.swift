internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Reads the journal and the salvage files without changing them, and sees whether they continue the segments.
struct JournalInspection {
    let root: Directory
    /// Where the segments of each partition end; what the journal has from there on moves it.
    private(set) var ends: [TopicPartition: Offset]
    /// Called with the bytes that were read since the last call.
    let progress: (Int64) -> Void
    private(set) var findings: [Finding] = []
    /// Offsets that a partition lacks between its segments and what the journal has, or within the journal.
    private(set) var gaps: [(partition: TopicPartition, offsets: Range<Offset>)] = []
    private(set) var entryCount = 0

    init(root: Directory, ends: [TopicPartition: Offset], progress: @escaping (Int64) -> Void) {
        self.root = root
        self.ends = ends
        self.progress = progress
    }

    mutating func run() {
        do throws(FileError) {
            try self.readSalvaged()
        } catch {
            self.findings.append(
                Finding(.unreadable, .unreadable, .nothing, path: "", error.description)
            )
        }
        let directory = self.root.directory(FileNames.journal)
        guard (try? directory.isDirectory()) ?? true else { return }
        do throws(JournalError) {
            // Sizes matter only where files are used again or removed.
            let inventory = try JournalInventory(
                directory: directory,
                settings: JournalSettings(),
                newID: 0,
                isReadOnly: true
            )
            try JournalError.wrap { () throws(FileError) in try self.checkFiles(directory, inventory) }
            try JournalError.wrap { () throws(FileError) in try self.replay(directory, inventory) }
        } catch {
            switch error {
            case .storage(let error), .diskFull(let error):
                self.add(.unreadable, .unreadable, .nothing, FileNames.journal, error.description)
            default:
                self.add(.journal, .damage, .restore, FileNames.journal, error.description)
            }
        }
    }

    private mutating func add(
        _ kind: Finding.Kind,
        _ severity: Finding.Severity,
        _ remedy: Finding.Remedy,
        _ path: String,
        bytes: Range<Int64>? = nil,
        _ reason: String
    ) {
        self.findings.append(Finding(kind, severity, remedy, path: path, bytes: bytes, reason))
    }

    /// All files of a journal have one size, which is reserved before a file is used.
    private mutating func checkFiles(_ directory: Directory, _ inventory: JournalInventory) throws(FileError) {
        var sizes: [(name: String, size: Int64)] = []
        for entry in try directory.entries() where JournalRing.isName(entry.name) {
            sizes.append((entry.name, try directory.status(of: entry.name)?.sizeBytes ?? 0))
        }
        guard let largest = sizes.map(\.size).max() else { return }
        let live = Set(inventory.sources.map(\.name))
        for (name, size) in sizes where size < largest && live.contains(name) {
            self.add(
                .journal,
                .damage,
                .quarantine,
                "\(FileNames.journal)/\(name)",
                bytes: size..<largest,
                "the file has \(size) bytes of \(largest): its end was cut off"
            )
        }
        for source in inventory.sources where source.firstRound == nil {
            self.add(
                .journal,
                .damage,
                .quarantine,
                "\(FileNames.journal)/\(source.name)",
                bytes: 0..<Int64(JournalFormat.headerBytes),
                "the file's header fails its checksum; its rounds are read without it"
            )
        }
    }

    private mutating func replay(_ directory: Directory, _ inventory: JournalInventory) throws(FileError) {
        let replay = JournalReplay(
            directory: directory,
            journalID: inventory.journalID,
            sources: inventory.sources,
            floor: inventory.floor
        )
        var ends = self.ends
        var gaps: [(partition: TopicPartition, offsets: Range<Offset>)] = []
        var corruptions: [JournalCorruption] = []
        var unknown: [TopicID: Int] = [:]
        let summary = try replay.run { event in
            switch event {
            case .corruption(let corruption): corruptions.append(corruption)
            case .entry(let entry):
                self.progress(Int64(entry.payload.readableBytes))
                guard let end = ends[entry.partition] else {
                    unknown[entry.partition.topicID, default: 0] += 1
                    return
                }
                guard entry.nextOffset > end else { return }
                if entry.baseOffset > end { gaps.append((entry.partition, end..<entry.baseOffset)) }
                ends[entry.partition] = entry.nextOffset
            }
        }
        self.ends = ends
        self.gaps += gaps
        self.entryCount = summary.entries
        // A deleted topic may have entries until the journal's space is used again.
        for (topicID, entries) in unknown.sorted(by: { $0.key.description < $1.key.description }) {
            self.add(
                .unknownPartition,
                .note,
                .nothing,
                FileNames.journal,
                "\(entries) entries are of topic \(topicID), which nothing else knows: it was deleted, or lost with "
                    + "the metadata before it had a folder"
            )
        }
        for corruption in corruptions {
            let rounds = corruption.lostRounds
            let path = corruption.path.split(separator: "/").suffix(2).joined(separator: "/")
            self.add(
                .journal,
                .damage,
                .quarantine,
                path,
                bytes: corruption.byteOffset..<corruption.byteOffset,
                "rounds \(rounds.lowerBound) to \(rounds.upperBound - 1) cannot be read"
            )
        }
        if summary.hasTornTail {
            self.add(
                .unfinished,
                .note,
                .start,
                FileNames.journal,
                "the last round is not whole: it was never acknowledged, or it is damaged; no format can tell"
            )
        }
    }

    private mutating func readSalvaged() throws(FileError) {
        for entry in try self.root.entries() where entry.name.hasSuffix(FileNames.salvageSuffix) {
            let file = try self.root.open(entry.name)
            let size = try file.size()
            var scanner = BatchScanner(file: file, from: 0, limit: size, wholeBytesMax: 64 << 20)
            reading: while true {
                switch try scanner.next(checksFrom: 0) {
                case .end: break reading
                case .batch(let header, _, _): self.progress(Int64(header.sizeInBytes))
                case .damaged(let reason):
                    let bytes = scanner.position..<size
                    self.add(.salvage, .damage, .quarantine, entry.name, bytes: bytes, reason)
                    break reading
                }
            }
        }
    }
}
