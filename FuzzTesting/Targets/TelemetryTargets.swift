import NIOCore

@testable import Broker

extension FuzzTarget {
    static let telemetry: [FuzzTarget] = [
        FuzzTarget(name: "telemetry", seeds: Self.metricsSeeds, read: Self.readMetrics)
    ]

    /// `MetricsData` of a gauge with an attribute, by hand: we write none.
    private static func metricsSeeds() -> [ByteBuffer] {
        func message(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
            [field << 3 | 2, UInt8(content.count)] + content
        }
        let attribute = message(7, message(1, Array("k".utf8)) + message(2, message(1, Array("v".utf8))))
        let point = message(1, [4 << 3 | 1, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F] + attribute)
        let name = message(1, Array("a.b".utf8))
        return ([5, 7] as [UInt8]).map { kind in
            let metric = message(2, name + message(kind, point + (kind == 7 ? [2 << 3, 1, 3 << 3, 1] : [])))
            return ByteBuffer(bytes: message(1, message(2, metric)))
        }
    }

    private static func readMetrics(_ input: ByteBuffer) {
        guard let reader = try? MetricsDataReader(input.allBytes) else { return }
        Self.require(reader.metrics.count <= input.readableBytes / 2, "more points than their bytes can hold")
    }
}
