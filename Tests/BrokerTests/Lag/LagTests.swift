import Model
import Testing

@testable import Broker

@Suite struct LagWindowTests {
    private func window(_ samples: [(committed: Offset, records: Int64)], hasMembers: Bool = true) -> LagWindow {
        var window = LagWindow()
        for sample in samples {
            window.measured(committed: sample.committed, records: sample.records, hasMembers: hasMembers)
        }
        return window
    }

    @Test func `a window that is not full says nothing`() {
        #expect(self.window(Array(repeating: (5, 100), count: LagWindow.samplesMax - 1)).status == .ok)
    }

    @Test func `a group that was at the end within the window is well`() {
        var samples = (0..<LagWindow.samplesMax).map { (committed: Offset(5), records: Int64(100 + $0)) }
        samples[3].records = 0
        #expect(self.window(samples).status == .ok)
    }

    @Test
    func `a group that commits nothing stalls, and has stopped without members`() {
        let samples = (0..<LagWindow.samplesMax).map { (committed: Offset(5), records: Int64(100 + $0)) }
        #expect(self.window(samples).status == .stalled)
        #expect(self.window(samples, hasMembers: false).status == .stopped)
        #expect(self.window(samples).growth == 1)
    }

    @Test func `a group whose lag never becomes smaller is behind`() {
        let samples = (0..<LagWindow.samplesMax).map { (committed: Offset($0), records: Int64(100)) }
        #expect(self.window(samples).status == .behind)
    }

    @Test func `a group whose lag becomes smaller catches up`() {
        let samples = (0..<LagWindow.samplesMax).map { (committed: Offset($0 * 10), records: Int64(100 - $0)) }
        #expect(self.window(samples).status == .ok)
        #expect(self.window(samples).growth == -1)
    }

    @Test func `an offset that is set back begins a new window`() {
        var window = self.window((0..<LagWindow.samplesMax).map { (committed: Offset(50 + $0), records: Int64(100)) })
        #expect(window.status == .behind)
        window.measured(committed: 3, records: 200, hasMembers: true)
        #expect(window.status == .ok)
    }

    @Test func `only the last measurements count`() {
        var window = self.window([(committed: 1, records: 0)])
        for _ in 0..<LagWindow.samplesMax { window.measured(committed: 1, records: 5, hasMembers: true) }
        #expect(window.status == .stalled)
    }
}

@Suite struct LagSnapshotTests {
    private let snapshot = LagSnapshot(
        groups: [
            GroupLag(
                groupID: "a\"b",
                hasMembers: true,
                partitions: [
                    PartitionLag(topic: "t", partition: 0, committed: 7, records: 3, seconds: 1.5, status: .ok),
                    PartitionLag(topic: "t", partition: 1, committed: 0, records: 9, seconds: nil, status: .stalled),
                    PartitionLag(topic: "u", partition: 0, committed: 2, records: 0, seconds: 0, status: .ok),
                ]
            )
        ],
        omitted: 4
    )

    @Test func `a group has one series for each topic, and the status of its worst partition`() {
        let lines = Set(self.snapshot.prometheusText(seriesMax: 100).split(separator: "\n").map(String.init))
        #expect(lines.contains(#"millrace_group_lag_records{group="a\"b",topic="t"} 12"#))
        #expect(lines.contains(#"millrace_group_lag_records_max{group="a\"b",topic="t"} 9"#))
        #expect(lines.contains(#"millrace_group_lag_seconds{group="a\"b",topic="t"} 1.5"#))
        #expect(lines.contains(#"millrace_group_lag_seconds{group="a\"b",topic="u"} 0.0"#))
        #expect(lines.contains(#"millrace_group_status{group="a\"b",status="stalled"} 1"#))
        #expect(lines.contains("millrace_group_lag_left_out 4"))
    }

    @Test func `the names of kafka_exporter come by partition and in sums`() {
        let lines = Set(self.snapshot.kafkaExporterText.split(separator: "\n").map(String.init))
        #expect(lines.contains(#"kafka_consumergroup_lag{consumergroup="a\"b",partition="1",topic="t"} 9"#))
        #expect(lines.contains(#"kafka_consumergroup_current_offset{consumergroup="a\"b",partition="0",topic="t"} 7"#))
        #expect(lines.contains(#"kafka_consumergroup_lag_sum{consumergroup="a\"b",topic="t"} 12"#))
        #expect(lines.contains(#"kafka_consumergroup_current_offset_sum{consumergroup="a\"b",topic="t"} 7"#))
    }

    @Test func `series are bounded, and the worst ones stay`() {
        var snapshot = LagSnapshot()
        for number in 0..<(20 + 5) {
            let lag = PartitionLag(
                topic: "t",
                partition: 0,
                committed: 0,
                records: 1,
                seconds: Double(number),
                status: .ok
            )
            snapshot.groups.append(GroupLag(groupID: "g\(number)", hasMembers: true, partitions: [lag]))
        }
        let text = snapshot.prometheusText(seriesMax: 20)
        #expect(text.contains("millrace_group_lag_left_out 5\n"))
        #expect(!text.contains(#"millrace_group_lag_records{group="g4","#))
        #expect(text.contains(#"millrace_group_lag_records{group="g5","#))
    }
}
