package import Metadata
package import Model
package import Quotas
internal import Serving
internal import Synchronization

/// What clients of both faces use of their quotas, shared by all connections.
///
/// With no quota set, a request costs a look at one atomic. With quotas, a request takes one mutex for each kind that
/// is limited, never one for a record.
package final class ClientQuotas: ConnectionPolicy {
    /// The kinds of which anybody has a quota, as bits by their place in `allCases`.
    private let limitedKinds = Atomic<UInt8>(0)
    private let sensors: Mutex<QuotaSensors>
    private let rates: Mutex<ConnectionRates>
    private let hasConnectionRates = Atomic(false)
    /// Monotonic milliseconds.
    private let now: @Sendable () -> Int64
    private let metrics = QuotaMetrics()

    package init(_ settings: QuotaSensors.Settings, now: @escaping @Sendable () -> Int64) {
        self.sensors = Mutex(QuotaSensors(settings))
        self.rates = Mutex(ConnectionRates(ConnectionRates.Settings(window: settings.window)))
        self.now = now
    }

    // MARK: Settings

    /// From now on these quotas hold.
    package func quotasChanged(_ table: QuotaTable) {
        self.sensors.withLock { $0.quotasChanged(table) }
        let isLimited = self.rates.withLock { rates in
            rates.quotasChanged(table)
            return rates.isLimited
        }
        self.hasConnectionRates.store(isLimited, ordering: .relaxed)
        var kinds: UInt8 = 0
        for kind in QuotaKind.allCases where table.isLimited(kind) { kinds |= kind.bit }
        self.limitedKinds.store(kinds, ordering: .relaxed)
    }

    /// From now on connections may be made so often.
    package func connectionRatesChanged(_ settings: ConnectionRates.Settings) {
        let isLimited = self.rates.withLock { rates in
            rates.settingsChanged(settings)
            return rates.isLimited
        }
        self.hasConnectionRates.store(isLimited, ordering: .relaxed)
    }

    package var quotas: QuotaTable { self.sensors.withLock { $0.quotas } }

    // MARK: Requests

    /// Whether requests of any kind have quotas: one look for those that have none.
    package var isLimitingRequests: Bool {
        self.limitedKinds.load(ordering: .relaxed) & ~QuotaKind.connectionCreationRate.bit != 0
    }

    package func isLimited(_ kind: QuotaKind) -> Bool {
        self.limitedKinds.load(ordering: .relaxed) & kind.bit != 0
    }

    /// A client has used some of a quota.
    ///
    /// - Returns: milliseconds that it must pause; 0 within its quota.
    package func used(_ amount: Double, of kind: QuotaKind, by client: QuotaClient) -> Int64 {
        guard self.isLimited(kind) else { return 0 }
        let now = self.now()
        return self.sensors.withLock { $0.used(amount, of: kind, by: client, now: now) }
    }

    /// What was recorded last is not done after all: a throttled fetch is answered with nothing.
    package func unused(_ amount: Double, of kind: QuotaKind, by client: QuotaClient) {
        guard self.isLimited(kind) else { return }
        let now = self.now()
        self.sensors.withLock { $0.unused(amount, of: kind, by: client, now: now) }
    }

    /// For requests that are refused instead of throttled.
    ///
    /// - Returns: milliseconds after which to try again; 0: go ahead, it is recorded.
    package func admit(_ amount: Double, of kind: QuotaKind, to client: QuotaClient) -> Int64 {
        guard self.isLimited(kind) else { return 0 }
        let now = self.now()
        let pause = self.sensors.withLock { $0.admit(amount, of: kind, to: client, now: now) }
        if pause > 0 { self.throttled(by: kind, for: pause) }
        return pause
    }

    /// The most that a client can use at once without being sure to exceed its quota; `nil` without one.
    package func burst(_ kind: QuotaKind, of client: QuotaClient) -> Double? {
        guard self.isLimited(kind) else { return nil }
        return self.sensors.withLock { $0.burst(kind, of: client) }
    }

    /// A client would create or delete so many partitions.
    package func mutate(
        _ partitions: Int,
        by client: QuotaClient,
        _ strictness: QuotaSensors.Strictness
    ) -> QuotaSensors.MutationDecision {
        guard self.isLimited(.controllerMutationRate) else { return .permit }
        let now = self.now()
        return self.sensors.withLock { $0.mutate(partitions, by: client, strictness, now: now) }
    }

    /// Counts a request that was throttled or refused because of a quota.
    package func throttled(by kind: QuotaKind, for milliseconds: Int64) {
        self.metrics.throttled(kind, milliseconds)
    }

    // MARK: Connections

    /// Whether the making of connections is limited at all.
    package var isLimitingConnections: Bool { self.hasConnectionRates.load(ordering: .relaxed) }

    /// - Returns: milliseconds after which to look at a new connection, and at those behind it.
    package func connectionArrived(on listener: String) -> Int64 {
        guard self.isLimitingConnections else { return 0 }
        let now = self.now()
        let pause = self.rates.withLock { $0.connectionArrived(on: listener, now: now) }
        if pause > 0 { self.throttled(by: .connectionCreationRate, for: pause) }
        return pause
    }

    /// - Parameter address: `nil` when the transport has none: never limited.
    package func admit(_ address: NetworkAddress?, on listener: String) -> ConnectionRates.Admission {
        guard self.isLimitingConnections else { return .serve }
        let now = self.now()
        let admission = self.rates.withLock { $0.addressKnown(address, on: listener, now: now) }
        if case .closeLater(let pause) = admission { self.throttled(by: .connectionCreationRate, for: pause) }
        return admission
    }

    // MARK: Metrics

    /// Prometheus text: a fixed number of series, however many clients there are.
    package var prometheusText: String {
        let (clients, entities) = self.sensors.withLock { ($0.count, $0.quotas.count) }
        let addresses = self.rates.withLock { $0.addressCount }
        return self.metrics.prometheusText
            + BrokerMetrics.gauge("millrace_quota_entities", "Entities that have quotas.", entities)
            + BrokerMetrics.gauge("millrace_quota_sensors", "Clients measured against quotas now.", clients)
            + BrokerMetrics.gauge(
                "millrace_quota_addresses",
                "Addresses measured against connection_creation_rate now.",
                addresses
            )
    }
}

extension QuotaSensors.Settings {
    /// Kafka's properties, read at the start.
    package init(_ configs: BrokerConfigs) {
        func window(_ prefix: String) -> QuotaWindow {
            QuotaWindow(
                samples: configs.int("\(prefix)quota.window.num"),
                sampleMilliseconds: configs.int64("\(prefix)quota.window.size.seconds") * 1000
            )
        }
        self.init(window: window(""), mutationWindow: window("controller."))
    }
}

extension QuotaKind {
    fileprivate var bit: UInt8 {
        switch self {
        case .producerByteRate: 1
        case .consumerByteRate: 2
        case .requestPercentage: 4
        case .controllerMutationRate: 8
        case .connectionCreationRate: 16
        }
    }
}
