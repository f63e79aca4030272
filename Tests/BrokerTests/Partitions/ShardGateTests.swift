import Broker
import Metadata
import Model
import Testing

/// Every event in every state.
@Suite struct ShardGateTests {
    private static let open = ShardGate.State.open(ordinal: 3, start: 10)
    private static let closing = ShardGate.State.closing(ordinal: 3, start: 10, end: 50)
    private static let sealed = ShardGate.State.sealed(end: 50)

    private static func close(_ gate: inout ShardGate, _ ordinal: Int32, _ end: Offset) -> Bool {
        gate.closeRequested(ordinal, end: end)
    }

    @Test func `puts are taken for the open shard alone`() {
        #expect(ShardGate(Self.open).admits(3))
        #expect(!ShardGate(Self.open).admits(2))
        #expect(!ShardGate(Self.open).admits(4))
        #expect(!ShardGate(Self.closing).admits(3))
        #expect(!ShardGate(Self.sealed).admits(3))
        #expect([Self.open, Self.closing, Self.sealed].map { ShardGate($0).isSettled } == [true, false, true])
    }

    @Test func `a reader stops where its shard ends, also before the metadata says so`() {
        #expect(ShardGate(Self.open).end(of: 3) == nil)
        #expect(ShardGate(Self.open).end(of: 1) == 10)
        #expect(ShardGate(Self.closing).end(of: 3) == 50)
        #expect(ShardGate(Self.closing).end(of: 1) == 10)
        // Of a newer shard than the gate knows: the reader's map is ahead.
        #expect(ShardGate(Self.closing).end(of: 7) == nil)
        #expect(ShardGate(Self.sealed).end(of: 3) == 50)
    }

    @Test func `only the open shard can be closed, and once`() {
        var gate = ShardGate(Self.open)
        do {
            let isClosed = Self.close(&gate, 2, 50)
            #expect(isClosed == false)
        }
        #expect(gate.state == Self.open)
        do {
            let isClosed = Self.close(&gate, 3, 50)
            #expect(isClosed == true)
        }
        #expect(gate.state == Self.closing)
        do {
            let isClosed = Self.close(&gate, 3, 60)
            #expect(isClosed == false)
        }
        #expect(gate.state == Self.closing)
        var sealed = ShardGate(Self.sealed)
        do {
            let isClosed = Self.close(&sealed, 3, 60)
            #expect(isClosed == false)
        }
        #expect(sealed.state == Self.sealed)
    }

    @Test func `a log that ends before its shard begins closes it at its beginning`() {
        var gate = ShardGate(Self.open)
        do {
            let isClosed = Self.close(&gate, 3, 4)
            #expect(isClosed == true)
        }
        #expect(gate.state == .closing(ordinal: 3, start: 10, end: 10))
    }

    @Test func `a change that did not take place opens its shard again, and no other`() {
        var gate = ShardGate(Self.closing)
        gate.closeCancelled(2)
        #expect(gate.state == Self.closing)
        gate.closeCancelled(3)
        #expect(gate.state == Self.open)
        gate.closeCancelled(3)
        #expect(gate.state == Self.open)
        var sealed = ShardGate(Self.sealed)
        sealed.closeCancelled(3)
        #expect(sealed.state == Self.sealed)
    }

    @Test func `the metadata ends a closing shard, but another change of the topic does not`() {
        var gate = ShardGate(Self.closing)
        gate.decided(Self.open)
        #expect(gate.state == Self.closing)
        gate.decided(.open(ordinal: 5, start: 50))
        #expect(gate.state == .open(ordinal: 5, start: 50))
        var merged = ShardGate(Self.closing)
        merged.decided(Self.sealed)
        #expect(merged.state == Self.sealed)
        // A later split opens a sealed partition again.
        merged.decided(.open(ordinal: 9, start: 50))
        #expect(merged.state == .open(ordinal: 9, start: 50))
    }

    @Test func `a gate that is ahead of the topic has puts wait until the topic is served as it says`() {
        var gate = ShardGate(Self.closing)
        gate.decided(.open(ordinal: 5, start: 50))
        #expect(!gate.isSettled, "a put that is routed now names shard 3 once more")
        gate.published()
        #expect(gate.isSettled)
        // What changes nothing of the shards holds up nobody.
        gate.decided(.open(ordinal: 5, start: 50))
        #expect(gate.isSettled)
        // Another shard of the topic may be published while this one is closing.
        var closing = ShardGate(Self.closing)
        closing.decided(Self.open)
        closing.published()
        #expect(!closing.isSettled)
        closing.closeCancelled(3)
        #expect(closing.isSettled)
    }

    @Test func `the states of a topic's partitions follow from its shards`() {
        func shard(_ ordinal: Int32, _ partition: Int32, _ start: Offset, _ end: Offset?) -> Shard {
            Shard(
                ordinal: ordinal,
                partition: partition,
                startOffset: start,
                endOffset: end,
                createdSecond: 1,
                closedAt: end.map { _ in 1 },
                hashRange: .full
            )
        }
        let topic = Topic(
            name: "t",
            id: TopicID(high: 1, low: 1),
            createdAt: 0,
            origin: .kinesis,
            partitions: [Partition(), Partition(isSealed: true)],
            routing: .md5,
            streamMode: .provisioned,
            shards: [shard(0, 0, 0, 7), shard(1, 1, 0, 9), shard(2, 0, 7, nil)]
        )
        #expect(ShardGate.states(of: topic) == [.open(ordinal: 2, start: 7), .sealed(end: 9)])
    }
}
