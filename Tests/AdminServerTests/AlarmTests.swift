import Broker
import Metadata
import NIOCore
import Testing

@testable import AdminServer

@Suite("Alarms")
struct AlarmTests {
    private var limits: AlarmLimits {
        var limits = AlarmLimits()
        limits.pendingMilliseconds = 100_000
        return limits
    }

    private static func group(
        _ id: String,
        seconds: Double?,
        _ status: LagStatus = .ok,
        topic: String = "orders"
    ) -> GroupLag {
        let lag = PartitionLag(
            topic: topic,
            partition: 0,
            committed: 0,
            records: 5,
            seconds: seconds,
            status: status
        )
        return GroupLag(groupID: id, hasMembers: status != .stopped, partitions: [lag])
    }

    @Test("The names that alarms.disabled takes are those of the rules, and each has its own alert")
    func names() {
        #expect(Set(BrokerConfigs.alarmRules) == Set(AlarmRule.allCases.map(\.rawValue)))
        #expect(Set(AlarmRule.allCases.map(\.alertName)).count == AlarmRule.allCases.count)
    }

    @Test("A healthy server has no condition")
    func healthy() {
        var facts = AlarmFacts()
        facts.diskFreeBytes = 50
        facts.diskSizeBytes = 100
        facts.retention = ["orders": 1000]
        facts.certificates = [("kafka", 30 * 86_400)]
        facts.lag = LagSnapshot(groups: [Self.group("a", seconds: 600), Self.group("b", seconds: nil, .behind)])
        #expect(facts.conditions(self.limits).isEmpty)
    }

    @Test("Each rule finds what it is about, critical ones first")
    func rules() {
        var facts = AlarmFacts()
        facts.unreadiness = "the journal failed"
        facts.offlinePartitions = 1
        facts.damagedRanges = 2
        facts.checkpointAgeSeconds = 301
        facts.diskFreeBytes = 14
        facts.diskSizeBytes = 100
        facts.certificates = [("kafka", 13 * 86_400), ("admin", -1)]
        facts.retention = ["orders": 1000, "clicks": 100]
        facts.lag = LagSnapshot(
            groups: [
                Self.group("a", seconds: 801, .stalled), Self.group("b", seconds: 1, .stopped),
                Self.group("c", seconds: 900, topic: "unlimited"),
            ],
            readers: [
                ReaderLag(
                    stream: "clicks",
                    reader: "r",
                    kind: .getRecords,
                    shards: [
                        ShardLag(shard: 0, partition: 0, nextOffset: 0, records: 1, seconds: 51, idleSeconds: 0)
                    ]
                )
            ]
        )
        let found = facts.conditions(self.limits)
        #expect(
            found.map(\.rule) == [
                .notReady, .partitionsOffline, .recordsDamaged, .lagNearRetention, .readerNearRetention,
                .checkpointLate, .diskLow, .certificateExpires, .certificateExpires, .groupStalled, .groupLag,
                .groupStopped, .groupLag,
            ]
        )
        #expect(found.first { $0.rule == .diskLow }?.summary == "14 % of the data directory's volume is free.")
        #expect(found.first { $0.rule == .lagNearRetention }?.labels == ["group": "a", "topic": "orders"])
        #expect(found.last?.subject == "c")
        var limits = self.limits
        limits.disabled = Set(AlarmRule.allCases).subtracting([.diskLow])
        #expect(facts.conditions(limits).map(\.rule) == [.diskLow])
        limits.diskFreePercent = 0
        #expect(facts.conditions(limits).isEmpty)
    }

    private let condition = AlarmCondition(.diskLow, "", "14 %")

    @Test("An alarm rings after its time, and ends at the third moment without its condition")
    func pending() {
        var machine = AlarmMachine()
        #expect(machine.evaluated([self.condition], self.limits, now: 0).isEmpty)
        #expect(machine.evaluated([self.condition], self.limits, now: 99_999).isEmpty)
        #expect(machine.active.isEmpty)
        var changes = machine.evaluated([self.condition], self.limits, now: 100_000)
        guard case .began(let alarm)? = changes.first else {
            Issue.record("it rings")
            return
        }
        #expect(alarm.since == 0 && alarm.beganAt == 100_000 && machine.active == [alarm])
        let worse = AlarmCondition(.diskLow, "", "13 %")
        #expect(machine.evaluated([worse], self.limits, now: 110_000).isEmpty)
        #expect(machine.active.first?.condition.summary == "13 %")
        #expect(
            machine.evaluated([], self.limits, now: 1).isEmpty && machine.evaluated([], self.limits, now: 2).isEmpty
        )
        // It is back: the count begins again.
        #expect(machine.evaluated([worse], self.limits, now: 3).isEmpty)
        for now in Int64(4)...5 { #expect(machine.evaluated([], self.limits, now: now).isEmpty) }
        changes = machine.evaluated([], self.limits, now: 6)
        #expect(machine.active.isEmpty && machine.history.map(\.endedAt) == [6] && changes.count == 1)
    }

    @Test("What goes away before its time never rings, and begins again from nothing")
    func forgotten() {
        var machine = AlarmMachine()
        _ = machine.evaluated([self.condition], self.limits, now: 0)
        _ = machine.evaluated([], self.limits, now: 50_000)
        #expect(machine.evaluated([self.condition], self.limits, now: 100_000).isEmpty)
        #expect(machine.evaluated([self.condition], self.limits, now: 199_999).isEmpty)
        #expect(machine.evaluated([self.condition], self.limits, now: 200_000).count == 1)
        // A rule that is turned off ends its alarms at once.
        var limits = self.limits
        limits.disabled = [.diskLow]
        #expect(machine.evaluated([], limits, now: 200_001).count == 1)
    }

    @Test("Critical conditions ring five times as early, groups without members three times as late")
    func times() {
        #expect(AlarmRule.notReady.pending(self.limits) == 20_000)
        #expect(AlarmRule.groupStopped.pending(self.limits) == 300_000)
    }

    @Test("Alarms are bounded: further ones are counted, the history forgets the oldest")
    func bounds() {
        var limits = self.limits
        limits.pendingMilliseconds = 0
        var machine = AlarmMachine()
        let conditions = (0..<1100).map { AlarmCondition(.groupLag, "\($0)", "") }
        #expect(machine.evaluated(conditions, limits, now: 0).count == AlarmMachine.activeMax)
        #expect(machine.leftOut == 100)
        for now in Int64(1)...3 { _ = machine.evaluated([], limits, now: now) }
        #expect(machine.active.isEmpty && machine.history.count == AlarmMachine.historyMax)
        #expect(machine.evaluated(conditions, limits, now: 4).count == AlarmMachine.activeMax)
    }

    private func change(_ subject: String, ended: Bool = false) -> AlarmMachine.Change {
        let condition = AlarmCondition(.groupLag, subject, "", labels: ["group": subject])
        let alarm = Alarm(condition: condition, since: 0, beganAt: 1000, endedAt: ended ? 2000 : nil)
        return ended ? .ended(alarm) : .began(alarm)
    }

    @Test("Messages go out one after the other, and are tried again with longer pauses")
    func delivery() {
        var delivery = AlarmDelivery()
        #expect(delivery.next(now: 0) == nil)
        delivery.changed([self.change("a"), self.change("b", ended: true), self.change("c")])
        let first = delivery.next(now: 0)
        #expect(first?.isFiring == false && first?.alarms.count == 1)
        #expect(delivery.next(now: 0) == nil)
        #expect(delivery.answered(503, now: 0) == .retry(inMilliseconds: 1000))
        #expect(delivery.next(now: 999) == nil)
        #expect(delivery.next(now: 1000) == first)
        #expect(delivery.answered(nil, now: 1000) == .retry(inMilliseconds: 2000))
        #expect(delivery.next(now: 3000) == first)
        #expect(delivery.answered(200, now: 3000) == .sent)
        #expect(delivery.next(now: 3000)?.alarms.count == 2)
        // What is refused as wrong is not tried again.
        #expect(delivery.answered(404, now: 3000) == .givenUp)
        #expect(delivery.next(now: 3000) == nil && (delivery.sent, delivery.failed, delivery.dropped) == (1, 3, 1))
    }

    @Test("A webhook that never answers is given up, and what waits for it is bounded")
    func deliveryBounds() {
        var delivery = AlarmDelivery()
        delivery.changed([self.change("a")])
        var now: Int64 = 0
        var pauses: [Int64] = []
        while delivery.next(now: now) != nil {
            guard case .retry(let pause) = delivery.answered(nil, now: now) else { break }
            pauses.append(pause)
            now += pause
        }
        #expect(pauses == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
        for number in 0..<150 { delivery.changed([self.change("\(number)")]) }
        #expect(delivery.dropped == 1 + 50)
        delivery.changed((0..<250).map { self.change("x\($0)") })
        #expect(delivery.dropped == 1 + 50 + 3)
    }

    @Test("A message is what Alertmanager would send")
    func message() throws {
        let began = AlarmDelivery.Message(alarms: [Self.alarm(ended: nil)], isFiring: true)
        let text = String(decoding: began.json(instance: "c/1"), as: UTF8.self)
        #expect(
            text.hasPrefix(#"{"version":"4","groupKey":"{}:{instance=\"c/1\"}","truncatedAlerts":0,"status":"firing""#)
        )
        #expect(text.contains(#""labels":{"alertname":"MillraceGroupLagSeconds","group":"g\"","instance":"c/1""#))
        #expect(text.contains(#""startsAt":"1970-01-01T00:00:01.000Z","endsAt":"0001-01-01T00:00:00Z""#))
        let ended = AlarmDelivery.Message(alarms: [Self.alarm(ended: 2000)], isFiring: false)
        let other = String(decoding: ended.json(instance: "c/1"), as: UTF8.self)
        #expect(other.contains(#""status":"resolved""#) && other.contains(#""endsAt":"1970-01-01T00:00:02.000Z""#))
        // The same alarm has the same fingerprint.
        let marker = #""fingerprint":"#
        #expect(text.components(after: marker) == other.components(after: marker))
    }

    private static func alarm(ended: Int64?) -> Alarm {
        let condition = AlarmCondition(.groupLag, "g\"", "late", labels: ["group": "g\""])
        return Alarm(condition: condition, since: 0, beganAt: 1000, endedAt: ended)
    }
}

extension String {
    fileprivate func components(after marker: String) -> Substring? {
        self.firstRange(of: marker).map { self[$0.upperBound...].prefix(18) }
    }
}
