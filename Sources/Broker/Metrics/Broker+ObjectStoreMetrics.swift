internal import LogCore
internal import Serving

extension Broker {
    /// What a broker of a cluster does with its object store; nothing on one machine.
    func writeObjectStore(into metrics: inout MetricsText) {
        guard let statistics = self.engine.objectStatistics else { return }
        metrics.family(
            "millrace_flush_upload_duration_seconds",
            "How long the uploads of flushes took, each of them of many partitions.",
            .histogram
        )
        metrics.histogram("", statistics.uploads)
        metrics.family(
            "millrace_flush_commit_duration_seconds",
            "How long the transactions took that make flushes part of their logs.",
            .histogram
        )
        metrics.histogram("", statistics.commits)
        metrics.counter("millrace_flushes_total", "Flushes that were committed.", statistics.flushes)
        metrics.counter(
            "millrace_flushed_bytes_total",
            "Bytes of the objects of committed flushes.",
            statistics.flushedBytes
        )
        metrics.counter(
            "millrace_flush_upload_failures_total",
            "Uploads of flushes that failed and were repeated.",
            statistics.uploadFailures
        )
        metrics.gauge(
            "millrace_commit_records",
            "Commit records in etcd that no checkpoint has taken over.",
            statistics.commitRecords
        )
        metrics.counter(
            "millrace_object_checkpoints_total",
            "Checkpoints that folded commit records into heads, or tried to.",
            statistics.checkpoints
        )
        metrics.family(
            "millrace_object_store_requests_total",
            "Requests to the object store by kind, each attempt for itself.",
            .counter
        )
        for request in statistics.requests { metrics.value("kind=\"\(request.kind)\"", request.count) }
        metrics.family(
            "millrace_object_store_request_failures_total",
            "Requests to the object store that failed, by kind.",
            .counter
        )
        for request in statistics.requests { metrics.value("kind=\"\(request.kind)\"", request.failures) }
        metrics.family(
            "millrace_object_store_bytes_total",
            "Bytes written to the object store and read from it, by kind of request.",
            .counter
        )
        for request in statistics.requests where request.bytes > 0 || request.kind == "put" || request.kind == "get" {
            metrics.value("kind=\"\(request.kind)\"", request.bytes)
        }
    }
}
