internal import LogCore
internal import LogFiles
internal import Metadata
internal import MetadataSQLite

/// Refuses to serve a data directory that has partitions which its metadata does not know: the metadata was lost or
/// replaced, and a topic that somebody creates by chance would take the place of the lost one.
enum MetadataLoss {
    private struct Place: Hashable {
        var topic: String
        var partition: Int32
    }

    /// Refuses a journal with records when the metadata is new: a topic that had not been written to its segments has
    /// no folder that would tell of it. Comes before the metadata gets its identity, or the next start would pass.
    ///
    /// - Parameter isAccepted: `--accept-metadata-loss`: the journal is kept aside, and nothing is deleted.
    static func checkJournal(
        _ engine: borrowing RecoveringFileEngine,
        _ store: SQLiteMetadataStore,
        dataDirectory: String,
        isAccepted: Bool
    ) async throws(Failure) {
        do {
            guard try await store.get(MetadataKeys.cluster).entry == nil, try engine.journalEntryCount() > 0 else {
                return
            }
            guard isAccepted else {
                throw Failure(
                    "\(dataDirectory) has a journal with records, but no metadata: it was lost or replaced. "
                        + "\(Self.nextStep)"
                )
            }
            try engine.keepJournal()
        } catch {
            throw Self.failure(error)
        }
    }

    private static let nextStep =
        "Restore metadata.sqlite and metadata.mirror from one backup, or start once with --accept-metadata-loss to set "
        + "that data aside (nothing is deleted)"

    /// - Parameter isAccepted: `--accept-metadata-loss`: the unknown folders are set aside, and nothing is deleted.
    static func check(
        _ engine: borrowing RecoveringFileEngine,
        _ store: SQLiteMetadataStore,
        dataDirectory: String,
        isAccepted: Bool
    ) async throws(Failure) {
        do {
            let known = try await Self.known(to: store)
            let strangers = try engine.storedPartitions().filter {
                !known.contains(Place(topic: $0.topic, partition: $0.partition))
            }
            guard let first = strangers.first else { return }
            guard isAccepted else { throw Self.refusal(strangers, first, dataDirectory) }
            try engine.setAside(strangers)
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: any Error) -> Failure {
        switch error {
        case let error as Failure: error
        case let error as MetadataError: Failure(error.message)
        case let error as LogError: Failure(error.message)
        default: Failure("\(error)")
        }
    }

    private static func refusal(
        _ strangers: [OffsetCheckpoint.Key],
        _ first: OffsetCheckpoint.Key,
        _ dataDirectory: String
    ) -> Failure {
        let count = strangers.count == 1 ? "a partition" : "\(strangers.count) partitions"
        return Failure(
            "\(dataDirectory) has data of \(count) that its metadata does not know, \(first.topic)-\(first.partition) "
                + "first: the metadata was lost or replaced. Restore metadata.sqlite and metadata.mirror from one "
                + "backup, make it again with `millrace repair --metadata-from-folders`, or start once with "
                + "--accept-metadata-loss to set that data aside (nothing is deleted)"
        )
    }

    /// What topics have, and what is being deleted.
    private static func known(to store: SQLiteMetadataStore) async throws(MetadataError) -> Set<Place> {
        var places: Set<Place> = []
        func add(_ topic: String, _ count: Int) {
            for number in 0..<Int32(count) { places.insert(Place(topic: topic, partition: number)) }
        }
        let topics = try TopicsImage(try await store.range(.prefix(MetadataKeys.topics)))
        for topic in topics.sortedTopics { add(topic.name, topic.partitions.count) }
        for entry in try await store.range(.prefix(MetadataKeys.deletions)).entries {
            let deletion = try PendingDeletion.decode(entry)
            add(deletion.name, deletion.partitionCount)
        }
        return places
    }
}
