/// What `millrace top` shows: how fast counters grow between two readings of the metrics.
package struct RateTable: Sendable {
    package struct Row: Equatable, Sendable {
        package var name: String
        package var recordsIn: Double
        package var bytesIn: Double
        package var bytesOut: Double
        package var requests: Double
    }

    package var faces: [Row]
    package var topics: [Row]

    private static let faceLabels = ["protocol", "face"]

    /// - Parameters:
    ///   - seconds: between the two readings; more than 0.
    ///   - topicsMax: the busiest ones.
    package init(from earlier: MetricsText, to later: MetricsText, seconds: Double, topicsMax: Int = 20) {
        func growth(_ name: String, _ labels: [String]) -> [String: Double] {
            func sums(_ metrics: MetricsText) -> [String: Double] {
                var sums: [String: Double] = [:]
                for sample in metrics[name] {
                    guard let key = labels.lazy.compactMap({ sample.labels[$0] }).first else { continue }
                    sums[key, default: 0] += sample.value
                }
                return sums
            }
            let before = sums(earlier)
            // A counter that fell began again with the server.
            return sums(later).mapValues { $0 }.reduce(into: [:]) { result, entry in
                let old = before[entry.key] ?? 0
                result[entry.key] = (entry.value >= old ? entry.value - old : entry.value) / seconds
            }
        }
        func rows(_ prefix: String, _ labels: [String]) -> [Row] {
            let records = growth("\(prefix)appended_records_total", labels)
            let bytesIn = growth("\(prefix)appended_bytes_total", labels)
            let bytesOut = growth("\(prefix)read_bytes_total", labels)
            let requests = growth("\(prefix)requests_total", labels)
            let names = Set(records.keys).union(bytesIn.keys).union(bytesOut.keys).union(requests.keys)
            return names.map { name in
                Row(
                    name: name,
                    recordsIn: records[name] ?? 0,
                    bytesIn: bytesIn[name] ?? 0,
                    bytesOut: bytesOut[name] ?? 0,
                    requests: requests[name] ?? 0
                )
            }
        }
        self.faces = rows("millrace_", Self.faceLabels).sorted { $0.name < $1.name }
        self.topics = Array(
            rows("millrace_topic_", ["topic"])
                .sorted { ($0.bytesIn + $0.bytesOut, $1.name) > ($1.bytesIn + $1.bytesOut, $0.name) }
                .prefix(topicsMax)
        )
    }

    /// `12.3 MiB/s`
    package static func bytes(_ rate: Double) -> String {
        var value = max(0, rate)
        var unit = "B/s"
        for next in ["KiB/s", "MiB/s", "GiB/s"] where value >= 1024 {
            value /= 1024
            unit = next
        }
        let tenths = Int((value * 10).rounded())
        return unit == "B/s" ? "\(tenths / 10) B/s" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }

    package static func table(_ rows: [Row], _ title: String) -> TextTable {
        var table = TextTable([title, "RECORDS/S", "IN", "OUT", "REQUESTS/S"], numbers: [1, 2, 3, 4])
        for row in rows {
            table.add([
                row.name, "\(Int(row.recordsIn.rounded()))", Self.bytes(row.bytesIn), Self.bytes(row.bytesOut),
                "\(Int(row.requests.rounded()))",
            ])
        }
        return table
    }
}
