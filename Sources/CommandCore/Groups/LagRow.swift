package import KafkaClient
package import Model
package import Text

/// How far a group is behind in a partition, or in the partitions of a topic together.
package struct LagRow: Equatable, Sendable {
    package var group: String
    package var state: String
    package var members: Int
    /// Partition -1 stands for all of the topic.
    package var partition: NamedPartition
    package var committed: Offset?
    package var end: Offset?
    /// `nil` where nothing is committed, or the partition is gone.
    package var records: Int64?
    /// The age of the next record; `nil` where it was not found.
    package var milliseconds: Int64?

    package init(
        group: String,
        state: String,
        members: Int,
        partition: NamedPartition,
        committed: Offset?,
        end: Offset?,
        records: Int64?,
        milliseconds: Int64?
    ) {
        self.group = group
        self.state = state
        self.members = members
        self.partition = partition
        self.committed = committed
        self.end = end
        self.records = records
        self.milliseconds = milliseconds
    }

    /// The sum of records and the longest time for each group and topic, the most records first.
    package static func byTopic(_ rows: [LagRow]) -> [LagRow] {
        struct Key: Hashable {
            var group: String
            var topic: String
        }
        var sums: [Key: LagRow] = [:]
        for row in rows {
            let key = Key(group: row.group, topic: row.partition.topic)
            guard var sum = sums[key] else {
                var first = row
                first.partition.partition = -1
                first.committed = nil
                first.end = nil
                sums[key] = first
                continue
            }
            if let records = row.records { sum.records = (sum.records ?? 0) + records }
            if let milliseconds = row.milliseconds { sum.milliseconds = max(sum.milliseconds ?? 0, milliseconds) }
            sums[key] = sum
        }
        return sums.values.sorted { left, right in
            let (more, less) = (left.records ?? 0, right.records ?? 0)
            if more != less { return more > less }
            return (left.group, left.partition.topic) < (right.group, right.partition.topic)
        }
    }

    package static func table(_ rows: [LagRow], byPartition: Bool) -> TextTable {
        var titles = ["GROUP", "STATE", "MEMBERS", "TOPIC"]
        if byPartition { titles += ["PARTITION", "OFFSET", "END"] }
        titles += ["RECORDS", "BEHIND"]
        var table = TextTable(titles, numbers: byPartition ? [2, 4, 5, 6, 7, 8] : [2, 4, 5])
        for row in rows {
            var cells = [row.group, row.state, "\(row.members)", row.partition.topic]
            if byPartition {
                cells += [
                    "\(row.partition.partition)", row.committed.map { "\($0)" } ?? "-",
                    row.end.map { "\($0)" } ?? "-",
                ]
            }
            cells += [
                row.records.map { "\($0)" } ?? "-",
                row.milliseconds.map { DurationText.text(milliseconds: $0) } ?? "-",
            ]
            table.add(cells)
        }
        return table
    }

    package static func json(_ rows: [LagRow]) -> JSONLine {
        var json = JSONLine()
        json.array { json in
            for row in rows {
                json.object { json in
                    json.key("group")
                    json.string(row.group)
                    json.key("state")
                    json.string(row.state)
                    json.key("members")
                    json.number(row.members)
                    json.key("topic")
                    json.string(row.partition.topic)
                    if row.partition.partition >= 0 {
                        json.key("partition")
                        json.number(row.partition.partition)
                        json.key("offset")
                        json.number(row.committed)
                        json.key("end")
                        json.number(row.end)
                    }
                    json.key("records")
                    json.number(row.records)
                    json.key("behindMilliseconds")
                    json.number(row.milliseconds)
                }
            }
        }
        json.endLine()
        return json
    }
}
