internal import Synchronization

/// What clients of both faces have appended to one partition and read of it since the server started. Counted for each
/// batch list or answer, not for each record; a topic's numbers are the sums of its partitions'.
package struct PartitionTraffic: ~Copyable, Sendable {
    package enum Face: Int, Sendable, CaseIterable {
        case kafka
        case kinesis

        var name: String {
            switch self {
            case .kafka: "kafka"
            case .kinesis: "kinesis"
            }
        }
    }

    /// What is counted, in the order in which `TopicTraffic` has it for each face.
    enum Quantity: Int, CaseIterable {
        case appendedBytes
        case appendedRecords
        case readBytes
        case readRecords
    }

    private let counts: InlineArray<8, Atomic<UInt64>>

    init() { self.counts = InlineArray { _ in Atomic(0) } }

    func appended(by face: Face, bytes: Int, records: Int) {
        self.add(bytes, .appendedBytes, face)
        self.add(records, .appendedRecords, face)
    }

    /// Records were sent to a client, or are about to be.
    package func read(by face: Face, bytes: Int, records: Int) {
        guard bytes > 0 else { return }
        self.add(bytes, .readBytes, face)
        self.add(records, .readRecords, face)
    }

    private func add(_ amount: Int, _ quantity: Quantity, _ face: Face) {
        self.counts[TopicTraffic.index(quantity, face)].wrappingAdd(UInt64(max(0, amount)), ordering: .relaxed)
    }

    var current: TopicTraffic {
        var traffic = TopicTraffic()
        for index in 0..<8 { traffic.values[index] = self.counts[index].load(ordering: .relaxed) }
        return traffic
    }
}

/// The traffic of a topic, or of several.
struct TopicTraffic: Equatable, Sendable {
    fileprivate(set) var values = SIMD8<UInt64>(repeating: 0)

    static func index(_ quantity: PartitionTraffic.Quantity, _ face: PartitionTraffic.Face) -> Int {
        face.rawValue * PartitionTraffic.Quantity.allCases.count + quantity.rawValue
    }

    subscript(_ quantity: PartitionTraffic.Quantity, _ face: PartitionTraffic.Face) -> UInt64 {
        get { self.values[Self.index(quantity, face)] }
        set { self.values[Self.index(quantity, face)] = newValue }
    }

    /// Bytes in and out, by which topics are ranked.
    var bytes: UInt64 {
        PartitionTraffic.Face.allCases.reduce(0) { $0 + self[.appendedBytes, $1] + self[.readBytes, $1] }
    }

    static func += (left: inout Self, right: Self) { left.values &+= right.values }

    /// What came since; 0 where a number fell, as those of a partition that was reopened do.
    func growth(since before: Self) -> Self {
        var growth = Self()
        growth.values = (self.values &- before.values).replacing(
            with: SIMD8(repeating: 0),
            where: self.values .< before.values
        )
        return growth
    }
}
