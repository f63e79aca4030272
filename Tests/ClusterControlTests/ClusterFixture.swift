import LogObjects
import Metadata
import Model
import Testing

@testable import ClusterControl

/// A cluster's metadata, written as brokers write it.
struct ClusterFixture {
    var etcd = ClusterEtcd()
    private(set) var sessions: [BrokerID: MetadataSessionID] = [:]

    static let endpoints = ["PLAINTEXT": BrokerRegistration.Endpoint(host: "h", port: 9092)]

    var image: ClusterImage {
        get throws { try ClusterImage(ClusterImage.ranges.map(self.etcd.range)) }
    }

    /// A broker that lives, has listeners and an active ownership key.
    @discardableResult
    mutating func join(
        _ number: Int32,
        rack: String? = nil,
        isDraining: Bool = false,
        endpoints: [String: BrokerRegistration.Endpoint] = Self.endpoints
    ) -> Incarnation {
        let id = BrokerID(number)
        let session = self.etcd.openSession()
        self.sessions[id] = session
        let registration = BrokerRegistration(
            instance: UInt64(number),
            endpoints: endpoints,
            rack: rack,
            isDraining: isDraining
        )
        self.etcd.commit(
            MetadataTransaction(success: [
                .put(key: BrokerRegistration.key(id), value: registration.encoded, session: session)
            ])
        )
        let incarnation = Incarnation(broker: id, number: self.etcd.revision)
        self.etcd.commit(
            MetadataTransaction(success: [
                .put(key: EngineKeys.ownership(incarnation), value: OwnershipState.active.value)
            ])
        )
        return incarnation
    }

    /// Its session runs out.
    mutating func lose(_ incarnation: Incarnation) {
        if let session = self.sessions[incarnation.broker] { self.etcd.closeSession(session) }
    }

    mutating func createTopic(_ number: UInt64, partitions: Int) throws -> TopicID {
        let id = TopicID(high: 1, low: number)
        let creation = TopicCreation(name: "topic\(number)", id: id, partitionCount: partitions, origin: .kafka)
        let image = try TopicsImage(self.etcd.range(.prefix(MetadataKeys.topics)))
        self.etcd.commit(try TopicPlanner.createTopic(creation, in: image, now: 1_700_000_000_000).transaction)
        return id
    }

    mutating func makeController(_ incarnation: Incarnation) {
        self.etcd.commit(
            MetadataTransaction(success: [
                .put(
                    key: ClusterKeys.controller,
                    value: ClusterKeys.value(incarnation),
                    session: self.sessions[incarnation.broker]
                )
            ])
        )
    }

    mutating func assign(_ partition: TopicPartition, _ assignment: PartitionAssignment) {
        self.etcd.commit(
            MetadataTransaction(success: [.put(key: PartitionAssignment.key(partition), value: assignment.encoded)])
        )
    }

    func machine(_ incarnation: Incarnation) -> ControllerMachine {
        ControllerMachine(
            own: incarnation,
            session: self.sessions[incarnation.broker] ?? MetadataSessionID(0),
            settings: ControllerMachine.Settings()
        )
    }

    /// Has the controller do what it has to, until it is at rest.
    mutating func run(_ machine: inout ControllerMachine, now: Int64) throws -> [ControllerMachine.Purpose] {
        var purposes: [ControllerMachine.Purpose] = []
        while purposes.count < 100, let step = machine.imageChanged(try self.image, now: now) {
            purposes.append(step.purpose)
            guard let outcome = self.etcd.commit(step.transaction) else { break }
            machine.committed(outcome)
        }
        return purposes
    }

    mutating func expect(
        _ machine: inout ControllerMachine,
        now: Int64,
        does purposes: [ControllerMachine.Purpose],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let done = try self.run(&machine, now: now)
        #expect(done == purposes, sourceLocation: sourceLocation)
    }

    /// A transaction whose sessions are open.
    mutating func commit(_ transaction: MetadataTransaction) throws -> MetadataOutcome {
        let outcome = self.etcd.commit(transaction)
        return try #require(outcome)
    }

    func owners(of topic: TopicID) throws -> [Int32: PartitionAssignment] {
        var owners: [Int32: PartitionAssignment] = [:]
        for (partition, stored) in try self.image.assignments where partition.topicID == topic {
            owners[partition.partition] = stored.assignment
        }
        return owners
    }
}
