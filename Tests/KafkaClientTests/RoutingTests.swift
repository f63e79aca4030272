import KafkaClient
import Model
import Testing

@Suite struct RoutingTests {
    /// Kafka's own test vectors (its `UtilsTest`).
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)]
    )
    func `murmur2 gives what Kafka's clients compute`(text: String, expected: Int32) {
        let hash = Array(text.utf8).withUnsafeBytes { Murmur2.hash($0) }
        #expect(Int32(bitPattern: hash) == expected)
    }

    @Test func `a negative hash gives a valid partition`() {
        for count in 1...7 {
            let partition = Array("21".utf8).withUnsafeBytes { Murmur2.partition(for: $0, of: count) }
            #expect((0..<count).contains(partition))
        }
    }

    @Test(arguments: [
        ("host:1", "host", 1), ("host", "host", 9092), ("[::1]:9093", "::1", 9093), ("[::1]", "::1", 9092),
    ])
    func `an address is read`(text: String, host: String, port: Int) {
        #expect(BrokerAddress(text: text) == BrokerAddress(host: host, port: port))
    }

    @Test(arguments: ["", ":9092", "host:", "host:0", "host:65536", "host:x", "[::1", "[::1]x", "a:b:1"])
    func `a malformed address is refused`(text: String) {
        #expect(BrokerAddress(text: text) == nil)
        #expect(BrokerAddress.list("fine:1,\(text.isEmpty ? ":" : text)") == nil)
    }
}

@Suite struct RangeAssignorTests {
    private static func partitions(_ topic: String, _ numbers: [Int32]) -> [NamedPartition] {
        numbers.map { NamedPartition(topic: topic, partition: $0) }
    }

    @Test func `the first members get one more when the number does not divide`() {
        let members = ["c", "a", "b"].map { RangeAssignor.Member(memberID: $0, topics: ["t"]) }
        let result = RangeAssignor.assign(members, partitionCounts: ["t": 7])
        #expect(result["a"] == Self.partitions("t", [0, 1, 2]))
        #expect(result["b"] == Self.partitions("t", [3, 4]))
        #expect(result["c"] == Self.partitions("t", [5, 6]))
    }

    @Test func `each topic is shared out among its own subscribers`() {
        let members = [
            RangeAssignor.Member(memberID: "a", topics: ["t", "u"]),
            RangeAssignor.Member(memberID: "b", topics: ["u"]),
        ]
        let result = RangeAssignor.assign(members, partitionCounts: ["t": 2, "u": 2])
        #expect(result["a"] == Self.partitions("t", [0, 1]) + Self.partitions("u", [0]))
        #expect(result["b"] == Self.partitions("u", [1]))
    }

    @Test func `members beyond the partitions and topics that do not exist get nothing`() {
        let members = ["a", "b"].map { RangeAssignor.Member(memberID: $0, topics: ["t", "gone"]) }
        let result = RangeAssignor.assign(members, partitionCounts: ["t": 1])
        #expect(result == ["a": Self.partitions("t", [0]), "b": []])
    }

    @Test func `static members come first, in the order of their instance IDs`() {
        let members = [
            RangeAssignor.Member(memberID: "a", topics: ["t"]),
            RangeAssignor.Member(memberID: "z", instanceID: "1", topics: ["t"]),
            RangeAssignor.Member(memberID: "y", instanceID: "2", topics: ["t"]),
        ]
        let result = RangeAssignor.assign(members, partitionCounts: ["t": 3])
        #expect(result.mapValues { $0.map(\.partition) } == ["z": [0], "y": [1], "a": [2]])
    }
}
