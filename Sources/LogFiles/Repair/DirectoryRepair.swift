package import LogCore
internal import Model
internal import NIOCore

/// Carries out the steps of a `RepairPlan`. Blocking. The caller holds the directory's lock.
///
/// Nothing is deleted but what can be made again: what a step takes out is first kept below `quarantine/`, forced. A
/// crash between any two calls leaves a directory that the next inspection finds damaged in the same way or less.
package struct DirectoryRepair {
    let root: Directory

    package init(_ root: Directory) { self.root = root }

    package func perform(_ step: RepairStep) throws(LogError) {
        do throws(FileError) {
            try self.run(step)
        } catch {
            throw LogError(error)
        }
    }

    private func run(_ step: RepairStep) throws(FileError) {
        switch step {
        case .writeProperties(let properties):
            try self.root.replace(FileNames.properties, with: properties.encoded())
        case .writeVersion:
            try self.root.replace(FileNames.version, with: Array("\(DataDirectory.version)\n".utf8))
        case .mendCheckpoint(let name):
            let reading = OffsetCheckpoint.read(
                name,
                file: try self.root.contents(of: name, bytesMax: 256 << 20),
                copy: try self.root.contents(of: CheckedCopy.name(of: name), bytesMax: 257 << 20)
            )
            try self.writeCheckpoint(name, reading.offsets)
        case .setAsideFile(let name):
            try self.setAside(name, of: self.root, to: self.root.directory(FileNames.quarantine))
        case .writeOwner(let key, let id):
            try self.writeOwner(key, id)
        case .makeFolder(let key, let id, let start):
            let folder = self.folder(key)
            try folder.create()
            try self.makeSegment(in: folder, base: start)
            try self.writeOwner(key, id)
        case .makeSegment(let key, let base):
            try self.makeSegment(in: self.folder(key), base: base)
        case .split(let key, let id, let base, let ranges):
            let partition = TopicPartition(topicID: id, partition: key.partition)
            let split = SegmentSplit(
                folder: self.folder(key),
                quarantine: try self.quarantine(key.topic, partition),
                base: base,
                ranges: ranges
            )
            try split.run()
        case .noteLost(let key, let id, let ranges):
            try self.noteLost(key, TopicPartition(topicID: id, partition: key.partition), ranges)
        case .rebuildIndexes(let key, let base):
            try IndexRebuild(folder: self.folder(key), base: base).run()
        case .rebuildTransactionIndex(let key, let base, let entries):
            try IndexRebuild.write(entries, base: base, in: self.folder(key))
        case .setAsideSnapshot(let key, let id, let offset):
            let partition = TopicPartition(topicID: id, partition: key.partition)
            try self.setAside(
                FileNames.file(.snapshot, base: offset),
                of: self.folder(key),
                to: try self.quarantine(key.topic, partition)
            )
        case .writeEpochs(let key, let id, let epochs):
            let bytes = PartitionMetadata(topicID: id, epochs: epochs).encoded(folder: Self.folderName(key))
            try self.folder(key).replace([
                (FileNames.leaderEpochs, epochs.encoded()), (FileNames.partitionMetadata, bytes),
            ])
        case .writeRecoveryPoints(let points):
            try self.writeRecoveryPoints(points)
        }
    }

    private static func folderName(_ key: OffsetCheckpoint.Key) -> String {
        FileNames.folder(topic: key.topic, partition: key.partition)
    }

    private func folder(_ key: OffsetCheckpoint.Key) -> Directory { self.root.directory(Self.folderName(key)) }

    private func writeOwner(_ key: OffsetCheckpoint.Key, _ id: TopicID) throws(FileError) {
        let bytes = PartitionMetadata(topicID: id).encoded(folder: Self.folderName(key))
        try self.folder(key).replace(FileNames.partitionMetadata, with: bytes)
    }

    private func writeCheckpoint(_ name: String, _ offsets: OffsetCheckpoint) throws(FileError) {
        let bytes = offsets.encoded()
        try self.root.replace([(CheckedCopy.name(of: name), CheckedCopy.encode(bytes, of: name)), (name, bytes)])
    }

    private func quarantine(_ topic: String, _ partition: TopicPartition) throws(FileError) -> Directory {
        let folder = self.root.directory(FileNames.quarantineFolder(topic: topic, partition: partition))
        // Makes `quarantine` too, and forces both names.
        try folder.create()
        return folder
    }

    private func makeSegment(in folder: Directory, base: Offset) throws(FileError) {
        _ = try folder.open(FileNames.file(.log, base: base), options: [.write, .create])
        // Those of the segment that was lost may be there still.
        try IndexRebuild(folder: folder, base: base).run()
        try folder.synchronize()
    }

    /// Renames a file into the quarantine, under a name that is not in use there.
    private func setAside(_ name: String, of folder: Directory, to quarantine: Directory) throws(FileError) {
        try quarantine.create()
        let target = quarantine.unusedName(name)
        do throws(FileError) {
            try self.root.disk.rename(folder.path(of: name), to: quarantine.path(of: target))
        } catch {
            // Done before a crash.
            guard error.isNotFound else { throw error }
        }
        try quarantine.synchronize()
        try folder.synchronize()
    }

    private func noteLost(
        _ key: OffsetCheckpoint.Key,
        _ partition: TopicPartition,
        _ ranges: [Range<Offset>]
    ) throws(FileError) {
        let quarantine = try self.quarantine(key.topic, partition)
        let bytes = try quarantine.contents(of: LostOffsets.fileName, bytesMax: LostOffsets.fileBytesMax)
        var lost = bytes.flatMap { LostOffsets(decoding: $0) } ?? LostOffsets()
        for range in ranges { lost.add(range) }
        try quarantine.replace(LostOffsets.fileName, with: lost.encoded())
    }

    /// What was read may be in the page cache only: it is forced before it is vouched for.
    private func writeRecoveryPoints(_ points: [OffsetCheckpoint.Key: Offset]) throws(FileError) {
        for key in points.keys.sorted() {
            let folder = self.folder(key)
            for entry in try folder.entries() where FileNames.parse(entry.name) != nil {
                try folder.open(entry.name, options: .write).synchronizeData()
            }
            try folder.synchronize()
        }
        try self.root.synchronize()
        try self.writeCheckpoint(FileNames.recoveryPoints, OffsetCheckpoint(points))
    }
}

extension Directory {
    /// The name, or the name with a number behind it, that nothing in this folder has.
    func unusedName(_ name: String) -> String {
        var candidate = name
        var number = 1
        while self.has(candidate) {
            candidate = "\(name).\(number)"
            number += 1
        }
        return candidate
    }
}
