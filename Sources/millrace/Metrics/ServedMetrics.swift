internal import AdminServer
internal import Broker
internal import KafkaServer
internal import KinesisServer
internal import ServerTLS
internal import Serving

/// All that `/metrics` says, and how long it took to say it.
struct ServedMetrics: Sendable {
    let broker: Broker
    let process: ProcessMetrics
    let eventLoops: EventLoopProbe
    /// By the listener's name.
    let certificates: [(listener: String, tls: ServerTLS)]
    let alarms: AlarmRunner
    let isReady: @Sendable () -> Bool

    /// Not for event loops: it walks all partitions.
    var text: String {
        let began = ContinuousClock.now
        var metrics = MetricsText()
        self.process.write(into: &metrics)
        metrics.gauge("millrace_ready", "1 while clients are served, as /health/ready says.", self.isReady() ? 1 : 0)
        KafkaMetrics.write(self.broker.metrics.kafka, into: &metrics)
        KinesisMetrics.write(self.broker.metrics.kinesis, into: &metrics)
        self.eventLoops.write(into: &metrics)
        metrics.family(
            "millrace_tls_certificate_expiry_timestamp_seconds",
            "When the certificate of a listener expires, in seconds since the epoch.",
            .gauge
        )
        for (listener, tls) in self.certificates {
            metrics.value(MetricsText.label("listener", listener), tls.certificate.notValidAfter)
        }
        metrics.append(self.broker.metricsText())
        self.alarms.board.write(into: &metrics)
        let elapsed = (ContinuousClock.now - began).components
        metrics.gauge(
            "millrace_scrape_duration_seconds",
            "How long this answer took to make.",
            Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
        )
        return metrics.text
    }
}
