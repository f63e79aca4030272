package import KafkaProtocol
package import Model
package import NIOCore

/// Fills messages with values that differ from each other and from every default, the same in every run.
package struct Sampler: Sendable {
    package enum Style: CaseIterable, Sendable {
        /// Every field set, arrays of two.
        case full
        /// Null wherever the version allows it, empty arrays, empty text.
        case sparse
        /// Texts and bytes that need lengths of two bytes.
        case long
    }

    package let style: Style
    private var count: Int64 = 0

    package init(_ style: Style) { self.style = style }

    package mutating func next() -> Int64 {
        self.count += 1
        return self.count
    }

    package mutating func value<Value: Sampled>(_ version: Int16) -> Value { .sample(&self, version: version) }

    package mutating func optional<Value: Sampled>(_ version: Int16) -> Value? {
        self.style == .sparse ? nil : .sample(&self, version: version)
    }

    package mutating func array<Value: Sampled>(_ version: Int16) -> [Value] {
        self.style == .sparse ? [] : [.sample(&self, version: version), .sample(&self, version: version)]
    }

    package mutating func optionalArray<Value: Sampled>(_ version: Int16) -> [Value]? {
        self.style == .sparse ? nil : self.array(version)
    }
}

package protocol Sampled {
    static func sample(_ sampler: inout Sampler, version: Int16) -> Self
}

extension Sampled where Self: FixedWidthInteger {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
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

extension Double: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Double {
        Double(Int32.sample(&sampler, version: version)) / 8
    }
}

extension Bool: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Bool { !sampler.next().isMultiple(of: 3) }
}

extension String: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> String {
        switch sampler.style {
        case .full: "text-\(sampler.next())-é"
        case .sparse: ""
        case .long: "long-\(sampler.next())-" + String(repeating: "x", count: 300)
        }
    }
}

extension ByteBuffer: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> ByteBuffer {
        ByteBuffer(string: String.sample(&sampler, version: version))
    }
}

extension RecordsParts: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> RecordsParts {
        RecordsParts([.sample(&sampler, version: version), .sample(&sampler, version: version)])
    }
}

extension TopicID: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> TopicID {
        TopicID(high: 0x0102_0304_0506_0708, low: UInt64(sampler.next()))
    }
}

extension Sampled where Self: WireRawValue, RawValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
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
