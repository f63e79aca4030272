internal import Metadata
internal import ServerTLS

extension ServerProcess {
    /// Why clients are not served; `nil` when they are.
    var unreadiness: @Sendable () -> String? {
        { [isReady, engine] in
            if let failure = engine.failure() { return failure }
            return isReady.value ? nil : "starting or stopping"
        }
    }

    /// All that `/metrics` says of this process.
    ///
    /// - Parameter started: when the process did.
    /// - Throws: for a webhook that cannot be one.
    func servedMetrics(
        _ eventLoops: EventLoopProbe,
        _ kafka: KafkaTLS,
        kinesis: ServerTLS?,
        admin: ServerTLS?,
        started: ContinuousClock.Instant
    ) throws(Failure) -> ServedMetrics {
        var certificates = kafka.ports.map { (listener: $0.key, tls: $0.value) }.sorted { $0.listener < $1.listener }
        if let kinesis { certificates.append(("kinesis", kinesis)) }
        if let admin { certificates.append(("admin", admin)) }
        return ServedMetrics(
            broker: self.broker,
            process: ProcessMetrics(started: started),
            eventLoops: eventLoops,
            certificates: certificates,
            alarms: try AlarmRunner(self.configuration.broker.string("alarms.webhook.url")),
            isReady: { [isReady, engine] in engine.failure() == nil && isReady.value }
        )
    }
}
