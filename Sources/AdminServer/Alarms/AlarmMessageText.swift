internal import Text

extension AlarmDelivery.Message {
    /// The body that Prometheus' Alertmanager sends to a webhook, version 4: what takes its messages takes ours.
    ///
    /// - Parameter instance: which server this is.
    package func json(instance: String) -> [UInt8] {
        var json = JSONLine()
        json.object { json in
            json.member("version", "4")
            json.member("groupKey", "{}:{instance=\"\(instance)\"}")
            json.key("truncatedAlerts")
            json.number(0)
            json.member("status", self.status)
            json.member("receiver", "millrace")
            json.labels("groupLabels", ["instance": instance])
            json.labels("commonLabels", ["instance": instance])
            json.labels("commonAnnotations", [:])
            json.member("externalURL", "")
            json.key("alerts")
            json.array { json in for alarm in self.alarms { self.write(alarm, instance, to: &json) } }
        }
        return json.bytes
    }

    private var status: String { self.isFiring ? "firing" : "resolved" }

    private func write(_ alarm: Alarm, _ instance: String, to json: inout JSONLine) {
        let condition = alarm.condition
        var labels = condition.labels
        labels["alertname"] = condition.rule.alertName
        labels["severity"] = condition.rule.severity.rawValue
        labels["instance"] = instance
        json.object { json in
            json.member("status", self.status)
            json.labels("labels", labels)
            json.labels("annotations", ["summary": condition.summary, "action": condition.rule.action])
            json.member("startsAt", CalendarTime(alarm.beganAt).rfc3339)
            // Alertmanager's own text for a time that is not known.
            json.member("endsAt", alarm.endedAt.map { CalendarTime($0).rfc3339 } ?? "0001-01-01T00:00:00Z")
            json.member("generatorURL", "")
            json.member("fingerprint", Self.fingerprint(labels))
        }
    }

    /// 64 bits of FNV-1a over the labels, in hexadecimal digits: the same for the same alarm.
    private static func fingerprint(_ labels: [String: String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            for byte in name.utf8 + [0xFF] + value.utf8 + [0xFF] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return Hex.text(withUnsafeBytes(of: hash.bigEndian) { Array($0) })
    }
}

extension JSONLine {
    fileprivate mutating func member(_ name: String, _ value: String) {
        self.key(name)
        self.string(value)
    }

    fileprivate mutating func labels(_ name: String, _ labels: [String: String]) {
        self.key(name)
        self.object { json in
            for (name, value) in labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
        }
    }
}
