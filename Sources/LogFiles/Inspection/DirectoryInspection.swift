package import LogCore
package import Model

/// Reads everything in a data directory that no server has open, and says what differs from what was written. Never
/// writes. The metadata is inspected by its own store; what it knows of topics comes in.
package struct DirectoryInspection {
    /// What the metadata knows.
    package struct KnownTopics: Sendable {
        /// Every partition that a topic has.
        package var partitions: [OffsetCheckpoint.Key: TopicID]
        /// Topics whose deletion is under way: their folders may be there still.
        package var deleting: Set<String>

        package init(partitions: [OffsetCheckpoint.Key: TopicID], deleting: Set<String>) {
            self.partitions = partitions
            self.deleting = deleting
        }
    }

    let root: Directory
    /// `nil` when the metadata cannot be read.
    let known: KnownTopics?
    let progress: (_ partition: String, _ bytes: Int64) -> Void
    private var report = DirectoryReport()
    private(set) var recoveryPoints = OffsetCheckpoint()
    private(set) var logStarts = OffsetCheckpoint()
    private var cleanerOffsets = OffsetCheckpoint()
    private var isRecoveryPointLost = false

    /// - Parameters:
    ///   - path: the data directory.
    ///   - progress: called with the partition, or the part of the directory, that bytes were read of.
    package init(
        _ root: Directory,
        known: KnownTopics?,
        progress: @escaping (_ partition: String, _ bytes: Int64) -> Void = { _, _ in }
    ) {
        self.root = root
        self.known = known
        self.progress = progress
    }

    /// Blocking; reads every byte of every segment.
    package mutating func run() -> DirectoryReport {
        self.checkIdentity()
        self.checkCheckpoints()
        let folders: [OffsetCheckpoint.Key]
        do throws(FileError) {
            let entries = try self.root.entries()
            folders = entries.filter(\.isDirectory).compactMap { FileNames.parseFolder($0.name) }.sorted()
            self.noteSetAside(entries)
        } catch {
            self.report.findings.append(Finding(.unreadable, .unreadable, .nothing, path: "", error.description))
            return self.report
        }
        var lost: [OffsetCheckpoint.Key: LostOffsets] = [:]
        for key in folders { lost[key] = self.inspect(key) }
        self.checkMissingFolders(Set(folders))
        self.checkJournal(lost)
        return self.report
    }

    static let missingFile = "the file is missing"

    private mutating func add(
        _ kind: Finding.Kind,
        _ severity: Finding.Severity = .damage,
        _ remedy: Finding.Remedy,
        _ path: String,
        _ reason: String
    ) {
        self.report.findings.append(Finding(kind, severity, remedy, path: path, reason))
    }

    private mutating func contents(of name: String, bytesMax: Int) -> [UInt8]? {
        do throws(FileError) {
            let bytes = try self.root.contents(of: name, bytesMax: bytesMax)
            self.progress(name, Int64(bytes?.count ?? 0))
            return bytes
        } catch {
            self.add(.unreadable, .unreadable, .nothing, name, error.description)
            return nil
        }
    }

    // MARK: Root files

    private mutating func checkIdentity() {
        self.report.wasClosedCleanly = self.root.has(FileNames.cleanShutdown)
        if let bytes = self.contents(of: FileNames.version, bytesMax: FileNames.identityBytesMax), !bytes.isEmpty {
            let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            if let version = Int(text) {
                if version > DataDirectory.version {
                    self.add(.version, .damage, .restore, FileNames.version, "format \(version) is of a newer Millrace")
                }
            } else {
                self.add(.version, .damage, .rebuild, FileNames.version, "the file does not hold a number")
            }
        } else {
            self.add(.version, .note, .start, FileNames.version, "the file is missing or empty")
        }
        let properties = self.contents(of: FileNames.properties, bytesMax: FileNames.identityBytesMax)
        self.report.properties = properties.flatMap { DirectoryProperties(decoding: $0) }
        if self.report.properties == nil {
            let reason = properties == nil ? "the file is missing" : "the file does not say whose directory it is"
            self.add(.properties, .damage, .rebuild, FileNames.properties, reason)
        }
    }

    private mutating func checkCheckpoints() {
        let producers = self.contents(of: FileNames.producers, bytesMax: 256 << 20)
        if let producers, ProducerCheckpoint(decoding: producers) == nil {
            self.add(
                .checkpoint,
                .damage,
                .rebuild,
                FileNames.producers,
                "the producers' checkpoint fails its checksum; they are read from snapshots and segments"
            )
        }
        let points = self.checkpoint(FileNames.recoveryPoints, "what was forced to disk is not known")
        self.recoveryPoints = points.offsets
        self.isRecoveryPointLost = points == .lost
        if points == .missing, self.report.wasClosedCleanly || producers != nil {
            self.isRecoveryPointLost = true
            self.add(.checkpoint, .damage, .rebuild, FileNames.recoveryPoints, Self.missingFile)
        }
        self.logStarts =
            self.checkpoint(FileNames.logStartOffsets, "records that were deleted may be served again").offsets
        self.cleanerOffsets =
            self.checkpoint(FileNames.cleanerOffsets, "gaps that compaction left look like damage").offsets
    }

    private mutating func checkpoint(_ name: String, _ consequence: String) -> OffsetCheckpoint.Reading {
        let reading = OffsetCheckpoint.read(
            name,
            file: self.contents(of: name, bytesMax: 256 << 20),
            copy: self.contents(of: CheckedCopy.name(of: name), bytesMax: 257 << 20)
        )
        switch reading {
        case .missing, .sound, .unchecked: break
        case .mended(_, let flaw):
            self.add(.checkpoint, .damage, .start, flaw.file, "\(flaw.reason); a start takes the other one")
        case .lost:
            self.add(.checkpoint, .damage, .rebuild, name, "the checkpoint and its copy are not whole: \(consequence)")
        }
        return reading
    }

    private mutating func noteSetAside(_ entries: [Directory.Entry]) {
        for entry in entries {
            let isForeign = entry.isDirectory && FileNames.isForeign(entry.name)
            guard isForeign || (entry.isDirectory && entry.name == FileNames.quarantine) else { continue }
            self.add(.setAside, .note, .nothing, entry.name, "kept by a start or a repair; nothing uses it")
        }
    }

    // MARK: Partitions

    /// - Returns: what earlier repairs took out of the partition.
    private mutating func inspect(_ key: OffsetCheckpoint.Key) -> LostOffsets {
        let name = FileNames.folder(topic: key.topic, partition: key.partition)
        let folder = self.root.directory(name)
        let knownID = self.known?.partitions[key]
        let lost = self.lostOffsets(key, (try? folder.topicID(key)) ?? knownID)
        let expected = PartitionInspection.Expectation(
            topicID: knownID,
            recoveryPoint: self.recoveryPoints.offsets[key],
            isRecoveryPointLost: self.isRecoveryPointLost,
            logStart: self.logStarts.offsets[key],
            cleaned: self.cleanedSegments(key, in: folder),
            wasClosedCleanly: self.report.wasClosedCleanly,
            lost: lost
        )
        let progress = self.progress
        var inspection = PartitionInspection(folder, name: name, expected) { progress(name, $0) }
        var report = inspection.run()
        if let known, known.partitions[key] == nil, !known.deleting.contains(key.topic) {
            report.add(.unknownPartition, .damage, .addTopic, file: "", "the metadata does not know this partition")
        }
        self.report.partitions.append(report)
        return lost
    }

    private mutating func cleanedSegments(_ key: OffsetCheckpoint.Key, in folder: Directory) -> CleanedSegments {
        let offset = self.cleanerOffsets.offsets[key]
        let name = FileNames.folder(topic: key.topic, partition: key.partition) + "/" + FileNames.cleanedSegments
        do throws(FileError) {
            let (cleaned, isDamaged) = try CleanedSegments.read(in: folder, cleanerOffset: offset)
            guard isDamaged else { return cleaned }
            let reason = "the file is not whole: gaps below offset \(offset ?? 0) count as compacted"
            self.add(.checkpoint, .damage, .start, name, reason)
            return cleaned
        } catch {
            self.add(.unreadable, .unreadable, .nothing, name, error.description)
            return CleanedSegments(gapsBefore: offset ?? 0)
        }
    }

    private mutating func lostOffsets(_ key: OffsetCheckpoint.Key, _ topicID: TopicID?) -> LostOffsets {
        guard let topicID else { return LostOffsets() }
        let partition = TopicPartition(topicID: topicID, partition: key.partition)
        let name = FileNames.quarantineFolder(topic: key.topic, partition: partition) + "/" + LostOffsets.fileName
        guard let bytes = self.contents(of: name, bytesMax: LostOffsets.fileBytesMax) else { return LostOffsets() }
        if let lost = LostOffsets(decoding: bytes) { return lost }
        self.add(.setAside, .note, .nothing, name, "the list of what earlier repairs took out is damaged")
        return LostOffsets()
    }

    private mutating func checkMissingFolders(_ folders: Set<OffsetCheckpoint.Key>) {
        for (key, point) in self.recoveryPoints.offsets.sorted(by: { $0.key < $1.key }) where !folders.contains(key) {
            let name = FileNames.folder(topic: key.topic, partition: key.partition)
            if let known, known.partitions[key] == nil {
                if known.deleting.contains(key.topic) { continue }
                self.add(.unknownPartition, .damage, .addTopic, name, "a checkpoint has it and the metadata does not")
            }
            let start = self.logStarts.offsets[key] ?? 0
            guard point > start else { continue }
            self.report.findings.append(
                Finding(
                    .missingFolder,
                    .damage,
                    .quarantine,
                    partition: name,
                    path: name,
                    offsets: start..<point,
                    "the folder is missing"
                )
            )
        }
    }

    // MARK: The journal

    private mutating func checkJournal(_ lost: [OffsetCheckpoint.Key: LostOffsets]) {
        var ends: [TopicPartition: Offset] = [:]
        var keys: [TopicPartition: OffsetCheckpoint.Key] = [:]
        for (key, topicID) in self.known?.partitions ?? [:] {
            let partition = TopicPartition(topicID: topicID, partition: key.partition)
            ends[partition] = self.logStarts.offsets[key] ?? 0
            keys[partition] = key
        }
        for report in self.report.partitions {
            guard let key = FileNames.parseFolder(report.name),
                let topicID = self.known?.partitions[key] ?? report.topicID
            else { continue }
            let partition = TopicPartition(topicID: topicID, partition: key.partition)
            ends[partition] = report.end
            keys[partition] = key
        }
        let progress = self.progress
        var journal = JournalInspection(root: self.root, ends: ends) { progress(FileNames.journal, $0) }
        journal.run()
        self.report.journalEntryCount = journal.entryCount
        self.report.findings += journal.findings
        for (partition, offsets) in journal.gaps {
            guard let key = keys[partition] else { continue }
            self.found(offsets, of: key, in: FileNames.journal, lost[key], "the journal has lost them")
        }
        for index in self.report.partitions.indices {
            let report = self.report.partitions[index]
            guard let key = FileNames.parseFolder(report.name),
                let topicID = self.known?.partitions[key] ?? report.topicID
            else { continue }
            let end = journal.ends[TopicPartition(topicID: topicID, partition: key.partition)] ?? report.end
            self.report.partitions[index].end = end
            guard let point = self.recoveryPoints.offsets[key], end < point,
                report.damage.last?.offsets.upperBound != point
            else { continue }
            self.found(end..<point, of: key, in: report.name, lost[key], "they were forced to disk and are not there")
        }
    }

    private mutating func found(
        _ offsets: Range<Offset>,
        of key: OffsetCheckpoint.Key,
        in path: String,
        _ lost: LostOffsets?,
        _ reason: String
    ) {
        let name = FileNames.folder(topic: key.topic, partition: key.partition)
        let isKnown = lost?.covers(offsets) ?? false
        let finding = Finding(
            isKnown ? .lost : .missingOffsets,
            isKnown ? .note : .damage,
            isKnown ? .nothing : .quarantine,
            partition: name,
            path: path,
            offsets: offsets,
            isKnown ? "lost since an earlier repair; readers are answered with an error" : reason
        )
        if let index = self.report.partitions.firstIndex(where: { $0.name == name }) {
            self.report.partitions[index].findings.append(finding)
        } else {
            self.report.findings.append(finding)
        }
    }
}
