internal import CommandCore
internal import KafkaClient
internal import KafkaProtocol
internal import Model
internal import Text

/// What the commands that move a group's offsets share.
enum GroupOffsets {
    /// Those of the partitions that exist.
    static func existing(_ partitions: [NamedPartition], _ cluster: KafkaCluster) async throws -> [NamedPartition] {
        let counts = Dictionary(
            try await Admin(cluster: cluster).listTopics().map { ($0.name, $0.partitions.count) },
            uniquingKeysWith: { $1 }
        )
        return partitions.filter { Int($0.partition) < counts[$0.topic] ?? 0 }.sorted()
    }

    /// Commits what the plan says.
    ///
    /// - Throws: `Failure` with the server's own error while the group has members.
    static func commit(_ plan: SeekPlan, of group: String, _ cluster: KafkaCluster, isDry: Bool) async throws {
        if isDry {
            let members = try? await Admin(cluster: cluster).describeGroup(group).members.count
            if let members, members > 0 {
                StandardError.write(
                    "millrace: group \(group) has \(members) member\(members == 1 ? "" : "s"): the server will refuse "
                        + "until they have stopped\n"
                )
            }
            return
        }
        do {
            try await Admin(cluster: cluster).commitOffsets(of: group, plan.offsets)
        } catch let error as ClientError
            where error.serverCode == .unknownMemberID || error.serverCode == .illegalGeneration
            || error.serverCode == .nonEmptyGroup || error.serverCode == .staleMemberEpoch
        {
            throw Failure("\(error); it has members: stop them (see `millrace group describe \(group)`) and try again")
        }
    }

    static func publish(_ plan: SeekPlan, of group: String, isDry: Bool, _ output: OutputOptions) throws {
        var table = TextTable(
            ["TOPIC", "PARTITION", "BEFORE", "AFTER", "CHANGE", "LAG"],
            numbers: [1, 2, 3, 4, 5]
        )
        for row in plan.rows {
            let change = row.before.map { before in (row.after >= before ? "+" : "") + "\(row.after - before)" }
            table.add([
                row.partition.topic, "\(row.partition.partition)", row.before.map { "\($0)" } ?? "-", "\(row.after)",
                change ?? "-", "\(row.lag)",
            ])
        }
        let clamped = plan.rows.count(where: \.isClamped)
        var title = "\(isDry ? "would move" : "moved") group \(group)\n"
        if clamped > 0 { title += "\(clamped) outside of the log: the nearest offset is taken\n" }
        try output.publish(table, before: title + "\n", json: Self.json(plan, isDry))
    }

    private static func json(_ plan: SeekPlan, _ isDry: Bool) -> JSONLine {
        var json = JSONLine()
        json.array { json in
            for row in plan.rows {
                json.object { json in
                    json.key("topic")
                    json.string(row.partition.topic)
                    json.key("partition")
                    json.number(row.partition.partition)
                    json.key("moved")
                    json.boolean(!isDry)
                    json.key("before")
                    json.number(row.before)
                    json.key("after")
                    json.number(row.after)
                    json.key("lag")
                    json.number(row.lag)
                    json.key("clamped")
                    json.boolean(row.isClamped)
                }
            }
        }
        json.endLine()
        return json
    }
}
