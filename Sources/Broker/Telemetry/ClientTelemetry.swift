internal import GroupCoordinator
internal import Metadata
internal import Model
internal import Serving
internal import Text

/// Which metrics each client pushes, and what it pushed (KIP-714). Sans-IO: time is an argument, in monotonic
/// milliseconds.
///
/// A client asks for its subscription and then pushes at the interval that it was given, on one connection after
/// another and, in a cluster, to one broker after another, so an unknown client instance is as good as a known one.
/// Bad input: a request too early, an old subscription or an unknown codec is answered with KIP-714's error; clients
/// and series beyond the bounds take the place of those that were silent longest, or are counted and dropped.
struct ClientTelemetry: ~Copyable {
    /// What subscriptions match: Kafka's names, as `ClientMetricsConfigs.attributes`.
    typealias Attributes = [String: String]

    /// What a client is told to push.
    struct Subscription: Equatable {
        var id: Int32
        var metricPrefixes: [String]
        var intervalMilliseconds: Int32
    }

    enum SubscriptionAction: Equatable {
        case answer(Subscription)
        /// The client asks again before its interval is over.
        case throttle
    }

    enum PushAction: Equatable {
        case take
        case refuse(PushRefusal)
    }

    enum PushRefusal: Equatable {
        case terminated
        case throttle
        case unknownSubscription
        case unknownCodec
        case tooLarge
        case malformed
    }

    struct Limits {
        var instancesMax = 16_384
        var seriesMax = 5_000
        var seriesOfInstanceMax = 200
        /// Silent instances are forgotten after this, or after three of their intervals.
        var expiryMilliseconds: Int64 = 60_000
    }

    private struct SeriesKey: Hashable {
        var name: String
        /// As labels, in order of the keys.
        var labels: String
    }

    private struct Series {
        var isCounter: Bool
        var value: Double
    }

    private struct Instance {
        var attributes: Attributes
        var subscription: Subscription
        var version: Int
        var lastSeen: Int64
        var lastGet: Int64?
        var lastPush: Int64?
        /// The last push failed for a reason that a new subscription mends.
        var needsSubscription = false
        var isTerminating = false
        var series: [SeriesKey: Series] = [:]

        func expires(_ limits: Limits) -> Int64 {
            self.lastSeen + max(limits.expiryMilliseconds, 3 * Int64(self.subscription.intervalMilliseconds))
        }
    }

    private let limits: Limits
    private var instances: [TopicID: Instance] = [:]
    private var seriesCount = 0
    private(set) var droppedSeriesCount = 0
    private(set) var pushCount = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    var instanceCount: Int { self.instances.count }

    // MARK: Events

    mutating func subscriptionRequested(
        by id: TopicID,
        _ attributes: Attributes,
        _ subscriptions: (all: [ClientMetricsStore.Subscription], version: Int),
        now: Int64
    ) -> SubscriptionAction {
        var instance = self.instance(id, attributes, subscriptions, now: now)
        defer { self.instances[id] = instance }
        let last = max(instance.lastGet ?? .min, instance.lastPush ?? .min)
        let isEarly = last > .min && now - last < Int64(instance.subscription.intervalMilliseconds)
        if isEarly, !instance.needsSubscription { return .throttle }
        if !isEarly { instance.lastGet = now }
        instance.needsSubscription = false
        return .answer(instance.subscription)
    }

    /// - Returns: whether the metrics of the push are to be read and given to `metricsRead`.
    mutating func pushed(
        by id: TopicID,
        _ attributes: Attributes,
        _ subscriptions: (all: [ClientMetricsStore.Subscription], version: Int),
        subscriptionID: Int32,
        isTerminating: Bool,
        isKnownCodec: Bool,
        isTooLarge: Bool,
        now: Int64
    ) -> PushAction {
        var instance = self.instance(id, attributes, subscriptions, now: now)
        defer { self.instances[id] = instance }
        if instance.isTerminating { return .refuse(.terminated) }
        instance.isTerminating = isTerminating
        // The first push after a subscription may be early: clients spread their pushes.
        let isFirst = (instance.lastGet ?? .min) > (instance.lastPush ?? .min)
        let isDue = instance.lastPush.map { now - $0 >= Int64(instance.subscription.intervalMilliseconds) } ?? true
        if isFirst || isDue {
            instance.lastPush = now
        } else if !isTerminating {
            return .refuse(.throttle)
        }
        guard subscriptionID == instance.subscription.id else {
            instance.needsSubscription = true
            return .refuse(.unknownSubscription)
        }
        guard isKnownCodec else {
            instance.needsSubscription = true
            return .refuse(.unknownCodec)
        }
        if isTooLarge { return .refuse(.tooLarge) }
        self.pushCount += 1
        return .take
    }

    /// The metrics of a push that was taken.
    mutating func metricsRead(_ metrics: [PushedMetric], dropped: Int, of id: TopicID) {
        self.droppedSeriesCount += dropped
        guard var instance = self.instances[id] else { return }
        for metric in metrics {
            let labels = Self.labels(metric.attributes)
            let key = SeriesKey(name: metric.name, labels: labels)
            guard instance.series[key] != nil || self.makeRoom(for: instance) else {
                self.droppedSeriesCount += 1
                continue
            }
            if instance.series[key] == nil { self.seriesCount += 1 }
            switch metric.kind {
            case .gauge: instance.series[key] = Series(isCounter: false, value: metric.value)
            case .counter(isDelta: false): instance.series[key] = Series(isCounter: true, value: metric.value)
            case .counter(isDelta: true):
                let before = instance.series[key]?.value ?? 0
                instance.series[key] = Series(isCounter: true, value: before + max(0, metric.value))
            }
        }
        self.instances[id] = instance
    }

    private func makeRoom(for instance: Instance) -> Bool {
        instance.series.count < self.limits.seriesOfInstanceMax && self.seriesCount < self.limits.seriesMax
    }

    /// Forgets clients that have been silent for too long, with what they pushed.
    mutating func timePassed(now: Int64) {
        for (id, instance) in self.instances where instance.expires(self.limits) <= now { self.forget(id) }
    }

    // MARK: Instances

    private mutating func forget(_ id: TopicID) {
        guard let gone = self.instances.removeValue(forKey: id) else { return }
        self.seriesCount -= gone.series.count
    }

    private mutating func instance(
        _ id: TopicID,
        _ attributes: Attributes,
        _ subscriptions: (all: [ClientMetricsStore.Subscription], version: Int),
        now: Int64
    ) -> Instance {
        if var known = self.instances[id] {
            known.lastSeen = now
            if known.version != subscriptions.version {
                known.subscription = Self.subscription(of: id, known.attributes, subscriptions.all)
                known.version = subscriptions.version
                // As a new client, it learns of the change at once.
                known.lastGet = nil
                known.lastPush = nil
            }
            return known
        }
        if self.instances.count >= self.limits.instancesMax { self.makeRoom(now: now) }
        return Instance(
            attributes: attributes,
            subscription: Self.subscription(of: id, attributes, subscriptions.all),
            version: subscriptions.version,
            lastSeen: now
        )
    }

    /// A sixteenth goes at once, so that a flood of new clients does not sort all for each.
    private mutating func makeRoom(now: Int64) {
        self.timePassed(now: now)
        guard self.instances.count >= self.limits.instancesMax else { return }
        let oldest = self.instances.sorted { $0.value.lastSeen < $1.value.lastSeen }
        for (id, _) in oldest.prefix(max(1, self.limits.instancesMax / 16)) { self.forget(id) }
    }

    private static func subscription(
        of id: TopicID,
        _ attributes: Attributes,
        _ all: [ClientMetricsStore.Subscription]
    ) -> Subscription {
        var prefixes: Set<String> = []
        var interval: Int32 = 300_000
        for subscription in all {
            let matches = subscription.matches.allSatisfy { attribute, expression in
                var steps = 0
                return attributes[attribute].map { expression.matches($0, steps: &steps) } ?? false
            }
            guard matches else { continue }
            prefixes.formUnion(subscription.configs.metricPrefixes)
            interval = min(interval, subscription.configs.intervalMilliseconds)
        }
        let sorted = prefixes.contains("*") ? ["*"] : prefixes.sorted()
        // The same for the same subscription, on every broker and after a restart.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(sorted) \(interval) \(id)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Subscription(
            id: Int32(truncatingIfNeeded: hash ^ hash >> 32),
            metricPrefixes: sorted,
            intervalMilliseconds: interval
        )
    }

    // MARK: Prometheus

    /// What clients pushed, in the text format of Prometheus: a family for each metric.
    func prometheusText() -> String {
        var families: [String: (isCounter: Bool, lines: [String])] = [:]
        for (id, instance) in self.instances {
            let labels = ["client_id", "client_software_name", "client_software_version"]
                .map { "\($0)=\"\(Self.escaped(instance.attributes[$0] ?? ""))\"" }.joined(separator: ",")
            for (key, series) in instance.series {
                let name = Self.metricName(key.name)
                let line = "\(name){client_instance_id=\"\(id)\",\(labels)\(key.labels)} \(Self.number(series.value))"
                families[name, default: (series.isCounter, [])].lines.append(line)
            }
        }
        return families.sorted { $0.key < $1.key }.map { name, family in
            BrokerMetrics.head(name, "Pushed by Kafka clients (KIP-714).", family.isCounter ? "counter" : "gauge")
                + family.lines.sorted().joined(separator: "\n") + "\n"
        }.joined()
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return "\(value)"
    }

    private static func metricName(_ name: String) -> String { "kafka_client_" + Self.label(name) }

    private static let ownLabels: Set = [
        "client_instance_id", "client_id", "client_software_name", "client_software_version",
    ]

    /// Each label once: of names that become the same the first counts.
    private static func labels(_ attributes: [(key: String, value: String)]) -> String {
        var seen = Self.ownLabels
        return attributes.map { attribute in
            let name = Self.label(attribute.key)
            return seen.insert(name).inserted ? ",\(name)=\"\(Self.escaped(attribute.value))\"" : ""
        }.joined()
    }

    /// Letters, digits and underscores; no digit comes first.
    private static func label(_ text: String) -> String {
        let first = text.utf8.first ?? 0
        let prefix = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) ? "_" : ""
        return prefix
            + String(
                decoding: text.utf8.map { byte -> UInt8 in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"):
                        byte
                    default: UInt8(ascii: "_")
                    }
                },
                as: UTF8.self
            )
    }

    private static func escaped(_ text: String) -> String {
        BrokerMetrics.labelValue(String(text.prefix(128)))
    }
}
