import Model
import TestSupport
import Testing

@testable import Metadata

@Suite struct TopicCodecTests {
    private func sample() throws -> Topic {
        var topic = try makeTopic(partitions: 5, configs: ["retention.ms": "1", "cleanup.policy": "compact"])
        topic = try TopicPlanner.updateShardCount(topic, target: 3, currentEnds: [1, 2, 3, 4, 5], now: now).topic
        topic.tags = ["team": "söder", "": "x"]
        topic.attributes = ["encryption": "KMS"]
        topic.isWrittenByKafka = true
        topic.partitions[1].leaderEpoch = LeaderEpoch(77)
        topic.modRevision = 9
        return topic
    }

    @Test func `a topic comes back as it was stored`() throws {
        let topic = try self.sample()
        #expect(topic.partitions.contains { $0.isSealed })
        #expect(try Topic.decode(entry(of: topic)) == topic)
        #expect(topic.encoded() == topic.encoded())
    }

    @Test func `a truncated value is rejected, never trapped`() throws {
        let bytes = try self.sample().encoded()
        for length in 0..<bytes.count {
            #expect(throws: MetadataError.self) {
                try Topic.decode(Array(bytes[..<length]), name: "orders", modRevision: 1)
            }
        }
    }

    @Test func `a damaged value is rejected or valid, never trapped`() throws {
        let bytes = try self.sample().encoded()
        var random = SeededGenerator(seed: 1)
        for position in bytes.indices {
            for flip in [0x01, UInt8.random(in: 1...255, using: &random)] as [UInt8] {
                var damaged = bytes
                damaged[position] ^= flip
                guard let topic = try? Topic.decode(damaged, name: "orders", modRevision: 1) else { continue }
                #expect(topic.invariantViolation == nil)
            }
        }
        for _ in 0..<2_000 {
            let length = Int.random(in: 0...80, using: &random)
            let noise = [1] + (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? Topic.decode(noise, name: "orders", modRevision: 1)
        }
    }

    @Test func `fields of newer software are skipped and written back`() throws {
        let topic = try self.sample()
        var writer = FieldWriter()
        writer.raw(topic.encoded())
        writer.field(99) { $0.text("of the future") }
        var read = try Topic.decode(writer.bytes, name: topic.name, modRevision: topic.modRevision)
        #expect(read.encoded() == writer.bytes)
        read.unknownFields = []
        #expect(read == topic)
    }

    @Test func `longer records of newer software are read`() throws {
        let topic = try makeTopic(partitions: 1)
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(1) { $0.fixed128(5) }
        writer.field(5) {
            $0.number(1)
            $0.number(1)
            $0.sized { $0.raw([0, 0, 42, 42]) }
        }
        writer.field(11) {
            $0.number(1)
            $0.sized {
                $0.raw([0, 0, 0, 0, 0])
                $0.fixed128(0)
                $0.fixed128(.max)
                $0.raw([9, 9, 9])
            }
        }
        writer.field(12) { $0.number(1) }
        let read = try Topic.decode(writer.bytes, name: "orders", modRevision: 1)
        #expect(read.shards[0].hashRange == topic.shards[0].hashRange)
    }

    @Test func `a newer format is refused as such`() throws {
        let error = #expect(throws: MetadataError.self) {
            try Topic.decode([2, 0, 0], name: "orders", modRevision: 1)
        }
        #expect(error?.code == .newerFormat)
    }

    @Test func `a count beyond the bytes allocates nothing`() throws {
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(11) { $0.number(UInt64(Int64.max)) }
        let error = #expect(throws: MetadataError.self) {
            try Topic.decode(writer.bytes, name: "orders", modRevision: 1)
        }
        #expect(error?.code == .corrupt)
    }

    @Test func `numbers of every size come back`() throws {
        for value in [0, 1, 127, 128, 1 << 35, UInt64.max] as [UInt64] {
            var writer = FieldWriter()
            writer.number(value)
            var reader = FieldReader(writer.bytes[...])
            #expect(try reader.number() == value)
        }
        for value in [0, -1, 1, .min, .max] as [Int64] {
            var writer = FieldWriter()
            writer.signed(value)
            var reader = FieldReader(writer.bytes[...])
            #expect(try reader.signed() == value)
        }
        var long = FieldReader([UInt8](repeating: 0xFF, count: 10)[...])
        #expect(throws: MetadataError.self) { try long.number() }
    }

    @Test func `a topic of 1,000 and of 10,000 partitions fits a value`() throws {
        let thousand = try makeTopic(partitions: 1_000)
        #expect(thousand.encoded().count < 64_000)
        let clock = ContinuousClock()
        let elapsed = try clock.measure {
            _ = try Topic.decode(entry(of: try makeTopic(partitions: 10_000)))
        }
        #expect(elapsed < .seconds(5), "\(elapsed)")
        #expect(try makeTopic(partitions: 10_000).encoded().count < MetadataLimits.transactionBytesMax / 2)
    }

    @Test func `the cluster's identity comes back, and a damaged one does not`() throws {
        let identity = ClusterIdentity(clusterID: topicID.description, createdAt: now, features: ["log": "1"])
        let bytes = identity.encoded()
        #expect(try ClusterIdentity.decode(bytes) == identity)
        for length in 0..<2 {
            #expect(throws: MetadataError.self) { try ClusterIdentity.decode(Array(bytes[..<length])) }
        }
        #expect(throws: MetadataError.self) { try ClusterIdentity.decode([2]) }
        #expect(identity.plan().compares == [.isMissing(MetadataKeys.cluster)])
    }
}
