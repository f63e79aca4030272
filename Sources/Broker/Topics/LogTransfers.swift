internal import LogCore
internal import Metadata
internal import Model

/// What the engine is asked to do about logs, in which order. A machine without an engine or clock.
///
/// For each topic name one piece of work is under way at a time, and in it partitions are released first, then deleted,
/// then acquired: a log that is taken for a newer epoch is given up before, and a topic that is made again under its
/// name finds the data of the earlier one gone. What is demanded of a name meanwhile waits. Names do not wait for each
/// other, except that names which are demanded together share their work, as engines do for partitions.
///
/// | event \ name | free | busy |
/// | --- | --- | --- |
/// | demanded | work begins | releases and deletions are added to what waits, acquisitions replace it |
/// | finished | – | free; who owns this value demands again, knowing what was acquired |
struct LogTransfers {
    /// What is to be done for one topic name.
    struct Demand: Equatable {
        var releases: [TopicPartition] = []
        var deletions: [LogDeletion] = []
        /// All that the topic wants and nobody is acquiring yet.
        var acquisitions: [LogAcquisition] = []

        var isEmpty: Bool { self.releases.isEmpty && self.deletions.isEmpty && self.acquisitions.isEmpty }

        static func == (left: Self, right: Self) -> Bool {
            left.releases == right.releases && left.deletions == right.deletions
                && left.acquisitions.map(\.partition) == right.acquisitions.map(\.partition)
                && left.acquisitions.map(\.epoch) == right.acquisitions.map(\.epoch)
        }
    }

    /// What the engine does in one go.
    struct Work: Sendable {
        var id: UInt64
        var names: Set<String>
        var releases: [TopicPartition] = []
        var deletions: [LogDeletion] = []
        var acquisitions: [LogAcquisition] = []

        /// Topics whose data is deleted.
        var deletedTopics: [TopicID] {
            var seen = Set<TopicID>()
            return self.deletions.map(\.partition.topicID).filter { seen.insert($0).inserted }
        }
    }

    private var underWay: [UInt64: Work] = [:]
    private var busyNames: Set<String> = []
    private var waiting: [String: Demand] = [:]
    /// Under which epoch partitions are being acquired.
    private var epochs: [TopicPartition: LeaderEpoch] = [:]
    private var lastID: UInt64 = 0

    var isIdle: Bool { self.underWay.isEmpty && self.waiting.isEmpty }

    /// Whether the engine is acquiring a partition for this epoch.
    func isAcquiring(_ partition: TopicPartition, for epoch: LeaderEpoch) -> Bool { self.epochs[partition] == epoch }

    /// Whether something is under way, or waits, that opens or closes the partition's log.
    func concerns(_ partition: TopicPartition) -> Bool {
        self.underWay.values.contains { work in
            work.releases.contains(partition) || work.acquisitions.contains { $0.partition == partition }
        }
            || self.waiting.values.contains { demand in
                demand.releases.contains(partition) || demand.acquisitions.contains { $0.partition == partition }
            }
    }

    func isUnderWay(_ id: UInt64) -> Bool { self.underWay[id] != nil }

    /// What topics want now. Name every topic that was looked at, also with an empty demand: what still waits to be
    /// acquired for it may not be wanted any more.
    ///
    /// - Returns: what to begin, of the names that are free; call `finished` after it.
    mutating func demanded(_ demands: [String: Demand]) -> Work? {
        var work = Work(id: self.lastID + 1, names: [])
        // In order, so that a seeded run repeats itself.
        for (name, demand) in demands.sorted(by: { $0.key < $1.key }) {
            var wanted = self.waiting.removeValue(forKey: name) ?? Demand()
            wanted.releases += demand.releases
            wanted.deletions += demand.deletions
            wanted.acquisitions = demand.acquisitions
            if wanted.isEmpty { continue }
            if self.busyNames.contains(name) {
                self.waiting[name] = wanted
                continue
            }
            work.names.insert(name)
            work.releases += wanted.releases
            work.deletions += wanted.deletions
            work.acquisitions += wanted.acquisitions
        }
        if work.names.isEmpty { return nil }
        self.lastID = work.id
        self.underWay[work.id] = work
        self.busyNames.formUnion(work.names)
        for acquisition in work.acquisitions { self.epochs[acquisition.partition] = acquisition.epoch }
        return work
    }

    /// The engine has done it.
    ///
    /// - Returns: whether something waits for its names: demand again.
    mutating func finished(_ id: UInt64) -> Bool {
        guard let work = self.underWay.removeValue(forKey: id) else { preconditionFailure("work finishes once") }
        self.busyNames.subtract(work.names)
        for acquisition in work.acquisitions { self.epochs[acquisition.partition] = nil }
        return work.names.contains { self.waiting[$0] != nil }
    }
}
