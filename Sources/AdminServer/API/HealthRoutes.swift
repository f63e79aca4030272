internal import Metadata

/// Health for supervisors, metrics for Prometheus, and a list of what there is.
struct HealthRoutes: Sendable {
    let sources: AdminServer.Sources
    /// Metrics need a role too.
    let guardsMetrics: Bool
    /// Another route has `/`: that of the console.
    var hasConsole = false

    var routes: [AdminRoute] {
        let sources = self.sources
        let list = AdminRoute(.get, "/", access: .open, handler: .immediate { _ in .text(Self.overview) })
        return (self.hasConsole ? [] : [list]) + [
            AdminRoute(.get, "/health/live", access: .open, handler: .immediate { _ in .text("live\n") }),
            AdminRoute(
                .get,
                "/health/ready",
                access: .open,
                handler: .immediate { _ in
                    guard let reason = sources.unreadiness() else {
                        return .text("ready\n" + sources.damage().map { $0 + "\n" }.joined())
                    }
                    return .text("not ready: \(reason)\n", status: 503)
                }
            ),
            self.metrics("/metrics", sources.metrics),
            self.metrics("/metrics/kafka-exporter", sources.kafkaExporter),
        ]
    }

    private func metrics(_ path: String, _ text: @escaping @Sendable () -> String) -> AdminRoute {
        AdminRoute(
            .get,
            path,
            access: self.guardsMetrics ? .role(.viewerWithoutRecords) : .open,
            // Thousands of partitions take some milliseconds, which requests should not wait for.
            handler: .task { _ in
                var answer = AdminAnswer.text(text())
                answer.contentType = "text/plain; version=0.0.4; charset=utf-8"
                return answer
            }
        )
    }

    private static let overview = """
        Millrace admin port

        /health/live
        /health/ready
        /metrics
        /metrics/kafka-exporter
        /api/v1/session
        /api/v1/login

        """
}
