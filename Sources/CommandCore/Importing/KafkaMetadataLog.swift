package import NIOCore

/// The settings of topics in the log of Kafka's controllers (KRaft), of which three kinds of records are read.
///
/// A value is `frame version, kind, version` as unsigned varints, then the record's fields in the flexible format.
///
/// | kind | record | fields |
/// | --- | --- | --- |
/// | 2 | topic | name, ID |
/// | 4 | setting | type of resource (2 is a topic), its name, the setting's name, its value or null |
/// | 9 | removed topic | ID |
package struct KafkaMetadataLog: Equatable, Sendable {
    /// By topic and name.
    package private(set) var configs: [String: [String: String]] = [:]
    private var names: [[UInt8]: String] = [:]

    package init() {}

    /// Takes a record's value; what cannot be read is left out.
    package mutating func add(_ value: ByteBuffer) {
        var rest = value
        guard Self.varint(&rest) == 1, let kind = Self.varint(&rest), Self.varint(&rest) != nil else { return }
        switch kind {
        case 2:
            guard let name = Self.string(&rest) ?? nil, let id = rest.readBytes(length: 16) else { return }
            self.names[id] = name
            // Made again: the settings of the one before are gone.
            self.configs[name] = nil
        case 4:
            guard rest.readInteger(as: Int8.self) == 2, let topic = Self.string(&rest) ?? nil,
                let name = Self.string(&rest) ?? nil, let value = Self.string(&rest)
            else { return }
            self.configs[topic, default: [:]][name] = value
        case 9:
            guard let id = rest.readBytes(length: 16), let name = self.names.removeValue(forKey: id) else { return }
            self.configs[name] = nil
        default: return
        }
    }

    private static func varint(_ bytes: inout ByteBuffer) -> UInt32? {
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 35, by: 7) {
            guard let byte = bytes.readInteger(as: UInt8.self) else { return nil }
            value |= UInt32(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    /// A compact string; `.some(nil)` for null, `nil` for what is not one.
    private static func string(_ bytes: inout ByteBuffer) -> String?? {
        guard let length = Self.varint(&bytes) else { return nil }
        if length == 0 { return .some(nil) }
        guard Int(length) - 1 <= bytes.readableBytes, let text = bytes.readBytes(length: Int(length) - 1),
            let string = String(validating: text, as: UTF8.self)
        else { return nil }
        return .some(string)
    }
}
