internal import ServerTLS

extension ServerProcess {
    /// All that `/metrics` says of this process.
    ///
    /// - Parameter started: when the process did.
    func servedMetrics(
        _ eventLoops: EventLoopProbe,
        _ kafka: KafkaTLS,
        kinesis: ServerTLS?,
        admin: ServerTLS?,
        started: ContinuousClock.Instant
    ) -> ServedMetrics {
        var certificates = kafka.ports.map { (listener: $0.key, tls: $0.value) }.sorted { $0.listener < $1.listener }
        if let kinesis { certificates.append(("kinesis", kinesis)) }
        if let admin { certificates.append(("admin", admin)) }
        return ServedMetrics(
            broker: self.broker,
            process: ProcessMetrics(started: started),
            eventLoops: eventLoops,
            certificates: certificates,
            isReady: { [isReady, engine] in engine.failure() == nil && isReady.value }
        )
    }
}
