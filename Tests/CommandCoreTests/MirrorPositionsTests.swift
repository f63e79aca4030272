import CommandCore
import KafkaClient
import Testing

@Suite
struct MirrorPositionsTests {
    private static let partition = NamedPartition(topic: "orders", partition: 1)

    /// The source has records 10, 11, 13, 14 and 20; 12 and 15 to 19 are markers and gaps.
    private static let mirrored: MirrorPositions = {
        var positions = MirrorPositions(source: "a", target: "b")
        positions.begin(Self.partition, source: 10, target: 0)
        positions.wrote([(10, 0), (11, 1)], in: Self.partition, nextSource: 13)
        positions.wrote([(13, 2), (14, 3), (20, 4)], in: Self.partition, nextSource: 22)
        return positions
    }()

    @Test(
        arguments: [
            (5, 0), (10, 0), (11, 1), (12, 2), (13, 2), (14, 3), (15, 4), (19, 4), (20, 4), (21, 5), (22, 5), (99, 5),
        ] as [(Int64, Int64)]
    )
    func `an offset stands for the same records on both sides`(source: Int64, target: Int64) {
        #expect(Self.mirrored.target(of: source, in: Self.partition) == target)
    }

    @Test
    func `what is written is read again`() throws {
        #expect(try MirrorPositions(Self.mirrored.text) == Self.mirrored)
        #expect(Self.mirrored.partitions[Self.partition]?.nextSource == 22)
        #expect(Self.mirrored.partitions[Self.partition]?.nextTarget == 5)
        for text in [
            "", "x", "millrace-mirror 2 a b\n", "millrace-mirror 1 a b\norders 1 2 3\n",
            "millrace-mirror 1 a b\norders 1 2 3 +1\n", "millrace-mirror 1 a b\norders 1 2 3 1:1\n",
        ] {
            #expect(throws: OptionError.self) { try MirrorPositions(text) }
        }
    }

    @Test
    func `old runs are forgotten, and what they stood for is not guessed`() {
        var positions = MirrorPositions(source: "a", target: "b")
        positions.begin(Self.partition, source: 0, target: 0)
        // A marker behind every record.
        for number in 0..<Int64(MirrorPositions.runsMax + 5) {
            positions.wrote([(2 * number, number)], in: Self.partition, nextSource: 2 * number + 2)
        }
        #expect(positions.target(of: 0, in: Self.partition) == nil)
        #expect(positions.target(of: 10, in: Self.partition) == 5)
        #expect(positions.target(of: 11, in: Self.partition) == 6)
        #expect(positions.target(of: 0, in: NamedPartition(topic: "x", partition: 0)) == nil)
    }
}
