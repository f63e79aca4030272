package import Text

/// Why a group rebalanced, as `/api/v1/groups/{group}` has it.
package struct GroupRebalance: Sendable, Equatable, Decodable {
    struct Cause: Sendable, Equatable, Decodable {
        var reason: String
        var member: String?
    }

    /// Milliseconds since the epoch, as the next one.
    var beganAt: Int64
    var endedAt: Int64?
    var generation: Int32?
    var members: Int?
    var causes: [Cause]
    var causesLeftOut: Int

    /// One row each, the last rebalance first.
    package static func table(_ rebalances: [GroupRebalance]) -> TextTable {
        var table = TextTable(["REBALANCE", "TOOK", "GENERATION", "MEMBERS", "WHY"], numbers: [1, 2, 3])
        for one in rebalances {
            var causes = one.causes.map { cause in cause.reason + (cause.member.map { " \($0)" } ?? "") }
            if one.causesLeftOut > 0 { causes.append("\(one.causesLeftOut) more") }
            table.add([
                CalendarTime(one.beganAt).rfc3339,
                one.endedAt.map { "\($0 - one.beganAt) ms" } ?? "-",
                one.generation.map { "\($0)" } ?? "-",
                one.members.map { "\($0)" } ?? "-",
                causes.joined(separator: ", "),
            ])
        }
        return table
    }

    /// As the member `rebalances` of an object.
    package static func write(_ rebalances: [GroupRebalance], to json: inout JSONLine) {
        json.key("rebalances")
        json.array { json in
            for one in rebalances {
                json.object { json in
                    json.key("beganAt")
                    json.number(one.beganAt)
                    json.key("endedAt")
                    json.number(one.endedAt)
                    json.key("generation")
                    json.number(one.generation)
                    json.key("members")
                    json.number(one.members)
                    json.key("causes")
                    json.array { json in
                        for cause in one.causes {
                            json.object { json in
                                json.key("reason")
                                json.string(cause.reason)
                                json.key("member")
                                json.string(cause.member)
                            }
                        }
                    }
                    json.key("causesLeftOut")
                    json.number(one.causesLeftOut)
                }
            }
        }
    }
}
