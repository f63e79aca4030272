internal import CommandCore
internal import LogCore
internal import LogFiles
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Text

/// One run of `millrace import`.
///
/// Everything is written in `<target>/importing`: a partition in `<folder>.part`, which is renamed to `<folder>`
/// when it
/// is whole, with its figures in `<folder>.done`. `finish` moves the folders into the target and makes the metadata
/// last: a server refuses to start on folders without it.
struct ImportRun {
    struct Row {
        var key: OffsetCheckpoint.Key
        var start: Offset
        var end: Offset
        var records: Int64
        var bytes: Int64
        var largestProducerID: Int64
        var note = ""
    }

    let target: Directory
    let isDry: Bool
    private let allowsUnclean: Bool
    let nodeID: Int32

    private var directory = KafkaDirectory()
    /// Kafka's, of all directories.
    private var logStarts: [OffsetCheckpoint.Key: Offset] = [:]
    private(set) var identity: DirectoryProperties?
    private(set) var topicIDs: [String: TopicID] = [:]
    private(set) var rows: [Row] = []
    private(set) var offsets = CommittedOffsets()
    private(set) var metadata = KafkaMetadataLog()
    var notes: [String] = []
    private(set) var failures: [String] = []
    private(set) var lock: DirectoryLock?

    static let folder = "importing"
    private static let fileBytesMax = 64 << 20

    init(target: Directory, isDry: Bool, allowsUnclean: Bool, nodeID: Int32) {
        self.target = target
        self.isDry = isDry
        self.allowsUnclean = allowsUnclean
        self.nodeID = nodeID
    }

    var topicNames: [String] { Set(self.rows.map(\.key.topic)).sorted() }
    var topicCount: Int { self.topicNames.count }
    var work: Directory { self.target.directory(Self.folder) }
    var hasMetadataLog: Bool { !self.directory.metadata.isEmpty }

    // MARK: - What there is

    mutating func open(_ directories: [String], topics: Set<String>) throws {
        for path in directories {
            let source = Directory(path)
            guard (try? source.isDirectory()) == true else {
                throw NotFound(description: "there is no directory \(path)")
            }
            try self.open(source, topics)
        }
        guard !self.directory.partitions.isEmpty else {
            throw NotFound(
                description:
                    "no folder of a topic is in \(directories.joined(separator: ", ")): is that Kafka's log.dirs?"
            )
        }
        let absent = topics.subtracting(self.directory.topics)
        if let topic = absent.sorted().first { throw NotFound(description: "topic \(topic) has no folder there") }
        for key in self.directory.missing {
            self.notes.append("partition \(key.topic)-\(key.partition) is in none of the directories: it will be empty")
        }
        let skipped = Set(self.directory.skipped.map(\.reason)).sorted()
        for reason in skipped {
            let count = self.directory.skipped.count { $0.reason == reason }
            self.notes.append("\(count) folder\(count == 1 ? "" : "s") left alone: \(reason)")
        }
        if !self.isDry { try self.prepareTarget() }
    }

    private mutating func open(_ source: Directory, _ topics: Set<String>) throws {
        let entries = try source.entries()
        guard let bytes = try source.contents(of: FileNames.properties, bytesMax: 64 << 10),
            let properties = DirectoryProperties(decoding: bytes)
        else { throw Failure("\(source.path) has no meta.properties of a Kafka broker") }
        if let known = self.identity, known.clusterID != properties.clusterID {
            throw Failure("\(source.path) is of another cluster than the directories before it")
        }
        self.identity = self.identity ?? properties
        if !entries.contains(where: { $0.name == FileNames.cleanShutdown }) {
            guard self.allowsUnclean else {
                throw Failure(
                    "\(source.path) was not closed cleanly: stop the broker; after a crash give --unclean, which leaves out "
                        + "what is not whole at the end of a partition"
                )
            }
            self.notes.append("\(source.path) was not closed cleanly")
        }
        if let bytes = try source.contents(of: FileNames.logStartOffsets, bytesMax: Self.fileBytesMax),
            let checkpoint = OffsetCheckpoint(decoding: bytes)
        {
            self.logStarts.merge(checkpoint.offsets) { max($0, $1) }
        }
        self.directory.add(source.path, folders: entries.filter(\.isDirectory).map(\.name), topics: topics)
    }

    private mutating func prepareTarget() throws {
        try self.target.create()
        let refusal =
            "is not empty: an import makes a new data directory; `millrace mirror` follows a cluster into one "
        do throws(DirectoryLock.Failure) {
            self.lock = try DirectoryLock.acquire(in: self.target)
        } catch {
            throw Failure("\(error)")
        }
        let names = try self.target.entries().map(\.name)
        guard names.contains(Self.folder) || names.allSatisfy({ $0.hasPrefix(".") }) else {
            throw Failure("\(self.target.path) \(refusal)that runs")
        }
        try self.work.create()
    }

    // MARK: - Records

    mutating func copyPartitions() throws {
        var progress = Progress()
        defer { progress.clear() }
        var bytes = 0
        let count = self.directory.partitions.count
        for (index, entry) in self.directory.partitions.sorted(by: { $0.key < $1.key }).enumerated() {
            do throws(Failure) {
                let row = try self.copy(entry.key, entry.value) { more in
                    bytes += more
                    progress.update("\(index) of \(count) partitions, \(Progress.size(bytes))")
                }
                self.rows.append(row)
            } catch {
                self.failures.append("\(entry.key.topic)-\(entry.key.partition): \(error)")
            }
            if Interruption.isRequested { throw Failure("interrupted: run it again to continue", exitCode: 130) }
        }
    }

    private mutating func copy(
        _ key: OffsetCheckpoint.Key,
        _ sources: [KafkaDirectory.Source],
        progress: @escaping (Int) -> Void
    ) throws(Failure) -> Row {
        let folder = "\(key.topic)-\(key.partition)"
        let source = try self.furthest(sources)
        let topicID = try self.topicID(of: key.topic, source)
        do {
            if !self.isDry, let done = try self.work.contents(of: "\(folder).done", bytesMax: 4096),
                let row = Row(key: key, text: String(decoding: done, as: UTF8.self))
            {
                return row
            }
            let part = self.work.directory("\(folder).part")
            if !self.isDry {
                try part.removeTree()
                try part.create()
            }
            var continuity = LogContinuity()
            var copy = SegmentCopy(
                from: source,
                to: self.isDry ? nil : part,
                allowsTornEnd: self.allowsUnclean,
                visit: { batch throws(RecordBatchError) in try continuity.add(batch) },
                progress: progress
            )
            try copy.run()
            var notes: [String] = []
            if let torn = copy.tornAt { notes.append("left out from \(torn)") }
            let opened = continuity.openTransactionCount
            if opened > 0 { notes.append("\(opened) open transaction\(opened == 1 ? "" : "s") aborted") }
            let markers = try continuity.abortOpenTransactions(now: Clock.now)
            let segments = try SegmentCopy.segments(of: source)
            if !self.isDry, let last = segments.last {
                try Self.append(markers, to: part, last)
                let own = PartitionMetadata(topicID: topicID).encoded(folder: folder)
                try part.replace(FileNames.partitionMetadata, with: own)
            }
            let base = segments.first.flatMap { Offset($0.dropLast(4)) } ?? 0
            let start = max(self.logStarts[key] ?? 0, base)
            let row = Row(
                key: key,
                start: start,
                end: max(start, continuity.end),
                records: continuity.recordCount,
                bytes: continuity.byteCount,
                largestProducerID: continuity.largestProducerID,
                note: notes.joined(separator: "; ")
            )
            if !self.isDry {
                try self.target.disk.rename(part.path, to: self.work.path(of: folder))
                try self.work.replace("\(folder).done", with: Array(row.text.utf8))
            }
            return row
        } catch let failure as Failure {
            throw failure
        } catch let error as RecordBatchError {
            throw Failure(error.message)
        } catch {
            throw Failure("\(error)")
        }
    }

    /// Of several copies the one whose last segment begins latest, then the longest one.
    private func furthest(_ sources: [KafkaDirectory.Source]) throws(Failure) -> Directory {
        var best: (directory: Directory, base: String, size: Int64)?
        for source in sources {
            let directory = Directory(source.directory).directory(source.folder)
            do throws(FileError) {
                let last = try SegmentCopy.segments(of: directory).last ?? ""
                let size = last.isEmpty ? 0 : try directory.status(of: last)?.sizeBytes ?? 0
                if let known = best, (known.base, known.size) >= (last, size) { continue }
                best = (directory, last, size)
            } catch {
                throw Failure(error.description)
            }
        }
        guard let best else { throw Failure("the partition has no folder") }
        return best.directory
    }

    /// As the folder says; a topic of a Kafka before 2.8 gets a new one.
    private mutating func topicID(of topic: String, _ source: Directory) throws(Failure) -> TopicID {
        let name = source.path.split(separator: "/").last.map(String.init) ?? ""
        var found: TopicID?
        // First what an earlier run has given it.
        for directory in [self.work.directory(name), source] where found == nil {
            do throws(FileError) {
                let bytes = try directory.contents(
                    of: FileNames.partitionMetadata,
                    bytesMax: PartitionMetadata.fileBytesMax
                )
                found = bytes.flatMap { PartitionMetadata(decoding: $0, folder: name)?.topicID }
            } catch {
                throw Failure(error.description)
            }
        }
        if let known = self.topicIDs[topic] {
            guard found == nil || found == known else {
                throw Failure("\(source.path) is of another topic than the other folders of \(topic)")
            }
            return known
        }
        let id = found ?? TopicID.random()
        self.topicIDs[topic] = id
        return id
    }

    private static func append(_ batches: [ByteBuffer], to directory: Directory, _ segment: String) throws(FileError) {
        guard !batches.isEmpty else { return }
        let file = try directory.open(segment, options: [.write])
        defer { try? file.close() }
        var position = try file.size()
        for batch in batches {
            let outcome: Result<Void, FileError> = batch.withUnsafeReadableBytes { bytes in
                Result { () throws(FileError) in try file.write(bytes, at: position) }
            }
            try outcome.get()
            position += Int64(batch.readableBytes)
        }
        try file.synchronizeData()
    }

    // MARK: - Groups and settings

    mutating func readGroups() throws {
        var offsets = CommittedOffsets()
        for source in self.directory.offsets {
            try Self.read(source) { batch throws(RecordBatchError) in try offsets.add(batch) }
        }
        offsets.keep(topics: Set(self.topicNames))
        self.offsets = offsets
        if self.directory.offsets.isEmpty { self.notes.append("no __consumer_offsets is there: no group is imported") }
        if offsets.damagedCount > 0 {
            self.notes.append("\(offsets.damagedCount) records of groups cannot be read and were left out")
        }
        var metadata = KafkaMetadataLog()
        for source in self.directory.metadata {
            try Self.read(source) { batch throws(RecordBatchError) in
                guard !batch.header.attributes.isControl else { return }
                var reader = try batch.records(decompressedBytesMax: 1 << 30)
                while let record = try reader.next() {
                    if let value = record.value { metadata.add(value) }
                }
            }
        }
        self.metadata = metadata
        if self.directory.metadata.isEmpty {
            self.notes.append(
                "the settings of topics are not there: each gets retention.ms=-1; set them with `millrace topic alter`"
            )
        }
    }

    /// Snapshots of the controllers' log come before its segments, which begin where the snapshot ends.
    private static func read(
        _ source: KafkaDirectory.Source,
        _ visit: @escaping (StoredBatch) throws(RecordBatchError) -> Void
    ) throws(Failure) {
        let directory = Directory(source.directory).directory(source.folder)
        var snapshot: [UInt8]?
        do throws(FileError) {
            let snapshots = try directory.entries().map(\.name).filter { $0.hasSuffix(".checkpoint") }.sorted()
            if let newest = snapshots.last { snapshot = try directory.contents(of: newest, bytesMax: 1 << 30) }
        } catch {
            throw Failure(error.description)
        }
        var cursor = BatchCursor(ByteBuffer(bytes: snapshot ?? []), verifiesChecksums: true)
        do throws(RecordBatchError) {
            while let batch = try cursor.nextWhole() { try visit(batch) }
        } catch {
            throw Failure("the newest snapshot of \(directory.path): \(error.message)")
        }
        // What is not whole at the end of these logs counts for nothing.
        var copy = SegmentCopy(from: directory, to: nil, allowsTornEnd: true, visit: visit, progress: { _ in })
        try copy.run()
    }
}

extension ImportRun.Row {
    /// The figures on a line, for a run that continues.
    var text: String {
        "\(self.start) \(self.end) \(self.records) \(self.bytes) \(self.largestProducerID) \(self.note)\n"
    }

    init?(key: OffsetCheckpoint.Key, text: String) {
        let parts = text.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
        let numbers = parts.prefix(5).compactMap { Int64($0) }
        guard numbers.count == 5, parts.count == 6, text.hasSuffix("\n") else { return nil }
        self.init(
            key: key,
            start: numbers[0],
            end: numbers[1],
            records: numbers[2],
            bytes: numbers[3],
            largestProducerID: numbers[4],
            note: String(parts[5].dropLast())
        )
    }
}
