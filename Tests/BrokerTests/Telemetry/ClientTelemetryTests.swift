import Metadata
import Model
import RecordBatch
import Synchronization
import Testing

@testable import Broker

/// Bytes of protobuf, written for tests.
struct ProtobufBytes {
    var bytes: [UInt8] = []

    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + Self.varint(value >> 7)
    }

    func number(_ field: UInt64, _ value: UInt64) -> Self {
        Self(bytes: self.bytes + Self.varint(field << 3) + Self.varint(value))
    }

    func fixed(_ field: UInt64, _ value: UInt64) -> Self {
        let little = (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        return Self(bytes: self.bytes + Self.varint(field << 3 | 1) + little)
    }

    func message(_ field: UInt64, _ content: [UInt8]) -> Self {
        Self(bytes: self.bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(content.count)) + content)
    }

    func text(_ field: UInt64, _ text: String) -> Self { self.message(field, Array(text.utf8)) }

    /// `MetricsData` of one metric: a gauge, or a sum with this temporality.
    static func data(_ name: String, _ value: Double, temporality: UInt64? = nil, label: String? = nil) -> [UInt8] {
        var point = ProtobufBytes().fixed(2, 1).fixed(3, 2).fixed(4, value.bitPattern)
        if let label {
            let text = ProtobufBytes().text(1, label).bytes
            point = point.message(7, ProtobufBytes().text(1, "topic").message(2, text).bytes)
        }
        let points = ProtobufBytes().message(1, point.bytes)
        var metric = ProtobufBytes().text(1, name).text(3, "1")
        if let temporality {
            metric = metric.message(7, points.number(2, temporality).number(3, 1).bytes)
        } else {
            metric = metric.message(5, points.bytes)
        }
        let scope = ProtobufBytes().message(1, []).message(2, metric.bytes)
        return ProtobufBytes().message(1, ProtobufBytes().message(1, []).message(2, scope.bytes).bytes).bytes
    }
}

@Suite struct MetricsDataReaderTests {
    @Test func `gauges and sums are read`() throws {
        let bytes =
            ProtobufBytes.data("a.b", 1.5, label: "t") + ProtobufBytes.data("c", 2, temporality: 1)
            + ProtobufBytes.data("d", 3, temporality: 2)
        let metrics = try MetricsDataReader(bytes).metrics
        #expect(metrics.map(\.name) == ["a.b", "c", "d"] && metrics.map(\.value) == [1.5, 2, 3])
        #expect(metrics.map(\.kind) == [.gauge, .counter(isDelta: true), .counter(isDelta: false)])
        #expect(metrics[0].attributes.map { "\($0.key)=\($0.value)" } == ["topic=t"])
    }

    @Test func `bytes that are cut or changed never trap`() throws {
        let bytes = ProtobufBytes.data("a.b", 1.5, label: "t")
        for count in 0..<bytes.count { _ = try? MetricsDataReader(Array(bytes[..<count])) }
        for index in bytes.indices {
            for byte in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[index] = byte
                _ = try? MetricsDataReader(changed)
            }
        }
        #expect(throws: MetricsDataReader.Malformed.self) {
            try MetricsDataReader([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
        }
    }

    @Test func `points beyond the bound are counted`() throws {
        let one = ProtobufBytes.data("a", 1)
        let bytes = [[UInt8]](repeating: one, count: MetricsDataReader.pointsMax + 3).flatMap { $0 }
        let reader = try MetricsDataReader(bytes)
        #expect(reader.metrics.count == MetricsDataReader.pointsMax && reader.droppedCount == 3)
    }
}

@Suite struct ClientTelemetryTests {
    private static let id = TopicID(high: 1, low: 2)
    private static let attributes = ["client_id": "c\"1", "client_software_name": "java"]

    private final class Clock: Sendable {
        let now = Atomic<Int64>(1_000)
    }

    /// A store of subscriptions and the telemetry behind it, at a time that a test chooses.
    private final class Fixture: Sendable {
        let subscriptions = ClientMetricsStore(store: MemoryMetadataStore())
        let clock = Clock()
        let telemetry: ClientTelemetryStore

        init() {
            let clock = self.clock
            self.telemetry = ClientTelemetryStore(self.subscriptions) { clock.now.load(ordering: .relaxed) }
        }

        func advance(_ milliseconds: Int64) { self.clock.now.add(milliseconds, ordering: .relaxed) }

        func subscribe(_ configs: [String: String]) async throws {
            try await self.subscriptions.alter("all", validateOnly: false) { _ in configs }
        }

        func push(
            _ metrics: [UInt8],
            subscription: Int32,
            isLast: Bool = false,
            codec: CompressionCodec? = CompressionCodec.none
        )
            -> ClientTelemetryStore.Refusal?
        {
            self.telemetry.push(
                from: ClientTelemetryTests.id,
                ClientTelemetryTests.attributes,
                subscriptionID: subscription,
                isTerminating: isLast,
                codec: codec,
                metrics: metrics,
                bytesMax: 10_000
            )
        }

        func subscription() -> ClientTelemetryStore.Subscription? {
            self.telemetry.subscription(for: ClientTelemetryTests.id, ClientTelemetryTests.attributes)
        }
    }

    @Test func `a client gets the subscriptions that match it`() async throws {
        let fixture = Fixture()
        #expect(fixture.subscription()?.metricPrefixes == [])
        try await fixture.subscribe(["metrics": "a.,b.", "interval.ms": "100", "match": "client_software_name=ja.*"])
        let matched = try #require(fixture.subscription())
        #expect(matched.metricPrefixes == ["a.", "b."] && matched.intervalMilliseconds == 100)
        try await fixture.subscribe(["metrics": "*", "match": "client_software_name=python"])
        #expect(fixture.subscription()?.metricPrefixes == [])
        try await fixture.subscribe(["metrics": "*,b."])
        #expect(fixture.subscription()?.metricPrefixes == ["*"])
    }

    @Test func `what is pushed is shown until the client has been silent for long`() async throws {
        let fixture = Fixture()
        try await fixture.subscribe(["metrics": "*", "interval.ms": "100"])
        let id = try #require(fixture.subscription()).id
        #expect(fixture.push(ProtobufBytes.data("x.y", 2, temporality: 1, label: "a\nb"), subscription: id) == nil)
        fixture.advance(100)
        #expect(fixture.push(ProtobufBytes.data("x.y", 3, temporality: 1, label: "a\nb"), subscription: id) == nil)
        let text = fixture.telemetry.prometheusText()
        #expect(text.contains("# TYPE kafka_client_x_y counter\n"))
        #expect(
            text.contains(
                "kafka_client_x_y{client_instance_id=\"\(Self.id)\",client_id=\"c\\\"1\",client_software_name=\"java\","
                    + "client_software_version=\"\",topic=\"a\\nb\"} 5.0\n"
            )
        )
        #expect(text.contains("millrace_client_telemetry_pushes_total 2\n"))
        fixture.advance(60_000)
        #expect(!fixture.telemetry.prometheusText().contains("x_y"))
        #expect(fixture.telemetry.prometheusText().contains("millrace_client_telemetry_instances 0\n"))
    }

    @Test func `a push that breaks the rules is refused with its reason`() async throws {
        let fixture = Fixture()
        try await fixture.subscribe(["metrics": "*", "interval.ms": "100"])
        let id = try #require(fixture.subscription()).id
        #expect(fixture.subscription() == nil, "asked again too soon")
        #expect(fixture.push([], subscription: id) == nil)
        #expect(fixture.push([], subscription: id) == .throttle)
        fixture.advance(100)
        #expect(fixture.push([], subscription: id &+ 1) == .unknownSubscription)
        #expect(fixture.subscription()?.id == id, "it learns of the new one at once")
        fixture.advance(100)
        #expect(fixture.push([], subscription: id, codec: nil) == .unknownCodec)
        fixture.advance(100)
        #expect(fixture.push([UInt8](repeating: 0, count: 10_001), subscription: id) == .tooLarge)
        fixture.advance(100)
        #expect(fixture.push([0xFF], subscription: id) == .malformed)
        fixture.advance(100)
        #expect(fixture.push([1, 2, 3], subscription: id, codec: .zstd) == .malformed)
        #expect(fixture.push([], subscription: id, isLast: true) == nil, "the last push may be early")
        #expect(fixture.push([], subscription: id) == .terminated)
    }

    @Test func `clients and series are bounded`() {
        var limits = ClientTelemetry.Limits()
        limits.instancesMax = 32
        limits.seriesMax = 40
        limits.seriesOfInstanceMax = 3
        var machine = ClientTelemetry(limits: limits)
        let nothing: (all: [ClientMetricsStore.Subscription], version: Int) = ([], 0)
        for number in 0..<100 {
            let id = TopicID(high: 7, low: UInt64(number))
            _ = machine.subscriptionRequested(by: id, [:], nothing, now: Int64(number))
            let metrics = (0..<5).map { PushedMetric(name: "m\($0)", kind: .gauge, attributes: [], value: 1) }
            machine.metricsRead(metrics, dropped: 0, of: id)
            #expect(machine.instanceCount <= 32)
        }
        #expect(machine.droppedSeriesCount >= 200)
        #expect(machine.prometheusText().split(separator: "\n").count { !$0.hasPrefix("#") } <= 40)
    }
}
