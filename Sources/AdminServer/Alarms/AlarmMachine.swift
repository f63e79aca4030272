/// An alarm that rings, or has rung.
package struct Alarm: Sendable, Equatable {
    package var condition: AlarmCondition
    /// When its condition was first seen, in milliseconds since the epoch.
    package var since: Int64
    /// When it began to ring.
    package var beganAt: Int64
    /// `nil` while it rings.
    package var endedAt: Int64?
}

/// When an alarm begins and when it ends. Sans-IO.
///
/// ```
///  condition seen ──► pending ── holds long enough ──► rings ── not seen three times ──► in the history
///                        └── not seen once ──► forgotten
/// ```
///
/// An alarm that ends at the first moment without its condition would ring again and again where something is at its
/// limit. Everything is bounded: further alarms than `activeMax` are counted and not kept.
package struct AlarmMachine: Sendable {
    package static let activeMax = 1000
    package static let historyMax = 200
    private static let missesMax = 3

    package enum Change: Sendable, Equatable {
        case began(Alarm)
        case ended(Alarm)
    }

    private struct ID: Hashable {
        var rule: AlarmRule
        var subject: String
    }

    private enum State {
        case pending(since: Int64)
        case rings(Alarm, misses: Int)
    }

    private var states: [ID: State] = [:]
    /// The last one to end first.
    package private(set) var history: [Alarm] = []
    /// Conditions of the last evaluation for which there was no room.
    package private(set) var leftOut = 0

    package init() {}

    /// Critical ones first, then those that have been there longest.
    package var active: [Alarm] {
        let alarms = self.states.values.compactMap { if case .rings(let alarm, _) = $0 { alarm } else { nil } }
        return alarms.sorted { left, right in
            let (first, second) = (left.condition, right.condition)
            if first.rule.severity != second.rule.severity { return first.rule.severity > second.rule.severity }
            return (left.beganAt, first.rule.rawValue, first.subject)
                < (right.beganAt, second.rule.rawValue, second.subject)
        }
    }

    /// The rules were evaluated.
    ///
    /// - Parameter now: milliseconds since the epoch.
    package mutating func evaluated(_ conditions: [AlarmCondition], _ limits: AlarmLimits, now: Int64) -> [Change] {
        var changes: [Change] = []
        var seen: Set<ID> = []
        self.leftOut = 0
        for condition in conditions {
            let id = ID(rule: condition.rule, subject: condition.subject)
            guard self.states[id] != nil || self.states.count < Self.activeMax else {
                self.leftOut += 1
                continue
            }
            seen.insert(id)
            self.saw(condition, id, limits, now, &changes)
        }
        for (id, state) in self.states where !seen.contains(id) {
            guard case .rings(var alarm, let misses) = state else {
                self.states[id] = nil
                continue
            }
            guard misses + 1 >= Self.missesMax || limits.disabled.contains(id.rule) else {
                self.states[id] = .rings(alarm, misses: misses + 1)
                continue
            }
            self.states[id] = nil
            alarm.endedAt = now
            self.history.insert(alarm, at: 0)
            if self.history.count > Self.historyMax { self.history.removeLast() }
            changes.append(.ended(alarm))
        }
        return changes
    }

    private mutating func saw(
        _ condition: AlarmCondition,
        _ id: ID,
        _ limits: AlarmLimits,
        _ now: Int64,
        _ changes: inout [Change]
    ) {
        switch self.states[id] {
        case .rings(var alarm, _)?:
            alarm.condition = condition
            self.states[id] = .rings(alarm, misses: 0)
        case .pending(let since)?: self.holds(condition, id, since: since, limits, now, &changes)
        case nil: self.holds(condition, id, since: now, limits, now, &changes)
        }
    }

    private mutating func holds(
        _ condition: AlarmCondition,
        _ id: ID,
        since: Int64,
        _ limits: AlarmLimits,
        _ now: Int64,
        _ changes: inout [Change]
    ) {
        guard now - since >= condition.rule.pending(limits) else {
            self.states[id] = .pending(since: since)
            return
        }
        let alarm = Alarm(condition: condition, since: since, beganAt: now)
        self.states[id] = .rings(alarm, misses: 0)
        changes.append(.began(alarm))
    }
}
