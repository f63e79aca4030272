internal import LogCore
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

/// The root of the data: locked, checked, with its checkpoints read.
///
/// The first start waits for the disk: the files that say whose directory this is and in which format are put into
/// place whole, because a torn one would keep every later start from reading the data. Later starts wait for no disk.
/// The names are forced once more by `makeDurable`, which the keeper calls at once and the journal before it has a
/// file, so before anything is acknowledged.
final class DataDirectory: Sendable {
    /// What this program writes to `millrace.version`. 1: Kafka's layout and journal format 1.
    static let version = 1

    let root: Directory
    let properties: DirectoryProperties
    let recoveryPoints: OffsetCheckpoint
    /// Checkpoints were made, and what they said was forced cannot be read any more.
    let lostRecoveryPoints: Bool
    /// One of their files has to be written again.
    let needsRecoveryPoints: Bool
    let logStarts: OffsetCheckpoint.Reading
    /// Where compaction may have left gaps, see `SegmentWalk`.
    let cleanerOffsets: OffsetCheckpoint.Reading
    let producers: ProducerCheckpoint
    /// The last run ended with `close`.
    let wasClosedCleanly: Bool
    /// A checkpoint's files were damaged: the next checkpoint writes them again, and is to come soon.
    var hasDamagedCheckpoints: Bool {
        self.lostRecoveryPoints || self.needsMending || self.logStarts.isDamaged || self.cleanerOffsets.isDamaged
    }
    private let needsMending: Bool
    private let lock: Mutex<DirectoryLock?>
    /// Held while it is being made durable: the second caller must wait for the first.
    private let durability: WorkLock
    private let isDurable = Atomic<Bool>(false)

    private init(
        root: Directory,
        lock: DirectoryLock,
        properties: DirectoryProperties,
        recoveryPoints: RecoveryPoints,
        logStarts: OffsetCheckpoint.Reading,
        cleanerOffsets: OffsetCheckpoint.Reading,
        producers: ProducerCheckpoint,
        wasClosedCleanly: Bool,
        threads: any ThreadScheduler
    ) {
        self.durability = WorkLock(on: threads)
        self.root = root
        self.lock = Mutex(lock)
        self.properties = properties
        self.recoveryPoints = recoveryPoints.offsets
        self.lostRecoveryPoints = recoveryPoints.areLost
        self.needsRecoveryPoints = !recoveryPoints.areThere || recoveryPoints.needsWriting
        self.needsMending = recoveryPoints.needsWriting
        self.logStarts = logStarts
        self.cleanerOffsets = cleanerOffsets
        self.producers = producers
        self.wasClosedCleanly = wasClosedCleanly
    }

    static func open(
        path: String,
        properties: DirectoryProperties,
        settings: EngineSettings,
        environment: EngineEnvironment,
        logger: Logger
    ) throws(LogError) -> DataDirectory {
        let root = Directory(path, on: environment.disk)
        let lock: DirectoryLock
        do throws(FileError) {
            try Self.make(root)
        } catch {
            throw LogError(.storage, error.description)
        }
        do throws(DirectoryLock.Failure) {
            lock = try DirectoryLock.acquire(in: root)
        } catch {
            throw LogError(.storage, error.description)
        }
        do throws(FileError) {
            // On a full disk the reserve makes room for what a start must write.
            if try root.freeBytes() < settings.reserveBytes { try root.remove(FileNames.reserve) }
            try Self.checkVersion(root)
            let owner = try Self.checkProperties(root, properties)
            let wasClosedCleanly = try root.remove(FileNames.cleanShutdown)
            return DataDirectory(
                root: root,
                lock: lock,
                properties: owner,
                recoveryPoints: try Self.recoveryPoints(root, logger),
                logStarts: try Self.read(
                    FileNames.logStartOffsets,
                    root,
                    logger,
                    "deleted records may be served again up to the first segment"
                ),
                cleanerOffsets: try Self.read(
                    FileNames.cleanerOffsets,
                    root,
                    logger,
                    "compaction begins with the first segment"
                ),
                producers: try Self.producers(root, logger),
                wasClosedCleanly: wasClosedCleanly,
                threads: environment.threads
            )
        } catch {
            if error.operation == Self.refusal { throw LogError(.storage, error.path) }
            throw LogError(.storage, error.description)
        }
    }

    private static let refusal = "refused"

    private static func refuse(_ message: String) -> FileError {
        FileError(operation: Self.refusal, path: message, errno: 0)
    }

    private static func checkVersion(_ root: Directory) throws(FileError) {
        let bytes = try root.contents(of: FileNames.version, bytesMax: FileNames.identityBytesMax)
        guard let bytes, !bytes.isEmpty else {
            return try root.replace(FileNames.version, with: Array("\(Self.version)\n".utf8))
        }
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let version = Int(text) else {
            throw Self.refuse(
                "\(root.path)/\(FileNames.version) is damaged: it does not hold a number. `millrace repair` makes it "
                    + "again"
            )
        }
        guard version <= Self.version else {
            throw Self.refuse(
                "\(root.path) was written by a newer Millrace (format \(text)); this one reads \(Self.version)"
            )
        }
    }

    private static func checkProperties(
        _ root: Directory,
        _ wanted: DirectoryProperties
    ) throws(FileError) -> DirectoryProperties {
        let bytes = try root.contents(of: FileNames.properties, bytesMax: FileNames.identityBytesMax)
        guard let bytes, !bytes.isEmpty else {
            try root.replace(FileNames.properties, with: wanted.encoded())
            return wanted
        }
        guard let found = DirectoryProperties(decoding: bytes) else {
            let version = DirectoryProperties.version(in: bytes) ?? "none"
            throw Self.refuse(
                "\(root.path)/\(FileNames.properties) has version \(version) and cannot be read; versions 0 and 1 can. "
                    + "If it is damaged, `millrace repair` makes it again"
            )
        }
        guard found.clusterID == wanted.clusterID, found.nodeID == wanted.nodeID else {
            throw Self.refuse(
                """
                \(root.path) belongs to node \(found.nodeID) of cluster \(found.clusterID), not to node \
                \(wanted.nodeID) of cluster \(wanted.clusterID)
                """
            )
        }
        return found
    }

    private static func make(_ root: Directory) throws(FileError) {
        do throws(FileError) {
            try root.make()
            if try root.isDirectory() { return }
        } catch {
            guard error.isNotFound else { throw error }
        }
        // Makes missing ancestors too, or says what is in the way.
        try root.create()
    }

    /// Forces the directory's own name and the names in it. Does nothing after it has succeeded once.
    ///
    /// The files that identify the directory are forced before they get their names. A process that was killed may have
    /// left the names in memory only.
    func makeDurable() throws(FileError) {
        if self.isDurable.load(ordering: .acquiring) { return }
        try self.durability.withLock { () throws(FileError) in
            if self.isDurable.load(ordering: .acquiring) { return }
            try self.root.synchronize()
            try self.root.synchronizeName()
            self.isDurable.store(true, ordering: .releasing)
        }
    }

    private struct RecoveryPoints {
        var offsets = OffsetCheckpoint()
        var areThere = false
        var areLost = false
        /// One of its files has to be written again.
        var needsWriting = false
    }

    private static func recoveryPoints(_ root: Directory, _ logger: Logger) throws(FileError) -> RecoveryPoints {
        let name = FileNames.recoveryPoints
        let reading = try Self.read(name, root, logger, "the journal tells what was forced")
        switch reading {
        case .sound: return RecoveryPoints(offsets: reading.offsets, areThere: true)
        case .unchecked, .mended: return RecoveryPoints(offsets: reading.offsets, areThere: true, needsWriting: true)
        case .lost: return RecoveryPoints(areLost: true)
        case .missing: break
        }
        // Those are written after it.
        for later in [FileNames.logStartOffsets, FileNames.producers] where try root.status(of: later) != nil {
            logger.error("checkpoint is missing; the journal tells what was forced", metadata: ["file": "\(name)"])
            return RecoveryPoints(areLost: true)
        }
        return RecoveryPoints()
    }

    /// Reads a checkpoint and its copy. What cannot be used is kept aside.
    private static func read(
        _ name: String,
        _ root: Directory,
        _ logger: Logger,
        _ consequence: String
    ) throws(FileError) -> OffsetCheckpoint.Reading {
        let copyName = CheckedCopy.name(of: name)
        let reading = OffsetCheckpoint.read(
            name,
            file: try root.contents(of: name, bytesMax: 256 << 20),
            copy: try root.contents(of: copyName, bytesMax: 257 << 20)
        )
        switch reading {
        case .missing, .sound, .unchecked: break
        case .mended(_, let flaw):
            logger.error(
                "a file of a checkpoint is damaged; the other one serves, and both are written again",
                metadata: ["file": "\(flaw.file)", "reason": "\(flaw.reason)"]
            )
        case .lost:
            for file in [name, copyName] where try root.status(of: file) != nil {
                try root.rename(file, to: file + ".damaged")
            }
            logger.error("checkpoint is unreadable and kept aside; \(consequence)", metadata: ["file": "\(name)"])
        }
        return reading
    }

    private static func producers(_ root: Directory, _ logger: Logger) throws(FileError) -> ProducerCheckpoint {
        guard let bytes = try root.contents(of: FileNames.producers, bytesMax: 256 << 20) else {
            return ProducerCheckpoint()
        }
        if let checkpoint = ProducerCheckpoint(decoding: bytes) { return checkpoint }
        logger.warning("checkpoint is unreadable; more is read again", metadata: ["file": "\(FileNames.producers)"])
        return ProducerCheckpoint()
    }

    /// Whose a folder with a partition's name was found to be.
    enum Claim: Equatable {
        /// The partition's own, or there is none.
        case own
        /// The partition's own, and the file that says so was made again.
        case mended
        /// Another topic's, or nothing says whose: it has this name now.
        case setAside(String)
    }

    /// Looks whose the folder is that has the name of a partition. Renames one that belongs to another topic, or does
    /// not say whose it is.
    ///
    /// The metadata names every deletion until its data is gone, and those folders are removed before this is asked. So
    /// what is found here was not deleted: the metadata that knew it is lost, or a power cut took the file that names
    /// the owner. It is kept under another name.
    ///
    /// A damaged file does not make a partition foreign: its records would be missing, and their offsets be given
    /// again. A part of the file, or a recovery point under the folder's name, tells that it is the partition's.
    func claim(
        _ folder: Directory,
        key: OffsetCheckpoint.Key,
        for partition: TopicPartition,
        engine: FileLogEngine
    ) throws(FileError) -> Claim {
        guard try folder.isDirectory() else { return .own }
        let folderName = FileNames.folder(topic: key.topic, partition: key.partition)
        let ownership = PartitionMetadata.ownership(of: folderName, try folder.ownerFile(), for: partition.topicID)
        switch ownership {
        case .own: return .own
        case .damaged: break
        case .foreign(let owner):
            try engine.forget([(key, TopicPartition(topicID: owner, partition: key.partition))])
            return .setAside(try self.setAsideForeign(key, owner: owner, engine: engine))
        case .unknown:
            // Nothing of it was forced: the journal has what was acknowledged.
            guard engine.points.withLock({ $0.recovery.offsets[key] != nil }) else {
                return .setAside(try self.setAsideForeign(key, owner: nil, engine: engine))
            }
        }
        let metadata = PartitionMetadata(topicID: partition.topicID)
        try folder.replace(FileNames.partitionMetadata, with: metadata.encoded(folder: folderName))
        return .mended
    }

    private func setAsideForeign(
        _ key: OffsetCheckpoint.Key,
        owner: TopicID?,
        engine: FileLogEngine
    ) throws(FileError) -> String {
        let name = try self.renameForeign(key, owner: owner, engine: engine)
        try self.root.synchronize()
        return name
    }

    /// - Returns: the new name.
    func renameForeign(
        _ key: OffsetCheckpoint.Key,
        owner: TopicID?,
        engine: FileLogEngine
    ) throws(FileError) -> String {
        let random = engine.environment.random
        let name = FileNames.foreignFolder(
            topic: key.topic,
            partition: key.partition,
            unique: owner ?? TopicID(high: random(), low: random())
        )
        try self.root.rename(FileNames.folder(topic: key.topic, partition: key.partition), to: name)
        return name
    }

    /// Lets another engine have the directory.
    func unlock() { self.lock.withLock { $0 = nil } }

    /// What has the name of a partition's folder, in order.
    func partitionFolders() throws(FileError) -> [OffsetCheckpoint.Key] {
        try self.root.entries().filter(\.isDirectory).compactMap { FileNames.parseFolder($0.name) }
            .sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    /// Folders that wait for removal since an earlier run.
    func deletedFolders() throws(FileError) -> [String] {
        try self.root.entries().filter { $0.isDirectory && FileNames.isDeleted($0.name) }.map(\.name)
    }
}

extension Directory {
    /// The topic that a partition's folder belongs to; `nil` when there is no folder or it does not say.
    func topicID(_ key: OffsetCheckpoint.Key) throws(FileError) -> TopicID? {
        let folder = FileNames.folder(topic: key.topic, partition: key.partition)
        return try self.ownerFile().flatMap { PartitionMetadata(decoding: $0, folder: folder)?.topicID }
    }

    /// The bytes of `partition.metadata`; `nil` when there is no folder or no such file.
    func ownerFile() throws(FileError) -> [UInt8]? {
        do throws(FileError) {
            return try self.contents(of: FileNames.partitionMetadata, bytesMax: PartitionMetadata.fileBytesMax)
        } catch {
            if error.isNotFound { return nil }
            // Larger than any that was written.
            if error.isTooLarge { return [] }
            throw error
        }
    }
}
