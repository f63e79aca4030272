internal import Quotas
internal import Serving

/// How often and how long each kind of quota has throttled.
final class QuotaMetrics: Sendable {
    private struct Kind {
        let kind: QuotaKind
        let requests = Counter()
        let milliseconds = Counter()
    }

    private let kinds = QuotaKind.allCases.map { Kind(kind: $0) }

    func throttled(_ kind: QuotaKind, _ milliseconds: Int64) {
        guard let entry = self.kinds.first(where: { $0.kind == kind }) else { return }
        entry.requests.add()
        entry.milliseconds.add(Int(clamping: milliseconds))
    }

    var prometheusText: String {
        Self.family(
            "millrace_quota_throttled_total",
            "Requests and connections that a quota has throttled or refused.",
            self.kinds.map { ($0.kind, $0.requests.current) }
        )
            + Self.family(
                "millrace_quota_throttle_milliseconds_total",
                "How long clients were told to pause because of a quota, in milliseconds.",
                self.kinds.map { ($0.kind, $0.milliseconds.current) }
            )
    }

    private static func family(_ name: String, _ help: String, _ values: [(QuotaKind, UInt64)]) -> String {
        values.reduce(BrokerMetrics.head(name, help, "counter")) { text, value in
            text + "\(name){quota=\"\(value.0.rawValue)\"} \(value.1)\n"
        }
    }
}
