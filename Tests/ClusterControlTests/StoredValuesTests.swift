import LogObjects
import Metadata
import Model
import Testing

@testable import ClusterControl

@Suite struct StoredValuesTests {
    private static let assignments = [
        PartitionAssignment(epoch: LeaderEpoch(0), owner: Incarnation(broker: BrokerID(0), number: 1)),
        PartitionAssignment(
            epoch: LeaderEpoch(.max),
            owner: Incarnation(broker: BrokerID(.max), number: .max),
            target: BrokerID(.max),
            predecessors: [
                Incarnation(broker: BrokerID(1), number: 300), Incarnation(broker: BrokerID(0), number: 5),
            ]
        ),
        PartitionAssignment(
            epoch: LeaderEpoch(3),
            owner: Incarnation(broker: BrokerID(2), number: 77),
            target: BrokerID(0)
        ),
    ]

    private static let registrations = [
        BrokerRegistration(instance: 0),
        BrokerRegistration(
            instance: .max,
            endpoints: ["PLAINTEXT": .init(host: "b1", port: 9092), "INTERNAL": .init(host: "::1", port: 65_535)],
            rack: "eu-1a",
            isDraining: true,
            version: "1.2.3"
        ),
    ]

    @Test(arguments: assignments)
    func `an assignment is read as it was written, and not when bytes are missing`(assignment: PartitionAssignment)
        throws
    {
        let bytes = assignment.encoded
        #expect(try PartitionAssignment(decoding: bytes) == assignment)
        for count in bytes.indices {
            #expect(throws: ObjectCodingError.self) { try PartitionAssignment(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: ObjectCodingError.self) { try PartitionAssignment(decoding: bytes + [0]) }
    }

    @Test func `the bytes of an assignment stay the same`() {
        let bytes: [UInt8] = [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]
        #expect(Array(Self.assignments[1].encoded.prefix(6)) == bytes)
        // Format, epoch, broker, incarnation, target + 1, no predecessors.
        #expect(Self.assignments[2].encoded == [1, 3, 2, 77, 1, 0])
    }

    @Test func `an assignment of newer software says so`() {
        #expect {
            try PartitionAssignment(decoding: [2, 0, 0, 0, 0, 0])
        } throws: { error in
            (error as? ObjectCodingError)?.code == .newerFormat
        }
    }

    @Test(arguments: registrations)
    func `a registration is read as it was written, and never trapped`(registration: BrokerRegistration) throws {
        let bytes = registration.encoded
        #expect(try BrokerRegistration(decoding: bytes) == registration)
        for count in bytes.indices { _ = try? BrokerRegistration(decoding: Array(bytes[..<count])) }
        // A field of a later version.
        #expect(try BrokerRegistration(decoding: bytes + [9, 2, 0, 0]) == registration)
    }

    @Test func `keys are read as they were made`() {
        let partition = TopicPartition(topicID: TopicID(high: 1, low: .max), partition: 258)
        let key = PartitionAssignment.key(partition)
        #expect(PartitionAssignment.partition(of: key) == partition)
        #expect(key.hasPrefix(PartitionAssignment.keys(of: partition.topicID)))
        #expect(PartitionAssignment.partition(of: MetadataKey("a/short")) == nil)
        let incarnation = Incarnation(broker: BrokerID(9), number: 1 << 40)
        #expect(EngineKeys.incarnation(of: EngineKeys.ownership(incarnation)) == incarnation)
        #expect(EngineKeys.incarnation(of: EngineKeys.commits(incarnation)) == nil)
        #expect(BrokerRegistration.broker(of: BrokerRegistration.key(BrokerID(9))) == BrokerID(9))
        #expect(ClusterKeys.incarnation(ClusterKeys.value(incarnation)) == incarnation)
        #expect(ClusterKeys.incarnation([1]) == nil)
    }

    @Test func `an image of a load that the watch repeats is the same`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        let topic = try cluster.createTopic(1, partitions: 1)
        let partition = TopicPartition(topicID: topic, partition: 0)
        cluster.assign(partition, PartitionAssignment(epoch: LeaderEpoch(0), owner: first))
        cluster.assign(partition, PartitionAssignment(epoch: LeaderEpoch(1), owner: first))
        // The load was slow: its first page is older than its last one.
        var results = ClusterImage.ranges.map(cluster.etcd.range)
        results[0].revision = 1
        var image = try ClusterImage(results)
        #expect(image.revision == 1)
        for batch in cluster.etcd.history {
            try image.apply(batch)
            #expect(image.assignments[partition]?.assignment.epoch == LeaderEpoch(1))
        }
        #expect(image.revision == cluster.etcd.revision)
        #expect(image.isActive(first))
    }
}
