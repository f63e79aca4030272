/// One number that a client pushed.
struct PushedMetric: Equatable {
    enum Kind: Equatable {
        case gauge
        /// Grows only; the value is what was added since the last push, or all of it so far.
        case counter(isDelta: Bool)
    }

    var name: String
    var kind: Kind
    /// By name.
    var attributes: [(key: String, value: String)]
    var value: Double

    static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.kind == right.kind && left.value == right.value
            && left.attributes.elementsEqual(right.attributes, by: { $0 == $1 })
    }
}

/// Reads `MetricsData` of OpenTelemetry's protocol (version 1), as clients push it: gauges and sums. Histograms, which
/// no Kafka client sends, are skipped.
///
/// Hostile input: nothing is allocated beyond the bytes that are there, and the number of points and what is kept of
/// each are bounded.
struct MetricsDataReader {
    /// Why bytes are refused.
    struct Malformed: Error {}

    /// Further points are counted, not read.
    static let pointsMax = 2_000
    static let nameBytesMax = 200
    static let attributesMax = 8
    static let attributeBytesMax = 128

    private(set) var metrics: [PushedMetric] = []
    /// Points beyond the bounds.
    private(set) var droppedCount = 0

    init(_ bytes: [UInt8]) throws(Malformed) {
        try Fields.each(of: bytes[...]) { field, value throws(Malformed) in
            if field == 1, case .bytes(let resource) = value { try self.readResource(resource) }
        }
    }

    private mutating func readResource(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
        try Fields.each(of: bytes) { field, value throws(Malformed) in
            if field == 2, case .bytes(let scope) = value { try self.readScope(scope) }
        }
    }

    private mutating func readScope(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
        try Fields.each(of: bytes) { field, value throws(Malformed) in
            if field == 2, case .bytes(let metric) = value { try self.readMetric(metric) }
        }
    }

    private mutating func readMetric(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
        var name = ""
        var gauge: ArraySlice<UInt8>?
        var sum: ArraySlice<UInt8>?
        try Fields.each(of: bytes) { field, value throws(Malformed) in
            guard case .bytes(let content) = value else { return }
            switch field {
            case 1: name = try Self.text(content)
            case 5: gauge = content
            case 7: sum = content
            default: break
            }
        }
        guard !name.isEmpty, name.utf8.count <= Self.nameBytesMax else {
            self.droppedCount += 1
            return
        }
        if let gauge { try self.readPoints(gauge, name: name, kind: .gauge) }
        guard let sum else { return }
        var temporality: UInt64 = 0
        var isMonotonic = false
        try Fields.each(of: sum) { field, value throws(Malformed) in
            guard case .number(let number) = value else { return }
            if field == 2 { temporality = number }
            if field == 3 { isMonotonic = number != 0 }
        }
        // 1 is a delta, 2 cumulative.
        try self.readPoints(sum, name: name, kind: isMonotonic ? .counter(isDelta: temporality == 1) : .gauge)
    }

    private mutating func readPoints(
        _ bytes: ArraySlice<UInt8>,
        name: String,
        kind: PushedMetric.Kind
    ) throws(Malformed) {
        try Fields.each(of: bytes) { field, value throws(Malformed) in
            guard field == 1, case .bytes(let point) = value else { return }
            guard self.metrics.count < Self.pointsMax else {
                self.droppedCount += 1
                return
            }
            var metric = PushedMetric(name: name, kind: kind, attributes: [], value: 0)
            try Fields.each(of: point) { field, value throws(Malformed) in
                switch (field, value) {
                case (4, .fixed64(let bits)): metric.value = Double(bitPattern: bits)
                case (6, .fixed64(let bits)): metric.value = Double(Int64(bitPattern: bits))
                case (7, .bytes(let pair)) where metric.attributes.count < Self.attributesMax:
                    if let attribute = try Self.attribute(pair) { metric.attributes.append(attribute) }
                default: break
                }
            }
            metric.attributes.sort { $0.key < $1.key }
            self.metrics.append(metric)
        }
    }

    /// `nil` for an attribute that is too long or not a single value.
    private static func attribute(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> (key: String, value: String)? {
        var key = ""
        var text: String?
        try Fields.each(of: bytes) { field, value throws(Malformed) in
            guard case .bytes(let content) = value else { return }
            if field == 1 { key = try Self.text(content) }
            guard field == 2 else { return }
            try Fields.each(of: content) { field, value throws(Malformed) in
                switch (field, value) {
                case (1, .bytes(let string)): text = try Self.text(string)
                case (2, .number(let flag)): text = flag == 0 ? "false" : "true"
                case (3, .number(let number)): text = "\(Int64(bitPattern: number))"
                case (4, .fixed64(let bits)): text = "\(Double(bitPattern: bits))"
                default: break
                }
            }
        }
        guard let text, !key.isEmpty, key.utf8.count <= Self.attributeBytesMax,
            text.utf8.count <= Self.attributeBytesMax
        else { return nil }
        return (key, text)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed() }
        return text
    }
}

/// The fields of a protobuf message.
private enum Fields {
    enum Value {
        case number(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    typealias Malformed = MetricsDataReader.Malformed

    static func each(
        of bytes: ArraySlice<UInt8>,
        _ body: (_ field: UInt64, _ value: Value) throws(Malformed) -> Void
    ) throws(Malformed) {
        var rest = bytes
        while !rest.isEmpty {
            let tag = try Self.number(&rest)
            let value: Value =
                switch tag & 7 {
                case 0: .number(try Self.number(&rest))
                case 1: .fixed64(try Self.fixed(8, &rest))
                case 2: .bytes(try Self.take(try Self.number(&rest), &rest))
                case 5: .fixed32(UInt32(truncatingIfNeeded: try Self.fixed(4, &rest)))
                default: throw Malformed()
                }
            try body(tag >> 3, value)
        }
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }

    /// Little-endian.
    private static func fixed(_ count: UInt64, _ rest: inout ArraySlice<UInt8>) throws(Malformed) -> UInt64 {
        try Self.take(count, &rest).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func take(_ count: UInt64, _ rest: inout ArraySlice<UInt8>) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else { throw Malformed() }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return taken
    }
}
