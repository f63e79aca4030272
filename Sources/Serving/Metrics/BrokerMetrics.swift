internal import Synchronization

/// A count that only grows. Cheap enough for the hot path: one relaxed atomic addition.
package final class Counter: Sendable {
    private let value = Atomic<UInt64>(0)
    package init() {}
    package func add(_ amount: Int = 1) {
        self.value.wrappingAdd(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }
    package var current: UInt64 { self.value.load(ordering: .relaxed) }
}

/// A number that goes up and down, for example open connections.
package final class Gauge: Sendable {
    private let value = Atomic<Int>(0)
    package init() {}
    package func add(_ amount: Int) { self.value.wrappingAdd(amount, ordering: .relaxed) }
    package var current: Int { self.value.load(ordering: .relaxed) }
}

/// What the broker counts, for `/metrics`. Each protocol face adds to the same numbers under its own label.
package final class BrokerMetrics: Sendable {
    /// The numbers of one protocol face.
    package final class Face: Sendable {
        package let connections = Gauge()
        package let connectionsAccepted = Counter()
        package let requests = Counter()
        package let requestsFailed = Counter()
        package let bytesReceived = Counter()
        package let bytesSent = Counter()
        package let recordsAppended = Counter()
        package let recordBytesAppended = Counter()
        package let recordBytesRead = Counter()
        package let authentications = Counter()
        package let authenticationsFailed = Counter()
        /// Of each operation.
        package let requestMetrics = RequestMetrics()
        /// Of streams with throughput limits.
        package let throttles = StreamThrottles()
        private let listeners = Mutex<[String: Int]>([:])

        fileprivate init() {}

        /// A client has connected to a listener.
        package func connected(on listener: String) {
            self.connections.add(1)
            self.connectionsAccepted.add()
            self.listeners.withLock { $0[listener, default: 0] += 1 }
        }

        /// A connection of a listener has ended.
        package func disconnected(from listener: String) {
            self.connections.add(-1)
            self.listeners.withLock { $0[listener, default: 0] -= 1 }
        }

        /// Open connections of every listener that ever had one, by name.
        fileprivate var connectionsByListener: [(listener: String, count: Int)] {
            self.listeners.withLock { $0.map { ($0.key, $0.value) } }.sorted { $0.listener < $1.listener }
        }
    }

    package let kafka = Face()
    package let kinesis = Face()

    package init() {}

    private typealias Family = (name: String, help: String, type: String, value: @Sendable (Face) -> String)

    private static let families: [Family] = [
        ("millrace_connections", "Open client connections.", "gauge", { String($0.connections.current) }),
        (
            "millrace_connections_accepted_total", "Client connections accepted.", "counter",
            { String($0.connectionsAccepted.current) }
        ),
        ("millrace_requests_total", "Requests answered.", "counter", { String($0.requests.current) }),
        (
            "millrace_requests_failed_total", "Requests answered with an error as a whole.", "counter",
            { String($0.requestsFailed.current) }
        ),
        (
            "millrace_received_bytes_total", "Bytes received from clients.", "counter",
            { String($0.bytesReceived.current) }
        ),
        ("millrace_sent_bytes_total", "Bytes sent to clients.", "counter", { String($0.bytesSent.current) }),
        (
            "millrace_appended_records_total", "Records appended for clients.", "counter",
            { String($0.recordsAppended.current) }
        ),
        (
            "millrace_appended_bytes_total", "Bytes of record batches appended for clients.", "counter",
            { String($0.recordBytesAppended.current) }
        ),
        (
            "millrace_read_bytes_total", "Bytes of record batches read for clients.", "counter",
            { String($0.recordBytesRead.current) }
        ),
        (
            "millrace_authentications_total", "Authentications that succeeded, again or for the first time.", "counter",
            { String($0.authentications.current) }
        ),
        (
            "millrace_authentications_failed_total", "Authentications that failed.", "counter",
            { String($0.authenticationsFailed.current) }
        ),
    ]

    /// One metric without labels, in the same format.
    package static func counter(_ name: String, _ help: String, _ value: Int64) -> String {
        "\(self.head(name, help, "counter"))\(name) \(value)\n"
    }

    package static func gauge(_ name: String, _ help: String, _ value: Int) -> String {
        "\(self.head(name, help, "gauge"))\(name) \(value)\n"
    }

    /// The two lines before a family's values.
    package static func head(_ name: String, _ help: String, _ type: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    /// A label's value, which clients may have chosen, between its quotation marks.
    package static func labelValue(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x5C || $0 == 0x0A }) else { return text }
        return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// The text exposition format 0.0.4 of Prometheus.
    package func prometheusText() -> String {
        var text = ""
        for family in Self.families {
            text += Self.head(family.name, family.help, family.type)
            text += "\(family.name){protocol=\"kafka\"} \(family.value(self.kafka))\n"
            text += "\(family.name){protocol=\"kinesis\"} \(family.value(self.kinesis))\n"
        }
        let name = "millrace_listener_connections"
        text += Self.head(name, "Open client connections of each listener.", "gauge")
        for (face, numbers) in [("kafka", self.kafka), ("kinesis", self.kinesis)] {
            for (listener, count) in numbers.connectionsByListener {
                text += "\(name){protocol=\"\(face)\",listener=\"\(Self.labelValue(listener))\"} \(count)\n"
            }
        }
        return text
    }
}
