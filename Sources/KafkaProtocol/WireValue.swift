package import Model
package import NIOCore

/// A value without a version of its own: a number, text, bytes, an identifier.
///
/// `flexible` selects the compact encodings of KIP-482; numbers look the same in both.
package protocol WireValue: Sendable, Equatable {
    /// The fewest bytes that one value takes in any version, at least one: bounds array counts.
    static var minimumWireSize: Int { get }
    static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> Self
    func encode(into buffer: inout ByteBuffer, flexible: Bool)
}

/// A value whose encoding has a null mark: text, bytes, records.
package protocol WireNullableValue: WireValue {
    static func decodeNullable(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> Self?
    static func encodeNullable(_ value: Self?, into buffer: inout ByteBuffer, flexible: Bool)
}

/// A group of fields whose presence depends on the message's version.
package protocol WireStruct: Sendable, Equatable {
    /// The fewest bytes that one value takes in any version: bounds array counts.
    static var minimumWireSize: Int { get }
    /// - Throws: `WireError` when the bytes are not a value of that version.
    static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self
    /// Traps when a field is set that the version lacks and that may not be dropped.
    func encode(into buffer: inout ByteBuffer, version: Int16)
}

/// A struct with record bytes inside, which it can pass on by reference instead of copying them.
package protocol WirePartedStruct: WireStruct {
    func encode(into parts: inout OutputParts, version: Int16)
}

/// A whole request or response.
package protocol KafkaMessage: WireStruct {
    static var apiKey: APIKey { get }
    /// The versions that the schema describes; what a server advertises may be narrower.
    static var versions: ClosedRange<Int16> { get }
    /// The first version with compact encodings and tagged fields, `nil` when none has them.
    static var firstFlexibleVersion: Int16? { get }
}

package protocol KafkaRequest: KafkaMessage {
    associatedtype Response: KafkaResponse
}

package protocol KafkaResponse: KafkaMessage {
    /// How long the client should pause because of a quota; 0 and unchangeable where no version of the message says it.
    var throttleTimeMs: Int32 { get set }

    /// Appends the response to a frame; Fetch adds its records by reference.
    func encode(into parts: inout OutputParts, version: Int16)

    /// Calls `body` with every error code in it but `none`, of the response as a whole and of its parts.
    func forEachError(_ body: (ErrorCode) -> Void)
}

extension KafkaResponse {
    /// A response without error codes.
    package func forEachError(_ body: (ErrorCode) -> Void) {}

    package var throttleTimeMs: Int32 {
        get { 0 }
        set {}
    }

    package func encode(into parts: inout OutputParts, version: Int16) {
        self.encode(into: &parts.buffer, version: version)
    }
}

/// A record key or value of an internal topic, or a blob with a leading version such as the consumer protocol's.
package protocol VersionedRecord: WireStruct {
    static var versions: ClosedRange<Int16> { get }
}

extension VersionedRecord {
    /// Reads the leading `int16` version and the fields after it.
    ///
    /// - Parameter newerAsNewest: read a version that is not known yet as the newest known one, ignoring what
    ///   follows its fields, as Kafka does with the consumer protocol, whose versions only ever add fields.
    /// - Throws: `WireError`; `.unsupportedVersion` when the schema lacks the version.
    package static func decodeVersioned(
        from buffer: inout ByteBuffer,
        newerAsNewest: Bool = false
    ) throws(WireError) -> (version: Int16, value: Self) {
        var version = try Int16.decode(from: &buffer, flexible: false)
        if newerAsNewest { version = min(version, Self.versions.upperBound) }
        return (version, try Self.decode(from: &buffer, version: version))
    }

    /// Writes the leading `int16` version and the fields after it.
    package func encodeVersioned(into buffer: inout ByteBuffer, version: Int16) {
        buffer.writeInteger(version)
        self.encode(into: &buffer, version: version)
    }
}

// MARK: - Numbers

extension WireValue where Self: FixedWidthInteger {
    package static var minimumWireSize: Int { MemoryLayout<Self>.size }

    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> Self {
        guard let value = buffer.readInteger(as: Self.self) else {
            throw WireError(
                .truncated,
                position: buffer.readerIndex,
                value: Int64(MemoryLayout<Self>.size)
            )
        }
        return value
    }

    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        buffer.writeInteger(self)
    }
}

extension Int8: WireValue {}
extension Int16: WireValue {}
extension Int32: WireValue {}
extension Int64: WireValue {}
extension UInt16: WireValue {}
extension UInt32: WireValue {}

extension Bool: WireValue {
    package static var minimumWireSize: Int { 1 }

    /// Zero is false and anything else true, as Kafka reads it.
    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> Bool {
        try Int8.decode(from: &buffer, flexible: flexible) != 0
    }

    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        buffer.writeInteger(self ? 1 : 0, as: UInt8.self)
    }
}

extension Double: WireValue {
    package static var minimumWireSize: Int { 8 }

    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> Double {
        Double(bitPattern: UInt64(bitPattern: try Int64.decode(from: &buffer, flexible: flexible)))
    }

    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        buffer.writeInteger(self.bitPattern)
    }
}

// MARK: - Identifiers

extension WireValue where Self: RawRepresentable, RawValue: WireValue, Self: WireRawValue {
    package static var minimumWireSize: Int { RawValue.minimumWireSize }

    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> Self {
        Self(wireValue: try RawValue.decode(from: &buffer, flexible: flexible))
    }

    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        self.rawValue.encode(into: &buffer, flexible: flexible)
    }
}

/// A wrapper of one raw value that accepts every raw value.
package protocol WireRawValue: RawRepresentable {
    init(wireValue: RawValue)
}

extension WireRawValue where Self: Identifier {
    package init(wireValue: RawValue) { self.init(rawValue: wireValue) }
}

extension WireNullableValue where Self: WireRawValue, RawValue: WireNullableValue {
    package static func decodeNullable(
        from buffer: inout ByteBuffer,
        flexible: Bool
    ) throws(WireError) -> Self? {
        guard let value = try RawValue.decodeNullable(from: &buffer, flexible: flexible) else { return nil }
        return Self(wireValue: value)
    }

    package static func encodeNullable(_ value: Self?, into buffer: inout ByteBuffer, flexible: Bool) {
        RawValue.encodeNullable(value?.rawValue, into: &buffer, flexible: flexible)
    }
}

extension BrokerID: WireValue, WireRawValue {}
extension LeaderEpoch: WireValue, WireRawValue {}
extension ProducerID: WireValue, WireRawValue {}
extension ProducerEpoch: WireValue, WireRawValue {}
extension GenerationID: WireValue, WireRawValue {}
extension GroupID: WireNullableValue, WireRawValue {}
extension MemberID: WireNullableValue, WireRawValue {}
extension GroupInstanceID: WireNullableValue, WireRawValue {}

extension TopicID: WireValue {
    package static var minimumWireSize: Int { 16 }

    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> TopicID {
        guard let (high, low) = buffer.readMultipleIntegers(as: (UInt64, UInt64).self) else {
            throw WireError(.truncated, position: buffer.readerIndex, value: 16)
        }
        return TopicID(high: high, low: low)
    }

    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        buffer.writeMultipleIntegers(self.high, self.low)
    }
}
