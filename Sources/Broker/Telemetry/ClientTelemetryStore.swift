package import Model
package import RecordBatch
internal import Serving
internal import Synchronization

/// The telemetry of clients (KIP-714), for the event loops of all connections.
package final class ClientTelemetryStore: Sendable {
    /// Kafka's names of a client's attributes, with their values.
    package typealias Attributes = [String: String]

    /// Why a request is refused.
    package enum Refusal: Sendable, Equatable {
        case terminated
        case throttle
        case unknownSubscription
        case unknownCodec
        case tooLarge
        /// Its bytes are not what KIP-714 says.
        case malformed
    }

    /// What a client is to push.
    package struct Subscription: Sendable, Equatable {
        package var id: Int32
        /// Prefixes of names; `*` is all, nothing is nothing.
        package var metricPrefixes: [String]
        package var intervalMilliseconds: Int32
    }

    /// Decompressed, a push may be this many times as large as `telemetry.max.bytes`.
    private static let expansionMax = 8

    private let subscriptions: ClientMetricsStore
    private let now: @Sendable () -> Int64
    private let machine: Mutex<ClientTelemetry>

    /// - Parameter now: monotonic milliseconds.
    init(_ subscriptions: ClientMetricsStore, now: @escaping @Sendable () -> Int64) {
        self.subscriptions = subscriptions
        self.now = now
        self.machine = Mutex(ClientTelemetry())
    }

    /// - Returns: `nil` when the client asks again too soon.
    package func subscription(for id: TopicID, _ attributes: Attributes) -> Subscription? {
        let subscriptions = self.subscriptions.subscriptions
        let now = self.now()
        let action = self.machine.withLock {
            $0.subscriptionRequested(by: id, attributes, subscriptions, now: now)
        }
        guard case .answer(let subscription) = action else { return nil }
        return Subscription(
            id: subscription.id,
            metricPrefixes: subscription.metricPrefixes,
            intervalMilliseconds: subscription.intervalMilliseconds
        )
    }

    /// Takes what a client pushed.
    ///
    /// - Parameters:
    ///   - codec: of `metrics`; `nil` for one that is unknown.
    ///   - bytesMax: `telemetry.max.bytes`
    /// - Returns: `nil` when it was taken.
    package func push(
        from id: TopicID,
        _ attributes: Attributes,
        subscriptionID: Int32,
        isTerminating: Bool,
        codec: CompressionCodec?,
        metrics: [UInt8],
        bytesMax: Int
    ) -> Refusal? {
        let subscriptions = self.subscriptions.subscriptions
        let now = self.now()
        let action = self.machine.withLock { machine in
            machine.timePassed(now: now)
            return machine.pushed(
                by: id,
                attributes,
                subscriptions,
                subscriptionID: subscriptionID,
                isTerminating: isTerminating,
                isKnownCodec: codec != nil,
                isTooLarge: metrics.count > bytesMax,
                now: now
            )
        }
        if case .refuse(let refusal) = action { return Refusal(refusal) }
        guard !metrics.isEmpty, let codec else { return nil }
        guard let plain = try? WholePayload.decompressed(metrics, codec, bytesMax: bytesMax * Self.expansionMax),
            let reader = try? MetricsDataReader(plain)
        else { return .malformed }
        self.machine.withLock { $0.metricsRead(reader.metrics, dropped: reader.droppedCount, of: id) }
        return nil
    }

    /// What clients pushed, and how much of it there is, in the text format of Prometheus.
    package func prometheusText() -> String {
        let now = self.now()
        return self.machine.withLock { machine in
            machine.timePassed(now: now)
            let counts: [(String, String, String, Int)] = [
                (
                    "millrace_client_telemetry_instances", "Kafka clients known to push metrics.", "gauge",
                    machine.instanceCount
                ),
                ("millrace_client_telemetry_pushes_total", "Pushes of metrics taken.", "counter", machine.pushCount),
                (
                    "millrace_client_telemetry_dropped_total", "Pushed values beyond the bounds.", "counter",
                    machine.droppedSeriesCount
                ),
            ]
            return counts.map { "\(BrokerMetrics.head($0, $1, $2))\($0) \($3)\n" }.joined()
                + machine.prometheusText()
        }
    }
}

extension ClientTelemetryStore.Refusal {
    fileprivate init(_ refusal: ClientTelemetry.PushRefusal) {
        switch refusal {
        case .terminated: self = .terminated
        case .throttle: self = .throttle
        case .unknownSubscription: self = .unknownSubscription
        case .unknownCodec: self = .unknownCodec
        case .tooLarge: self = .tooLarge
        case .malformed: self = .malformed
        }
    }
}
