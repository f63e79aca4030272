internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Testing

@Suite struct RecordTests {
    @Test func `the key of a committed offset has its version in front`() throws {
        let key = OffsetCommitKey(groupID: GroupID("g"), topicName: "t", partitionIndex: 3)
        var buffer = ByteBuffer()
        key.encodeVersioned(into: &buffer, version: 1)
        #expect(Array(buffer.readableBytesView) == [0, 1, 0, 1, 0x67, 0, 1, 0x74, 0, 0, 0, 3])
        let (version, decoded) = try OffsetCommitKey.decodeVersioned(from: &buffer)
        #expect(version == 1)
        #expect(decoded == key)
    }

    @Test func `a committed offset of version 3 has the layout that Kafka writes`() throws {
        let value = OffsetCommitValue(
            offset: 10,
            leaderEpoch: LeaderEpoch(2),
            metadata: "m",
            commitTimestamp: 4
        )
        var buffer = ByteBuffer()
        value.encodeVersioned(into: &buffer, version: 3)
        #expect(
            Array(buffer.readableBytesView)
                == [0, 3, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 2, 0, 1, 0x6D, 0, 0, 0, 0, 0, 0, 0, 4]
        )
        #expect(try OffsetCommitValue.decodeVersioned(from: &buffer).value == value)
    }

    @Test func `the key of another record type is rejected`() {
        var buffer = ByteBuffer(bytes: [0, 2, 0, 1, 0x67])
        #expect(throws: WireError.self) { _ = try OffsetCommitKey.decodeVersioned(from: &buffer) }
    }

    @Test func `a newer consumer protocol is read as the newest known one`() throws {
        let subscription = ConsumerProtocolSubscription(
            topics: ["t"],
            ownedPartitions: [
                ConsumerProtocolSubscription.TopicPartitions(name: "t", partitions: [0, 1])
            ],
            generationID: GenerationID(4),
            rackID: "r"
        )
        var buffer = ByteBuffer()
        buffer.writeInteger(Int16(9))
        subscription.encode(into: &buffer, version: 3)
        buffer.writeString("unknown fields")
        var strict = buffer
        #expect(throws: WireError.self) { _ = try ConsumerProtocolSubscription.decodeVersioned(from: &strict) }
        let (version, decoded) = try ConsumerProtocolSubscription.decodeVersioned(
            from: &buffer,
            newerAsNewest: true
        )
        #expect(version == 3)
        #expect(decoded == subscription)
    }
}
