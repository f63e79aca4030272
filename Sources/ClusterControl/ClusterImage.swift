package import LogObjects
package import Metadata
package import Model

/// A broker that lives, as the metadata has it.
package struct LiveBroker: Sendable, Hashable {
    package var incarnation: Incarnation
    package var registration: BrokerRegistration

    package init(incarnation: Incarnation, registration: BrokerRegistration) {
        self.incarnation = incarnation
        self.registration = registration
    }

    package var id: BrokerID { self.incarnation.broker }
    /// It has listeners, and may have partitions.
    package var isServing: Bool { !self.registration.endpoints.isEmpty }
}

/// An assignment, and the revision that a change of it compares.
package struct StoredAssignment: Sendable, Hashable {
    package var assignment: PartitionAssignment
    package var modRevision: MetadataRevision

    package init(assignment: PartitionAssignment, modRevision: MetadataRevision) {
        self.assignment = assignment
        self.modRevision = modRevision
    }
}

/// What the metadata says of the cluster at one revision: brokers, the controller, who owns what, and the topics.
///
/// Kept current by one watch over all keys, so that its parts are of the same revision.
package struct ClusterImage: Sendable {
    /// The broker that places partitions, and the revision that made it the controller.
    package struct Controller: Sendable, Hashable {
        package var incarnation: Incarnation
        package var createRevision: MetadataRevision
    }

    /// Everything up to this revision is in.
    package private(set) var revision: MetadataRevision = 0
    package private(set) var brokers: [BrokerID: LiveBroker] = [:]
    package private(set) var ownerships: [Incarnation: OwnershipState] = [:]
    package private(set) var controller: Controller?
    package private(set) var assignments: [TopicPartition: StoredAssignment] = [:]
    package private(set) var topics = TopicsImage()
    /// Counts changes of brokers, so that who waits for quiet sees them.
    package private(set) var brokerChanges = 0

    package init() {}

    /// The ranges that make an image; load all, then watch from the least of their revisions.
    package static let ranges: [MetadataKeyRange] = [
        .prefix(BrokerRegistration.keys), .prefix(EngineKeys.ownerships), .key(ClusterKeys.controller),
        .prefix(PartitionAssignment.keys), .prefix(MetadataKeys.topics),
    ]

    /// From what `ranges` answered, in their order.
    ///
    /// - Throws: `.corrupt` or `.newerFormat`.
    package init(_ results: [MetadataRangeResult]) throws(MetadataError) {
        precondition(results.count == Self.ranges.count, "an image is of all ranges")
        self.revision = results.map(\.revision).min() ?? 0
        for result in results.dropLast() {
            for entry in result.entries { try self.take(.put(entry)) }
        }
        self.topics = try TopicsImage(results[results.count - 1])
    }

    /// Takes a batch of the watch in. What is older than what the load has brought is ignored.
    ///
    /// - Throws: `.corrupt` or `.newerFormat`.
    package mutating func apply(_ batch: MetadataWatchBatch) throws(MetadataError) {
        guard batch.revision > self.revision else { return }
        for event in batch.events { try self.take(event) }
        try self.topics.apply(
            MetadataWatchBatch(
                events: batch.events.filter { $0.key.hasPrefix(MetadataKeys.topics) },
                revision: batch.revision
            )
        )
        self.revision = batch.revision
    }

    /// Whether a change of the key changes an image.
    package static func concerns(_ key: MetadataKey) -> Bool { Self.ranges.contains { $0.contains(key) } }

    private mutating func take(_ event: MetadataEvent) throws(MetadataError) {
        let key = event.key
        if let broker = BrokerRegistration.broker(of: key) {
            try self.take(event, broker: broker)
        } else if let incarnation = EngineKeys.incarnation(of: key) {
            switch event {
            case .put(let entry):
                guard let byte = entry.value.first, let state = OwnershipState(rawValue: byte) else {
                    throw MetadataError(.corrupt, "The ownership key of \(incarnation) is damaged.")
                }
                self.ownerships[incarnation] = state
            case .deleted: self.ownerships[incarnation] = nil
            }
        } else if key == ClusterKeys.controller {
            switch event {
            case .put(let entry):
                guard let incarnation = ClusterKeys.incarnation(entry.value) else {
                    throw MetadataError(.corrupt, "The controller's key is damaged.")
                }
                self.controller = Controller(incarnation: incarnation, createRevision: entry.createRevision)
            case .deleted: self.controller = nil
            }
        } else if let partition = PartitionAssignment.partition(of: key) {
            try self.take(event, partition)
        }
    }

    private mutating func take(_ event: MetadataEvent, broker: BrokerID) throws(MetadataError) {
        switch event {
        case .put(let entry):
            let live = LiveBroker(
                incarnation: Incarnation(broker: broker, number: entry.createRevision),
                registration: try BrokerRegistration(decoding: entry.value)
            )
            if self.brokers.updateValue(live, forKey: broker) != live { self.brokerChanges += 1 }
        case .deleted:
            if self.brokers.removeValue(forKey: broker) != nil { self.brokerChanges += 1 }
        }
    }

    private mutating func take(_ event: MetadataEvent, _ partition: TopicPartition) throws(MetadataError) {
        let known = self.assignments[partition]?.modRevision ?? 0
        switch event {
        case .put(let entry):
            guard entry.modRevision > known else { return }
            do throws(ObjectCodingError) {
                self.assignments[partition] = StoredAssignment(
                    assignment: try PartitionAssignment(decoding: entry.value),
                    modRevision: entry.modRevision
                )
            } catch {
                throw MetadataError(error.code == .newerFormat ? .newerFormat : .corrupt, error.message)
            }
        case .deleted(_, let revision):
            if revision >= known { self.assignments[partition] = nil }
        }
    }

    // MARK: What follows from it

    /// Whether the incarnation is the one that lives.
    package func isLive(_ incarnation: Incarnation) -> Bool {
        self.brokers[incarnation.broker]?.incarnation == incarnation
    }

    /// Whether the incarnation may commit: it lives, and nobody has fenced it.
    package func isActive(_ incarnation: Incarnation) -> Bool {
        self.isLive(incarnation) && self.ownerships[incarnation] == .active
    }

    /// Whether nothing can be committed under the incarnation (any more).
    package func isFenced(_ incarnation: Incarnation) -> Bool {
        // A key that is gone was fenced, and its incarnation forgotten.
        self.ownerships[incarnation].map { $0 == .fenced } ?? !self.isLive(incarnation)
    }

    /// Who leads a partition in the eyes of clients: during a move that is the broker that gets it, although it does
    /// not own the partition yet (`owner(of:)`).
    ///
    /// `nil` while nobody does: the partition is not assigned yet, or its owner is gone.
    package func leader(of partition: TopicPartition) -> (owner: Incarnation, epoch: LeaderEpoch)? {
        guard let assignment = self.assignments[partition]?.assignment else { return nil }
        guard self.isActive(assignment.owner) else { return nil }
        guard let target = assignment.target else { return (assignment.owner, assignment.epoch) }
        // Without the target its owner takes it again, under another epoch.
        guard let broker = self.brokers[target], broker.id != assignment.owner.broker else { return nil }
        return (broker.incarnation, assignment.targetEpoch)
    }

    /// Who may serve a partition, and under which epoch: its owner, unless it is asked to hand over.
    package func owner(of partition: TopicPartition) -> (owner: Incarnation, epoch: LeaderEpoch)? {
        guard let assignment = self.assignments[partition]?.assignment, assignment.target == nil,
            self.isActive(assignment.owner)
        else { return nil }
        return (assignment.owner, assignment.epoch)
    }

    /// What an incarnation owns, in the order of keys.
    package func owned(by incarnation: Incarnation) -> [(partition: TopicPartition, stored: StoredAssignment)] {
        self.assignments.filter { $0.value.assignment.owner == incarnation }
            .map { ($0.key, $0.value) }
            .sorted { PartitionAssignment.key($0.0) < PartitionAssignment.key($1.0) }
    }
}

extension ClusterImage {
    /// For a simulation of a controller that does not fence.
    mutating func assumeFencedWhereNotLive() {
        for incarnation in self.ownerships.keys where !self.isLive(incarnation) {
            self.ownerships[incarnation] = .fenced
        }
    }
}
