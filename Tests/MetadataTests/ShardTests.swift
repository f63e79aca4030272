import Model
import Testing

@testable import Metadata

@Suite struct ShardTests {
    @Test func `shard IDs are written and read as AWS writes them`() {
        #expect(Shard.id(ordinal: 0) == "shardId-000000000000")
        #expect(Shard.id(ordinal: 42) == "shardId-000000000042")
        #expect(Shard.id(ordinal: .max) == "shardId-002147483647")
        for ordinal in [0, 1, 42, Int32.max] {
            #expect(Shard.ordinal(id: Shard.id(ordinal: ordinal)) == ordinal)
        }
    }

    @Test(
        arguments: [
            "", "shardId-", "shardId-42", "shardId-00000000000", "shardId-0000000000000", "shardId-00000000000a",
            "shardid-000000000000", "shardId-002147483648", "shardId--00000000001", "shardId-99999999999９",
        ]
    )
    func `other texts are no shard IDs`(text: String) {
        #expect(Shard.ordinal(id: text) == nil)
    }

    @Test func `uniform ranges are those of AWS`() {
        // The ranges that CreateStream with two and three shards is documented to give.
        #expect(HashRange.uniform(count: 1) == [.full])
        #expect(
            HashRange.uniform(count: 2).map { "\($0.lower) \($0.upper)" } == [
                "0 170141183460469231731687303715884105727",
                "170141183460469231731687303715884105728 340282366920938463463374607431768211455",
            ]
        )
        #expect(
            HashRange.uniform(count: 3).map { "\($0.lower) \($0.upper)" } == [
                "0 113427455640312821154458202477256070484",
                "113427455640312821154458202477256070485 226854911280625642308916404954512140969",
                "226854911280625642308916404954512140970 340282366920938463463374607431768211455",
            ]
        )
        for count in [4, 5, 7, 100, 1_000, 10_000] {
            let ranges = HashRange.uniform(count: count)
            #expect(ranges.count == count)
            #expect(HashRange.tile(ranges))
        }
    }

    @Test func `gaps and overlaps are no tiling`() {
        #expect(!HashRange.tile([]))
        #expect(!HashRange.tile([HashRange(lower: 0, upper: 5)]))
        #expect(!HashRange.tile([HashRange(lower: 1, upper: .max)]))
        #expect(!HashRange.tile([HashRange(lower: 0, upper: 5), HashRange(lower: 7, upper: .max)]))
        #expect(!HashRange.tile([HashRange(lower: 0, upper: 5), HashRange(lower: 5, upper: .max)]))
        #expect(!HashRange.tile([.full, .full]))
        #expect(HashRange.tile([HashRange(lower: 6, upper: .max), HashRange(lower: 0, upper: 5)]))
    }

    @Test func `the middle halves a range and exists for all but single keys`() {
        #expect(HashRange.full.middle == 1 << 127)
        #expect(HashRange(lower: 5, upper: 5).middle == nil)
        #expect(HashRange(lower: 5, upper: 6).middle == 6)
        #expect(HashRange(lower: 5, upper: 7).middle == 6)
        #expect(HashRange(lower: .max - 1, upper: .max).middle == .max)
        #expect(HashRange.full.split(at: 0) == nil)
        #expect(HashRange(lower: 5, upper: 7).split(at: 8) == nil)
        #expect(HashRange(lower: 5, upper: 7).split(at: 7)?.right == HashRange(lower: 7, upper: 7))
    }
}
