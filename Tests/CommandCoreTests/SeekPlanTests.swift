import CommandCore
import KafkaClient
import Testing

@Suite
struct SeekPlanTests {
    private static let first = NamedPartition(topic: "a", partition: 0)
    private static let second = NamedPartition(topic: "a", partition: 1)
    private static let facts: [NamedPartition: SeekPlan.Facts] = [
        first: SeekPlan.Facts(committed: 15, start: 10, end: 20, time: 12),
        second: SeekPlan.Facts(committed: nil, start: 0, end: 5, time: nil),
    ]

    @Test(
        arguments: [
            (SeekPlan.Target.point(.start), [10, 0]), (.point(.end), [20, 5]), (.point(.offset(3)), [10, 3]),
            (.point(.offset(99)), [20, 5]), (.point(.time(7)), [12, 5]), (.point(.beforeEnd(1)), [19, 4]),
            (.shift(-3), [12]), (.shift(.min), [10]), (.shift(.max), [20]),
        ] as [(SeekPlan.Target, [Int64])]
    )
    func `targets become offsets within the log`(target: SeekPlan.Target, offsets: [Int64]) {
        let plan = SeekPlan(Self.facts, to: target)
        #expect(plan.rows.map(\.after) == offsets)
        #expect(plan.skipped == (offsets.count == 1 ? [Self.second] : []))
    }

    @Test
    func `a row says what was before, what is left, and whether it was moved into the log`() {
        let plan = SeekPlan(Self.facts, to: .point(.offset(3)))
        #expect(plan.rows[0].before == 15 && plan.rows[0].lag == 10 && plan.rows[0].isClamped)
        #expect(plan.rows[1].before == nil && plan.rows[1].lag == 2 && !plan.rows[1].isClamped)
        #expect(plan.offsets == [Self.first: 10, Self.second: 3])
    }

    @Test
    func `a file's offsets go to the partitions that there are`() {
        let gone = NamedPartition(topic: "gone", partition: 0)
        let plan = SeekPlan(Self.facts, offsets: [Self.second: 4, gone: 1])
        #expect(plan.offsets == [Self.second: 4] && plan.skipped == [gone])
    }

    @Test
    func `rpk's and Kafka's files are read, and written`() throws {
        let expected = [Self.first: Int64(5), Self.second: 7]
        #expect(try SeekFile.parse("a 0 5\na 1 7\n") == expected)
        #expect(try SeekFile.parse("TOPIC,PARTITION,OFFSET\n# why\n\na,0,5\r\na,\t1,7") == expected)
        #expect(try SeekFile.parse(SeekFile.text(expected)) == expected)
    }

    @Test(arguments: ["", "a 0", "a x 5", "a 0 -1", "a 0 5\na 0 6", "a -1 5"])
    func `a file with anything else is refused`(text: String) {
        #expect(throws: OptionError.self) { try SeekFile.parse(text) }
    }

    @Test
    func `topics are named with and without partitions`() throws {
        #expect(try PartitionSelection("a").partitions == nil)
        #expect(try PartitionSelection("a:0,2-4,2").partitions == [0, 2, 3, 4])
        for text in ["", ":0", "a:", "a:x", "a:3-1", "a:-1", "a:0-2000000000"] {
            #expect(throws: OptionError.self) { try PartitionSelection(text) }
        }
    }

    @Test
    func `lag is summed by topic, the worst first`() {
        func row(_ topic: String, _ partition: Int32, _ records: Int64?, _ time: Int64?) -> LagRow {
            LagRow(
                group: "g",
                state: "Stable",
                members: 1,
                partition: NamedPartition(topic: topic, partition: partition),
                committed: 1,
                end: 2,
                records: records,
                milliseconds: time
            )
        }
        let rows = LagRow.byTopic([row("a", 0, 1, 10), row("a", 1, nil, nil), row("b", 0, 7, 2000), row("b", 1, 0, 0)])
        #expect(rows.map(\.partition.topic) == ["b", "a"])
        #expect(rows.map(\.records) == [7, 1] && rows.map(\.milliseconds) == [2000, 10])
        #expect(LagRow.table(rows, byPartition: false).text.contains("2 s"))
    }
}
