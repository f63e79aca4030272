internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Testing

/// Fills messages with values that differ from each other and from every default, the same in every run.
struct Sampler: Sendable {
    enum Style: CaseIterable {
        /// Every field set, arrays of two.
        case full
        /// Null wherever the version allows it, empty arrays, empty text.
        case sparse
        /// Texts and bytes that need lengths of two bytes.
        case long
    }

    let style: Style
    private var count: Int64 = 0

    init(_ style: Style) { self.style = style }

    mutating func next() -> Int64 {
        self.count += 1
        return self.count
    }

    mutating func value<Value: Sampled>(_ version: Int16) -> Value { .sample(&self, version: version) }

    mutating func optional<Value: Sampled>(_ version: Int16) -> Value? {
        self.style == .sparse ? nil : .sample(&self, version: version)
    }

    mutating func array<Value: Sampled>(_ version: Int16) -> [Value] {
        self.style == .sparse ? [] : [.sample(&self, version: version), .sample(&self, version: version)]
    }

    mutating func optionalArray<Value: Sampled>(_ version: Int16) -> [Value]? {
        self.style == .sparse ? nil : self.array(version)
    }
}

protocol Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> Self
}

extension Sampled where Self: FixedWidthInteger {
    static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        // Wide numbers use their high bytes too; none is a default such as 0 or -1.
        let number = sampler.next()
        return Self(number % 100 + 1) | (Self.bitWidth > 8 ? 1 << (Self.bitWidth - 2) : 0)
    }
}

extension Int8: Sampled {}
extension Int16: Sampled {}
extension UInt16: Sampled {}
extension Int32: Sampled {}
extension Int64: Sampled {}

extension Bool: Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> Bool { !sampler.next().isMultiple(of: 3) }
}

extension String: Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> String {
        switch sampler.style {
        case .full: "text-\(sampler.next())-é"
        case .sparse: ""
        case .long: "long-\(sampler.next())-" + String(repeating: "x", count: 300)
        }
    }
}

extension ByteBuffer: Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> ByteBuffer {
        ByteBuffer(string: String.sample(&sampler, version: version))
    }
}

extension RecordsParts: Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> RecordsParts {
        RecordsParts([.sample(&sampler, version: version), .sample(&sampler, version: version)])
    }
}

extension TopicID: Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> TopicID {
        TopicID(high: 0x0102_0304_0506_0708, low: UInt64(sampler.next()))
    }
}

extension Sampled where Self: WireRawValue, RawValue: Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        Self(wireValue: .sample(&sampler, version: version))
    }
}

extension BrokerID: Sampled {}
extension LeaderEpoch: Sampled {}
extension ProducerID: Sampled {}
extension ProducerEpoch: Sampled {}
extension GenerationID: Sampled {}
extension GroupID: Sampled {}
extension MemberID: Sampled {}
extension GroupInstanceID: Sampled {}
extension ErrorCode: Sampled {}

/// One message type with its type erased, for parameterised tests.
struct CodecCase: Sendable, CustomTestStringConvertible {
    let name: String
    let versions: ClosedRange<Int16>
    /// A sample's bytes.
    let encodeSample: @Sendable (Sampler.Style, Int16) -> ByteBuffer
    /// Whether a sample equals what its bytes decode to, with nothing left over.
    let sampleSurvives: @Sendable (Sampler.Style, Int16) throws -> Bool
    /// Decodes and encodes again.
    let recode: @Sendable (inout ByteBuffer, Int16) throws(WireError) -> ByteBuffer

    init<Message: WireStruct & Sampled>(_ type: Message.Type, versions: ClosedRange<Int16>) {
        self.name = "\(type)"
        self.versions = versions
        self.encodeSample = { style, version in
            var sampler = Sampler(style)
            var buffer = ByteBuffer()
            Message.sample(&sampler, version: version).encode(into: &buffer, version: version)
            return buffer
        }
        self.sampleSurvives = { style, version in
            var sampler = Sampler(style)
            let message = Message.sample(&sampler, version: version)
            var buffer = ByteBuffer()
            message.encode(into: &buffer, version: version)
            return try Message.decode(from: &buffer, version: version) == message && buffer.readableBytes == 0
        }
        self.recode = { (buffer: inout ByteBuffer, version: Int16) throws(WireError) -> ByteBuffer in
            let message = try Message.decode(from: &buffer, version: version)
            var output = ByteBuffer()
            message.encode(into: &output, version: version)
            return output
        }
    }

    init<Message: KafkaMessage & Sampled>(_ type: Message.Type) {
        self.init(type, versions: Message.versions)
    }

    init<Message: VersionedRecord & Sampled>(_ type: Message.Type) {
        self.init(type, versions: Message.versions)
    }

    var testDescription: String { self.name }
}
