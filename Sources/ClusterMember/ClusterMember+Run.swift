package import Broker
internal import ClusterControl
internal import LogObjects
internal import Logging
internal import Metadata
internal import Model
internal import Synchronization

/// What runs as long as the broker does: the session, the image, the controller, moves.
extension ClusterMember {
    /// Until the task is cancelled.
    ///
    /// - Parameters:
    ///   - control: hears of partitions that have other leaders.
    ///   - brokers: shows clients the brokers that live.
    ///   - topics: what is served, to find logs that could not be acquired.
    /// - Throws: when this broker is a member no longer: another has its partitions, or will. The process must end.
    package func run(
        control: TopicControl,
        brokers: BrokerRegistry,
        topics: TopicRegistry
    ) async throws(ClusterError) {
        let failure = await withTaskGroup(of: ClusterError?.self) { tasks in
            let places = self.signals()
            let controls = self.signals()
            let handovers = self.signals()
            tasks.addTask { await self.followImage() }
            tasks.addTask { await self.watchMembership() }
            tasks.addTask {
                for await _ in places { await self.publish(to: control, brokers) }
                return nil
            }
            tasks.addTask {
                await self.control(controls)
                return nil
            }
            tasks.addTask {
                for await _ in handovers { await self.handOver(control) }
                return nil
            }
            tasks.addTask {
                await self.retryOffline(control, topics)
                return nil
            }
            self.signal()
            // Each ends with the task only, or with a reason to end it.
            let failure = await tasks.next() ?? nil
            tasks.cancelAll()
            return failure
        }
        if let failure, !Task.isCancelled { throw failure }
    }

    private func signals() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.state.withLock { $0.signals.append(continuation) }
        return stream
    }

    /// Has every part look at the image.
    private func signal() {
        for signal in self.state.withLock({ $0.signals }) { signal.yield() }
    }

    // MARK: Image

    private func followImage() async -> ClusterError? {
        do throws(MetadataError) {
            let everything = MetadataKey(bytes: [])
            try await self.store.follow(prefix: everything, after: self.image.revision) {
                batch throws(MetadataError) in
                try self.take(batch)
            } reload: { () throws(MetadataError) in
                let image: ClusterImage
                do throws(ClusterError) {
                    image = try await Self.load(self.store)
                } catch {
                    throw MetadataError(.unavailable, error.description)
                }
                self.state.withLock { state in
                    state.image = image
                    state.changed = nil
                }
                self.signal()
                return image.revision
            }
            return nil
        } catch {
            return Task.isCancelled ? nil : ClusterError(error)
        }
    }

    private func take(_ batch: MetadataWatchBatch) throws(MetadataError) {
        // Commit records are most of what is written, and nothing to this.
        let isSilent = batch.events.allSatisfy { !ClusterImage.concerns($0.key) }
        var failure: MetadataError?
        self.state.withLock { state in
            do throws(MetadataError) {
                let (brokers, ownerships) = (state.image.brokerChanges, state.image.ownerships)
                try state.image.apply(batch)
                if state.image.brokerChanges != brokers || state.image.ownerships != ownerships {
                    state.changed = nil
                }
                for case let partition? in batch.events.map({ PartitionAssignment.partition(of: $0.key) }) {
                    state.changed?.insert(partition.topicID)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        // A controller may wait for a revision that commit records have moved on.
        if !isSilent || batch.events.isEmpty { self.signal() }
    }

    private func publish(to control: TopicControl, _ brokers: BrokerRegistry) async {
        let (image, changed) = self.state.withLock { state in
            defer { state.changed = [] }
            return (state.image, state.changed)
        }
        var registered = image.brokers.values.filter { $0.isServing || $0.id == self.own.broker }
            .map { RegisteredBroker($0) }
        // Its own registration may be gone, and then it ends soon.
        if !registered.contains(where: { $0.id == self.own.broker }) {
            let registration = self.state.withLock { $0.registration }
            registered.append(RegisteredBroker(LiveBroker(incarnation: self.own, registration: registration)))
        }
        brokers.publish(registered)
        if changed?.isEmpty != true { await control.ownershipChanged(of: changed) }
    }

    /// Logs that could not be acquired are tried again: the metadata may have been out of reach.
    private func retryOffline(_ control: TopicControl, _ topics: TopicRegistry) async {
        while await self.pause(.seconds(3)) {
            let offline = topics.current.all.filter { topic in
                topic.placements.contains { if case .offline = $0 { true } else { false } }
            }
            if !offline.isEmpty { await control.ownershipChanged(of: Set(offline.map(\.id))) }
        }
    }

    /// - Returns: `false` when the task is cancelled.
    private func pause(_ time: Duration) async -> Bool {
        do {
            try await Task.sleep(for: time)
            return true
        } catch {
            return false
        }
    }

    // MARK: Membership

    private func watchMembership() async -> ClusterError? {
        var machine = MembershipMachine(
            self.own,
            timeToLive: self.session.timeToLive.milliseconds,
            now: self.joinedAt
        )
        while !Task.isCancelled {
            var action = machine.imageChanged(self.image)
            if action == .none { action = machine.timePassed(now: self.now()) }
            if action == .keepAlive { action = await self.keepAlive(&machine) }
            switch action {
            case .none, .keepAlive: break
            case .becameStale: self.logger.warning("the cluster's metadata does not answer")
            case .recovered: self.logger.notice("the cluster's metadata answers again")
            case .end(let reason): return ClusterError("broker \(self.own.broker) left the cluster: \(reason)")
            }
            // Time passes for all parts.
            self.signal()
            if await !self.pause(self.settings.tick) { break }
        }
        return nil
    }

    private func keepAlive(_ machine: inout MembershipMachine) async -> MembershipMachine.Action {
        let sentAt = self.now()
        do throws(MetadataError) {
            try await self.store.keepAlive(self.session.id)
            return machine.keptAlive(sentAt: sentAt)
        } catch {
            return machine.keepAliveFailed(isSessionGone: error.code == .sessionNotFound, now: self.now())
        }
    }

    // MARK: Controller

    private func control(_ signals: AsyncStream<Void>) async {
        var machine = ControllerMachine(
            own: self.own,
            session: self.session.id,
            settings: self.settings.controller
        )
        for await _ in signals {
            while !Task.isCancelled, let step = machine.imageChanged(self.image, now: self.now()) {
                let outcome: MetadataOutcome
                do throws(MetadataError) {
                    outcome = try await self.store.commit(step.transaction)
                } catch {
                    self.logger.warning("the controller could not write", metadata: ["error": "\(error)"])
                    machine.commitFailed(now: self.now())
                    continue
                }
                machine.committed(outcome)
                if outcome.succeeded {
                    self.note(step.purpose)
                } else {
                    // Nothing was written, so no change of the image brings it to the revision.
                    try? await self.store.requestProgress()
                }
            }
        }
    }

    private func note(_ purpose: ControllerMachine.Purpose) {
        switch purpose {
        case .campaign: self.logger.notice("broker \(self.own.broker) is the cluster's controller")
        case .fence(let incarnation): self.logger.notice("incarnation \(incarnation) is fenced")
        case .assign(let count): self.logger.info("\(count) partitions were given to brokers")
        case .move(let count): self.logger.info("\(count) partitions are to move")
        case .forget: break
        }
    }

    // MARK: Moves

    /// Transactions that go out together: two compares each.
    private static let handoversMax = 50

    private func handOver(_ control: TopicControl) async {
        let asked = Handover.asked(of: self.own, self.image)
        guard !asked.isEmpty else { return }
        await control.ownershipChanged(of: Set(asked.map(\.topicID)))
        guard await control.relinquished(asked) else { return }
        let image = self.image
        let handovers = asked.compactMap { Handover(of: $0, by: self.own, image) }
        for start in stride(from: 0, to: handovers.count, by: Self.handoversMax) {
            let part = handovers[start..<min(start + Self.handoversMax, handovers.count)]
            var together = MetadataTransaction(success: [])
            for handover in part { together.merge(handover.transaction) }
            do throws(MetadataError) {
                if try await self.store.commit(together).succeeded { continue }
                // One of them changed: the others alone.
                for handover in part { _ = try await self.store.commit(handover.transaction) }
            } catch {
                // The next signal asks again, with an image that has what took place.
                self.logger.warning("partitions could not be handed over", metadata: ["error": "\(error)"])
                return
            }
        }
    }

    // MARK: Stopping

    /// Gives all partitions to others, while this broker still serves requests.
    ///
    /// - Parameter limit: returns after this time at the latest; what is left is failed over by the controller.
    package func drain(within limit: Duration) async {
        do throws(ClusterError) {
            try await self.register { $0.isDraining = true }
        } catch {
            return self.logger.warning("partitions cannot be given away", metadata: ["error": "\(error)"])
        }
        let deadline = self.now() + limit.milliseconds
        while self.now() < deadline {
            let image = self.image
            let others = image.brokers.values.contains {
                $0.isServing && !$0.registration.isDraining && $0.id != self.own.broker
            }
            if !others || image.owned(by: self.own).isEmpty { return }
            if await !self.pause(.milliseconds(20)) { return }
        }
        self.logger.warning("partitions were not given away in time; the controller fails them over")
    }

    /// Ends the incarnation: nothing is committed under it any more, and its registration goes. Call it when the engine
    /// is closed.
    package func leave() async {
        let transaction = MetadataTransaction(success: [
            .put(key: EngineKeys.ownership(self.own), value: OwnershipState.fenced.value)
        ])
        do throws(MetadataError) {
            _ = try await self.store.commit(transaction)
            try await self.store.closeSession(self.session.id)
        } catch {
            self.logger.debug("the session runs out by itself", metadata: ["error": "\(error)"])
        }
    }
}

extension RegisteredBroker {
    init(_ broker: LiveBroker) {
        self.init(
            id: broker.id,
            endpoints: broker.registration.endpoints.mapValues { .init(host: $0.host, port: $0.port) },
            rack: broker.registration.rack,
            epoch: broker.incarnation.number
        )
    }
}
