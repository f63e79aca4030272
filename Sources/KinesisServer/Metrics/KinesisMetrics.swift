internal import KinesisProtocol
internal import Model
package import Serving

/// The Kinesis face on `/metrics`: what its operations and errors are called there, and their numbers in
/// `RequestMetrics`.
package enum KinesisMetrics {
    /// What was refused before its operation was known.
    static let unknownOperation = 0
    private static let leaseTables = 1
    private static let clientMetrics = 2
    private static let numbers = Dictionary(
        uniqueKeysWithValues: Operation.allCases.enumerated().map { ($0.element, $0.offset + 3) }
    )
    private static let names =
        ["unknown", "DynamoDB", "PutMetricData"] + Operation.allCases.map(\.rawValue)
    private static let codes = Dictionary(
        uniqueKeysWithValues: KinesisError.Code.allCases.enumerated().map { ($0.element, $0.offset) }
    )

    static func number(of operation: Operation) -> Int { self.numbers[operation] ?? self.unknownOperation }

    static func number(of call: CompanionRequest.Call) -> Int {
        switch call {
        case .leaseTables: self.leaseTables
        case .metrics: self.clientMetrics
        }
    }

    static func number(of code: KinesisError.Code) -> Int { self.codes[code] ?? 0 }

    /// The families of the face.
    package static func write(_ face: BrokerMetrics.Face, into metrics: inout MetricsText) {
        let totals = face.requestMetrics.totals
        var failed = [UInt64](repeating: 0, count: totals.durations.count)
        for error in totals.errors { failed[error.operation] += error.count }
        metrics.family(
            "millrace_kinesis_requests_total",
            "Kinesis requests that were answered, by operation and error; code is ok for those without an error.",
            .counter
        )
        for (operation, counts) in totals.durations.enumerated() {
            guard let counts, operation < self.names.count else { continue }
            let good = counts.total - min(failed[operation], counts.total)
            metrics.value("operation=\"\(self.names[operation])\",code=\"ok\"", good)
        }
        for error in totals.errors {
            let code = KinesisError.Code.allCases[error.code].rawValue
            metrics.value("operation=\"\(self.names[error.operation])\",code=\"\(code)\"", error.count)
        }
        metrics.family(
            "millrace_kinesis_request_duration_seconds",
            "From the arrival of a whole Kinesis request until its answer is made; of SubscribeToShard until it begins.",
            .histogram
        )
        for (operation, counts) in totals.durations.enumerated() {
            guard let counts, operation < self.names.count else { continue }
            metrics.histogram("operation=\"\(self.names[operation])\"", counts)
        }
    }
}
