internal import LogCore
internal import LogFiles
internal import Metadata
internal import MetadataSQLite

/// The inspection of a whole data directory: the metadata by its store, everything else by the log engine.
struct Inspection {
    var report: DirectoryReport
    var metadata: MetadataInspection?
    /// What the metadata has; `nil` when a start would refuse it.
    var topics: StoredTopics?

    /// Reads everything. Blocking.
    ///
    /// - Parameter progress: called with the part that was read and the bytes of it.
    static func run(
        _ root: Directory,
        progress: @escaping (_ part: String, _ bytes: Int64) -> Void
    ) -> Inspection {
        var findings: [Finding] = []
        let metadata = Self.inspectMetadata(root, &findings)
        var topics: StoredTopics?
        if let contents = metadata?.contents {
            do throws(MetadataError) {
                topics = try StoredTopics(contents)
            } catch {
                findings.append(Finding(.metadata, .damage, .restore, path: Self.database, error.message))
            }
        }
        var inspection = DirectoryInspection(root, known: topics.map(Self.known), progress: progress)
        var report = inspection.run()
        report.findings = findings + report.findings
        if case .create? = metadata?.plan, report.partitions.isEmpty {
            // A directory that never served anything.
            report.findings.removeAll { $0.kind == .metadata }
        }
        return Inspection(report: report, metadata: metadata, topics: topics)
    }

    static let database = "metadata.sqlite"
    static let mirror = "metadata.mirror"

    static func known(_ topics: StoredTopics) -> DirectoryInspection.KnownTopics {
        var known = DirectoryInspection.KnownTopics(
            partitions: [:],
            deleting: Set(topics.deletions.map(\.name))
        )
        for topic in topics.image.sortedTopics {
            for number in topic.partitions.indices {
                known.partitions[OffsetCheckpoint.Key(topic: topic.name, partition: Int32(number))] = topic.id
            }
        }
        return known
    }

    private static func inspectMetadata(_ root: Directory, _ findings: inout [Finding]) -> MetadataInspection? {
        let metadata: MetadataInspection
        do throws(MetadataError) {
            metadata = try MetadataInspection.run(path: root.path(of: Self.database))
        } catch {
            let isUnreadable = error.code == .unavailable || error.code == .diskFull
            findings.append(
                Finding(
                    isUnreadable ? .unreadable : .metadata,
                    isUnreadable ? .unreadable : .damage,
                    isUnreadable ? .nothing : .restore,
                    path: Self.database,
                    error.message
                )
            )
            return nil
        }
        switch metadata.plan {
        case .open, .rewriteMirror(warning: nil): break
        case .create:
            findings.append(Finding(.metadata, .damage, .rebuild, path: Self.database, "both copies are missing"))
        case .rewriteMirror(let warning?):
            let mayBeTorn = !root.has(FileNames.cleanShutdown)
            let isTail = if case .wholeUpTo = metadata.mirror { mayBeTorn } else { false }
            // The record that was being appended when a process was killed.
            findings.append(
                Finding(.metadataCopy, isTail ? .note : .damage, isTail ? .start : .rebuild, path: Self.mirror, warning)
            )
        case .restore(_, let reason):
            findings.append(Finding(.metadata, .damage, .rebuild, path: Self.database, reason))
        case .refuse(let reason):
            findings.append(Finding(.metadata, .damage, .rebuild, path: Self.database, reason))
        }
        return metadata
    }
}
