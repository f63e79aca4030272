package import Broker
package import ClusterControl
package import LogObjects
package import Logging
package import Metadata
package import Model
internal import Synchronization

/// Why a broker cannot be a member of its cluster (any longer). The process ends.
package struct ClusterError: Error, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// One broker in a cluster: registers it, follows the cluster's image, and carries out what the machines of
/// `ClusterControl` decide.
///
/// Order of a life: `join`, then the engine and `Broker.start` with this as its ownership, then `listen`, `run`;
/// `drain` while requests are still served, `leave` once the engine is closed.
package final class ClusterMember: PartitionOwnership, Sendable {
    package struct Settings: Sendable {
        package var broker: BrokerID
        /// Random bits of the data directory.
        package var instance: UInt64
        package var rack: String?
        package var version: String
        /// How long the metadata takes the broker for living after its last word.
        package var timeToLive = Duration.seconds(9)
        package var controller = ControllerMachine.Settings()
        /// How often the machines hear that time has passed.
        package var tick = Duration.milliseconds(250)

        package init(broker: BrokerID, instance: UInt64, rack: String?, version: String) {
            self.broker = broker
            self.instance = instance
            self.rack = rack
            self.version = version
        }
    }

    struct State {
        var image: ClusterImage
        var registration: BrokerRegistration
        /// Topics whose partitions may have other leaders than were published; `nil`: all topics.
        var changed: Set<TopicID>? = []
        var signals: [AsyncStream<Void>.Continuation] = []
    }

    package let own: Incarnation
    let settings: Settings
    let store: any MetadataStore
    let session: MetadataSession
    let joinedAt: Int64
    let logger: Logger
    let state: Mutex<State>
    /// Monotonic, in milliseconds.
    let now: @Sendable () -> Int64

    private init(
        own: Incarnation,
        settings: Settings,
        store: any MetadataStore,
        session: MetadataSession,
        joinedAt: Int64,
        state: State,
        logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) {
        self.own = own
        self.settings = settings
        self.store = store
        self.session = session
        self.joinedAt = joinedAt
        self.state = Mutex(state)
        self.logger = logger
        self.now = now
    }

    /// Registers the broker and reads the cluster's image. Another instance with the same ID is waited for until its
    /// session could have run out.
    ///
    /// - Throws: when the metadata cannot be reached or read, or another broker has this one's ID.
    package static func join(
        _ settings: Settings,
        store: any MetadataStore,
        logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) async throws(ClusterError) -> ClusterMember {
        let registration = BrokerRegistration(
            instance: settings.instance,
            rack: settings.rack,
            version: settings.version
        )
        let joinedAt = now()
        let session: MetadataSession
        do throws(MetadataError) {
            session = try await store.openSession(timeToLive: settings.timeToLive)
        } catch {
            throw ClusterError(error)
        }
        var machine = RegistrationMachine(
            settings.broker,
            registration,
            session: session.id,
            deadline: joinedAt + session.timeToLive.milliseconds * 3 / 2
        )
        do throws(ClusterError) {
            let own = try await Self.register(&machine, settings.broker, store, now)
            let image = try await Self.load(store)
            logger.notice("broker \(own.broker) joined its cluster as incarnation \(own)")
            return ClusterMember(
                own: own,
                settings: settings,
                store: store,
                session: session,
                joinedAt: joinedAt,
                state: State(image: image, registration: registration),
                logger: logger,
                now: now
            )
        } catch {
            try? await store.closeSession(session.id)
            throw error
        }
    }

    private static func register(
        _ machine: inout RegistrationMachine,
        _ broker: BrokerID,
        _ store: any MetadataStore,
        _ now: @Sendable () -> Int64
    ) async throws(ClusterError) -> Incarnation {
        var action = machine.started()
        while true {
            switch action {
            case .look(let milliseconds):
                do {
                    try await Task.sleep(for: .milliseconds(milliseconds))
                } catch {
                    throw ClusterError("the broker stops")
                }
                let entry: MetadataEntry?
                do throws(MetadataError) {
                    entry = try await store.get(BrokerRegistration.key(broker)).entry
                } catch {
                    throw ClusterError(error)
                }
                action = machine.found(entry, now: now())
            case .commit(let transaction):
                do throws(MetadataError) {
                    action = machine.committed(try await store.commit(transaction))
                } catch {
                    guard error.code == .unavailable else { throw ClusterError(error) }
                    action = machine.commitFailed()
                }
            case .closeSession(let session):
                // What cannot be closed runs out.
                try? await store.closeSession(session)
                action = machine.sessionClosed()
            case .serve(let incarnation): return incarnation
            case .refuse(let reason): throw ClusterError(reason)
            }
        }
    }

    static func load(_ store: any MetadataStore) async throws(ClusterError) -> ClusterImage {
        do throws(MetadataError) {
            var results: [MetadataRangeResult] = []
            for range in ClusterImage.ranges { results.append(try await store.range(range)) }
            return try ClusterImage(results)
        } catch {
            throw ClusterError(error)
        }
    }

    /// The cluster as far as it was followed.
    package var image: ClusterImage { self.state.withLock { $0.image } }

    /// Whether this broker is the controller, as far as the cluster was followed.
    package var isController: Bool { self.state.withLock { $0.image.controller?.incarnation == self.own } }

    // MARK: PartitionOwnership

    package var isShared: Bool { true }

    package func leader(of partition: TopicPartition, recordedEpoch: LeaderEpoch) -> PartitionLeader? {
        self.state.withLock { state in
            guard let (owner, epoch) = state.image.leader(of: partition) else { return nil }
            // During a move that is the broker that gets it. It does not have it before the owner has released it.
            if owner == self.own, state.image.assignments[partition]?.assignment.owner != owner { return nil }
            return PartitionLeader(broker: owner.broker, epoch: epoch)
        }
    }

    package func assignedAt(_ partition: TopicPartition) -> MetadataRevision {
        self.state.withLock { $0.image.assignments[partition]?.modRevision ?? 0 }
    }

    package func compares(thatLeader epoch: LeaderEpoch, owns partition: TopicPartition) -> [MetadataCompare]? {
        self.state.withLock { state in
            guard let stored = state.image.assignments[partition], stored.assignment.epoch == epoch,
                stored.assignment.target == nil, state.image.isActive(stored.assignment.owner)
            else { return nil }
            return [.isUnchanged(PartitionAssignment.key(partition), since: stored.modRevision)]
        }
    }

    // MARK: Registration

    /// Has clients told where this broker is, and lets it have partitions. Call it when the listeners are bound.
    ///
    /// - Parameter endpoints: what clients are told to connect to, by the listener's name; at least one.
    package func listen(at endpoints: [String: BrokerRegistration.Endpoint]) async throws(ClusterError) {
        precondition(!endpoints.isEmpty, "a broker of a cluster has a listener")
        try await self.register { $0.endpoints = endpoints }
    }

    func register(_ change: (inout BrokerRegistration) -> Void) async throws(ClusterError) {
        let registration = self.state.withLock { state in
            change(&state.registration)
            return state.registration
        }
        let key = BrokerRegistration.key(self.own.broker)
        let transaction = MetadataTransaction(
            compares: [MetadataCompare(key, .equal, .createRevision(self.own.number))],
            success: [.put(key: key, value: registration.encoded, session: self.session.id)]
        )
        do throws(MetadataError) {
            guard try await self.store.commit(transaction).succeeded else {
                throw MetadataError(.sessionNotFound, "The broker's registration is gone.")
            }
        } catch {
            throw ClusterError(error)
        }
    }
}

extension ClusterError {
    init(_ error: MetadataError) { self.init("the cluster's metadata cannot be used: \(error.message)") }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
