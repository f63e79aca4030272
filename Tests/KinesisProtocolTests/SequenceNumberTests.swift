import KinesisProtocol
import Model
import NIOCore
import TestSupport
import Testing

@Suite struct SequenceNumberTests {
    /// Decimals from exact integer arithmetic outside of this code base.
    @Test(
        arguments: [
            (0, 0, 0, "49039857307708443467467104868809893875799651909875269634"),
            (1_700_000_000, 0, 0, "49646437577108476416916876405825929425585429676275269634"),
            (1_700_000_000, 5, 123_456_789, "49646437577219980142909678771633436832284006428312600658"),
            (1_763_937_255, 17, 1, "49669251152049952811349155353941577719110468236616925458"),
            (1_700_000_000, 0, 1 << 32, "49646437577108476416922068702684464253213960172604489730"),
            (
                (1 << 36) - 1, UInt32(Int32.max), Int64.max,
                "73559785961551514828601391991642868751110021890170683378"
            ),
        ] as [(UInt64, UInt32, Int64, String)]
    )
    func `digits are exact`(_ seconds: UInt64, _ ordinal: UInt32, _ offset: Int64, _ digits: String) {
        let number = SequenceNumber(shardCreated: seconds, ordinal: ordinal, offset: offset)
        #expect(number.description == digits)
        var buffer = ByteBuffer()
        number.write(into: &buffer)
        #expect(String(buffer: buffer) == digits)
    }

    @Test func `what is printed is read back, for any fields`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let number = SequenceNumber(
                shardCreated: UInt64.random(in: 0..<16_025_175_000, using: &generator),
                ordinal: UInt32.random(in: 0...UInt32(Int32.max), using: &generator),
                offset: Int64.random(in: 0 ... .max, using: &generator) >> Int64.random(in: 0..<63, using: &generator)
            )
            #expect(ParsedSequenceNumber(number.description) == .record(number))
        }
    }

    @Test func `numbers grow with the offset, and from parents to children, as strings too`() {
        let parent = SequenceNumber(shardCreated: 1_700_000_000, ordinal: 3, offset: 10)
        let last = SequenceNumber(shardCreated: 1_700_000_000, ordinal: 3, offset: .max)
        let child = SequenceNumber(shardCreated: 1_700_000_001, ordinal: 4, offset: 11)
        let numbers = [parent, last, child]
        #expect(numbers.sorted() == numbers)
        #expect(numbers.map(\.description).sorted() == numbers.map(\.description))
    }

    /// The example of the AWS API reference for GetRecords.
    @Test func `a number of AWS tells its shard but is not taken for one of ours`() {
        let text = "49590338271490256608559692538361571095921575989136588898"
        #expect(ParsedSequenceNumber(text) == .foreign(ordinal: 6))
    }

    @Test(
        arguments: [
            ("5", ParsedSequenceNumber.foreign(ordinal: 5)),
            ("0", .foreign(ordinal: 0)),
            // The second is beyond what AWS takes.
            ("26227199374822427428162556223570313216", .invalid),
            // An offset with its highest bit set.
            ("49039857307719593840066370180380661734935976090628259842", .invalid),
            ("99999999999999999999999999999999999999999999999999999999", .invalid),
            (String(repeating: "9", count: 57), .invalid),
            (String(repeating: "9", count: 129), .invalid),
            ("", .invalid),
        ]
    )
    func `other numbers are sorted as AWS sorts them`(_ text: String, _ expected: ParsedSequenceNumber) {
        #expect(ParsedSequenceNumber(text) == expected)
    }

    @Test func `shard IDs are read as AWS reads them`() {
        #expect(ShardID(text: "shardId-000000000042")?.ordinal == 42)
        #expect(ShardID(text: "shard-42")?.ordinal == 42)
        #expect(ShardID(text: "42")?.ordinal == 42)
        #expect(ShardID(text: "shardId-002147483647")?.ordinal == 2_147_483_647)
        #expect(ShardID(text: "shardId-002147483648") == nil)
        #expect(ShardID(text: "shardId-ffa") == nil)
        #expect(ShardID(text: "") == nil)
        #expect(ShardID(7).description == "shardId-000000000007")
        #expect(ShardID.text(-2_147_483_648) == "shardId--02147483648")
    }
}
