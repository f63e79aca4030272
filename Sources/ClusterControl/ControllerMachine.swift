package import LogObjects
package import Metadata
package import Model

/// What one broker does to become the controller, and as the controller: it fences brokers that are gone, gives their
/// partitions to others, places new ones, and moves partitions off brokers that drain or have too many.
///
/// Whether this broker is the controller is what the image says, not a state. Every transaction of a controller
/// compares the controller's key, so two brokers that think they are it do no harm; what they write is safe by the
/// ownership keys in any case. One transaction is under way at a time, and the next is made of an image that has it.
///
/// | event \ state | idle | committing | catching up (revision) |
/// | --- | --- | --- | --- |
/// | `imageChanged` | the next step | – | the next step when the image is at the revision |
/// | `committed` | our bug | catching up | our bug |
/// | `commitFailed` | our bug | idle, quiet for a moment | our bug |
package struct ControllerMachine {
    package struct Settings: Sendable {
        /// Changes of one transaction.
        package var batchCountMax = 100
        /// Partitions that move at a time.
        package var movesMax = 16
        /// No moves for the balance's sake before the brokers have been the same for this long.
        package var settlingMilliseconds: Int64 = 5_000
        /// After a transaction whose outcome is not known.
        package var retryMilliseconds: Int64 = 500

        package init() {}
    }

    /// What a transaction does, for logs and counts.
    package enum Purpose: Sendable, Hashable {
        case campaign
        case fence(Incarnation)
        /// Partitions without a living owner get one.
        case assign(count: Int)
        /// Owners are asked to hand partitions over.
        case move(count: Int)
        /// Assignments of topics that are gone.
        case forget(TopicID)
    }

    package struct Step: Sendable {
        package var purpose: Purpose
        package var transaction: MetadataTransaction
    }

    private enum State {
        case idle
        case committing
        case catchingUp(MetadataRevision)
    }

    private let own: Incarnation
    private let session: MetadataSessionID
    private let settings: Settings
    private var state = State.idle
    private var quietUntil: Int64 = .min
    private var brokerChanges = -1
    private var settledAt: Int64 = .min

    /// - Parameter session: of the broker's registration; the controller's key is bound to it too.
    package init(own: Incarnation, session: MetadataSessionID, settings: Settings = Settings()) {
        self.own = own
        self.session = session
        self.settings = settings
    }

    package func isController(_ image: ClusterImage) -> Bool { image.controller?.incarnation == self.own }

    /// The image has changed, or time has passed: call it a few times a second as well.
    ///
    /// - Parameter now: monotonic, in milliseconds.
    /// - Returns: what to commit; report its end.
    package mutating func imageChanged(_ image: ClusterImage, now: Int64) -> Step? {
        if image.brokerChanges != self.brokerChanges {
            self.brokerChanges = image.brokerChanges
            self.settledAt = now + self.settings.settlingMilliseconds
        }
        switch self.state {
        case .committing: return nil
        case .catchingUp(let revision):
            guard image.revision >= revision else { return nil }
            self.state = .idle
            return self.advance(image, now: now)
        case .idle: return self.advance(image, now: now)
        }
    }

    /// The step's transaction has an outcome, whichever: the image will tell what it is.
    package mutating func committed(_ outcome: MetadataOutcome) {
        guard case .committing = self.state else { preconditionFailure("an outcome of no transaction") }
        self.state = .catchingUp(outcome.revision)
    }

    /// The step's transaction may or may not have taken place.
    package mutating func commitFailed(now: Int64) {
        guard case .committing = self.state else { preconditionFailure("a failure of no transaction") }
        self.state = .idle
        self.quietUntil = now + self.settings.retryMilliseconds
    }

    private mutating func advance(_ image: ClusterImage, now: Int64) -> Step? {
        guard now >= self.quietUntil, let step = self.step(image, now: now) else { return nil }
        self.state = .committing
        return step
    }

    // MARK: Steps

    private func step(_ image: ClusterImage, now: Int64) -> Step? {
        // One that is fenced, or about to leave, leads no cluster.
        guard image.isActive(self.own) else { return nil }
        guard let controller = image.controller else {
            return image.brokers[self.own.broker]?.registration.isDraining == false ? self.campaign() : nil
        }
        guard controller.incarnation == self.own else { return nil }
        let mine = MetadataCompare(ClusterKeys.controller, .equal, .createRevision(controller.createRevision))
        return self.fence(image, mine) ?? self.forget(image, mine) ?? self.assign(image, mine)
            ?? self.move(image, mine, isSettled: now >= self.settledAt)
    }

    private func campaign() -> Step {
        Step(
            purpose: .campaign,
            transaction: MetadataTransaction(
                compares: [
                    .isMissing(ClusterKeys.controller),
                    MetadataCompare(EngineKeys.ownership(self.own), .equal, .value(OwnershipState.active.value)),
                ],
                success: [
                    .put(
                        key: ClusterKeys.controller,
                        value: ClusterKeys.value(self.own),
                        session: self.session
                    )
                ]
            )
        )
    }

    /// F1: nothing is committed any more by a broker whose registration is gone.
    private func fence(_ image: ClusterImage, _ mine: MetadataCompare) -> Step? {
        let gone = image.ownerships.filter { $0.value == .active && !image.isLive($0.key) }.keys.min()
        guard let gone else { return nil }
        let key = EngineKeys.ownership(gone)
        return Step(
            purpose: .fence(gone),
            transaction: MetadataTransaction(
                compares: [
                    mine,
                    MetadataCompare(key, .equal, .value(OwnershipState.active.value)),
                    MetadataCompare(
                        BrokerRegistration.key(gone.broker),
                        .notEqual,
                        .createRevision(gone.number)
                    ),
                ],
                success: [.put(key: key, value: OwnershipState.fenced.value)]
            )
        )
    }

    private func forget(_ image: ClusterImage, _ mine: MetadataCompare) -> Step? {
        let gone = image.assignments.keys.filter { image.topics[id: $0.topicID] == nil }.map(\.topicID).min()
        guard let gone else { return nil }
        return Step(
            purpose: .forget(gone),
            transaction: MetadataTransaction(
                compares: [mine],
                success: [.delete(.prefix(PartitionAssignment.keys(of: gone)))]
            )
        )
    }

    /// F2, and partitions that are new.
    private func assign(_ image: ClusterImage, _ mine: MetadataCompare) -> Step? {
        var plan: PlacementPlan?
        var change = Change(mine)
        for topic in image.topics.sortedTopics {
            for number in topic.partitions.indices {
                let partition = TopicPartition(topicID: topic.id, partition: Int32(number))
                let stored = image.assignments[partition]
                if let stored, !image.isFenced(stored.assignment.owner) { continue }
                if plan == nil { plan = PlacementPlan(image) }
                guard let broker = plan?.place(partition) else { return nil }
                let assignment =
                    stored.map { $0.assignment.given(to: broker.incarnation, epoch: $0.assignment.nextEpoch) }
                    ?? PartitionAssignment(
                        epoch: topic.partitions[number].leaderEpoch,
                        owner: broker.incarnation
                    )
                change.put(partition, assignment, since: stored?.modRevision ?? 0)
                if change.count == self.settings.batchCountMax { break }
            }
            if change.count == self.settings.batchCountMax { break }
        }
        guard change.count > 0 else { return nil }
        return Step(purpose: .assign(count: change.count), transaction: change.transaction)
    }

    private func move(_ image: ClusterImage, _ mine: MetadataCompare, isSettled: Bool) -> Step? {
        let underWay = image.assignments.values.count { $0.assignment.target != nil }
        var countMax = min(self.settings.movesMax - underWay, self.settings.batchCountMax)
        guard countMax > 0 else { return nil }
        var change = Change(mine)
        var plan = PlacementPlan(image)
        guard plan.candidateCount > 0 else { return nil }
        let leaving = image.brokers.values.filter { $0.registration.isDraining }.map(\.incarnation).sorted()
        for (partition, stored) in leaving.lazy.flatMap({ image.owned(by: $0) })
        where stored.assignment.target == nil && countMax > 0 {
            guard let broker = plan.place(partition) else { break }
            change.put(partition, stored.assignment.moving(to: broker.id), since: stored.modRevision)
            countMax -= 1
        }
        if isSettled, change.count == 0, underWay == 0 {
            for (partition, target) in plan.moves(image, countMax: countMax) {
                guard let stored = image.assignments[partition] else { continue }
                change.put(partition, stored.assignment.moving(to: target), since: stored.modRevision)
            }
        }
        guard change.count > 0 else { return nil }
        return Step(purpose: .move(count: change.count), transaction: change.transaction)
    }

    /// Assignments that change together.
    private struct Change {
        var transaction: MetadataTransaction
        var count = 0

        init(_ mine: MetadataCompare) {
            self.transaction = MetadataTransaction(compares: [mine], success: [])
        }

        mutating func put(
            _ partition: TopicPartition,
            _ assignment: PartitionAssignment,
            since revision: MetadataRevision
        ) {
            let key = PartitionAssignment.key(partition)
            self.transaction.compares.append(.isUnchanged(key, since: revision))
            self.transaction.success.append(.put(key: key, value: assignment.encoded))
            self.count += 1
        }
    }
}

extension PartitionAssignment {
    /// The same owner, asked to hand over.
    func moving(to broker: BrokerID) -> PartitionAssignment {
        var assignment = self
        assignment.target = broker
        return assignment
    }
}
