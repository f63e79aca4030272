internal import KafkaProtocol
internal import Model
package import Serving

/// The Kafka face on `/metrics`: requests by API.
package enum KafkaMetrics {
    /// The families of the face.
    package static func write(_ face: BrokerMetrics.Face, into metrics: inout MetricsText) {
        let totals = face.requestMetrics.totals
        let answered = totals.durations.enumerated().compactMap { key, counts in counts.map { (Self.name(key), $0) } }
        metrics.family("millrace_kafka_requests_total", "Kafka requests that were answered, by API.", .counter)
        for (name, counts) in answered { metrics.value("api=\"\(name)\"", counts.total) }
        metrics.family(
            "millrace_kafka_request_errors_total",
            "Answers that carry an error, by API and error code: once for each code, of the whole or of a part.",
            .counter
        )
        for error in totals.errors {
            let code = ErrorCode(rawValue: Int16(error.code)).name
            metrics.value("api=\"\(Self.name(error.operation))\",code=\"\(code)\"", error.count)
        }
        metrics.family(
            "millrace_kafka_request_duration_seconds",
            "From the arrival of a whole Kafka request until its answer is made, a fetch's waiting included.",
            .histogram
        )
        for (name, counts) in answered { metrics.histogram("api=\"\(name)\"", counts) }
        metrics.family(
            "millrace_kafka_produce_stage_duration_seconds",
            "Parts of a Produce: queue (arrived whole, not begun), append (until it has offsets), durable (from there).",
            .histogram
        )
        for stage in RequestMetrics.ProduceStage.allCases {
            metrics.histogram("stage=\"\(stage.name)\"", totals.stages[stage.rawValue])
        }
    }

    private static func name(_ key: Int) -> String { APIKey(rawValue: Int16(clamping: key)).name }
}
