internal import LogCore
internal import LogFiles
internal import Metadata
internal import MetadataSQLite
internal import Model
internal import Text

/// What a repair would do, as it is printed before.
struct RepairPreview {
    /// In the order in which they are done.
    private(set) var steps: [String] = []
    private(set) var unmended: [Finding] = []
    /// What the metadata has once it is mended; `nil` when it cannot be, and nothing else is done then.
    private(set) var known: DirectoryInspection.KnownTopics?
    private(set) var identity: DirectoryProperties?
    /// The metadata is made again from the folders.
    private(set) var rebuild: MetadataRebuild?

    init(_ found: Inspection, _ command: RepairCommand) {
        let report = found.report
        self.planMetadata(found, command)
        guard let known = self.known else { return }
        self.identity = Self.identity(found, nodeID: command.nodeID)
        let plan = RepairPlan(report, known: known, identity: self.identity)
        self.steps += plan.steps.map(\.description)
        self.unmended += plan.unmended
        if report.verdict == .damaged { self.steps.append("replay the journal, write checkpoints, and inspect again") }
    }

    private mutating func planMetadata(_ found: Inspection, _ command: RepairCommand) {
        let metadata = found.report.findings.filter { $0.kind == .metadata || $0.kind == .metadataCopy }
        if let topics = found.topics {
            self.known = Inspection.known(topics)
            for finding in metadata where finding.severity == .damage {
                self.steps.append("make \(finding.path) again from its copy; the damaged file is kept")
            }
        } else if case .create? = found.metadata?.plan, found.report.partitions.isEmpty {
            self.known = DirectoryInspection.KnownTopics(partitions: [:], deleting: [])
        }
        if command.metadataFromFolders, let rebuild = MetadataRebuild(found) { return self.add(rebuild) }
        guard self.known == nil else { return }
        self.unmended += metadata
        self.steps.append(
            "stop here: both copies of the metadata are lost; restore them from a backup, or give "
                + "--metadata-from-folders"
        )
    }

    private mutating func add(_ rebuild: MetadataRebuild) {
        self.rebuild = rebuild
        var known = self.known ?? DirectoryInspection.KnownTopics(partitions: [:], deleting: [])
        for topic in rebuild.topics.topics {
            self.steps.append(
                "make topic \(topic.name) again with \(topic.partitions.count) partitions and without its settings"
            )
            for number in topic.partitions.indices {
                known.partitions[OffsetCheckpoint.Key(topic: topic.name, partition: Int32(number))] = topic.id
            }
        }
        for (name, reason) in rebuild.topics.refused {
            self.unmended.append(Finding(.unknownPartition, .damage, .restore, path: name, reason))
        }
        self.known = known
    }

    private static func identity(_ found: Inspection, nodeID: Int32) -> DirectoryProperties? {
        guard found.report.properties == nil, let contents = found.metadata?.contents,
            let identity = StoredTopics.identity(in: contents)
        else { return nil }
        return DirectoryProperties(
            nodeID: BrokerID(nodeID),
            clusterID: identity.clusterID,
            directoryID: TopicID.random()
        )
    }

    func write(to json: inout JSONLine) {
        json.key("steps")
        json.array { json in for step in self.steps { json.string(step) } }
        json.key("unmended")
        json.array { json in for finding in self.unmended { InspectionText.write(finding, to: &json) } }
    }
}
