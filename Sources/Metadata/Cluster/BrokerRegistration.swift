package import Model

/// A broker that lives: the value of the key `live/BROKER`, bound to the broker's session.
///
/// The revision that creates the key is the number of the broker's incarnation.
///
/// Fields: 1 instance, 2 endpoints (listener, host, port), 3 rack, 4 draining, 5 version.
package struct BrokerRegistration: Sendable, Hashable {
    package struct Endpoint: Sendable, Hashable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Random bits of the data directory: who starts again with the same one is the same broker and may end its
    /// earlier life at once; another instance under the same ID is a mistake.
    package var instance: UInt64
    /// What clients are told to connect to, by the listener's name; empty until the listeners are bound. Without any
    /// the broker is not shown to clients and gets no partitions.
    package var endpoints: [String: Endpoint]
    package var rack: String?
    /// The broker stops and gives its partitions away.
    package var isDraining: Bool
    /// The software's version.
    package var version: String

    package init(
        instance: UInt64,
        endpoints: [String: Endpoint] = [:],
        rack: String? = nil,
        isDraining: Bool = false,
        version: String = ""
    ) {
        self.instance = instance
        self.endpoints = endpoints
        self.rack = rack
        self.isDraining = isDraining
        self.version = version
    }

    package var encoded: [UInt8] {
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(1) { $0.fixed64(self.instance) }
        if !self.endpoints.isEmpty {
            writer.field(2) { fields in
                fields.number(UInt64(self.endpoints.count))
                for (name, endpoint) in self.endpoints.sorted(by: { $0.key < $1.key }) {
                    fields.text(name)
                    fields.text(endpoint.host)
                    fields.number(UInt64(endpoint.port))
                }
            }
        }
        if let rack { writer.field(3) { $0.text(rack) } }
        if self.isDraining { writer.field(4) { $0.byte(1) } }
        if !self.version.isEmpty { writer.field(5) { $0.text(self.version) } }
        return writer.bytes
    }

    /// Throws `.corrupt` or `.newerFormat`. Unknown fields are skipped, so that builds of two versions run together.
    package init(decoding bytes: [UInt8]) throws(MetadataError) {
        var reader = FieldReader(bytes[...])
        guard try reader.byte() == 1 else {
            throw MetadataError(.newerFormat, "A broker's registration was written by newer software.")
        }
        var instance: UInt64?
        self.init(instance: 0)
        while !reader.isAtEnd {
            let tag = try reader.number()
            var field = try reader.sized()
            switch tag {
            case 1: instance = try field.fixed64()
            case 2: self.endpoints = try Self.endpoints(&field)
            case 3: self.rack = try field.text()
            case 4: self.isDraining = try field.byte() != 0
            case 5: self.version = try field.text()
            default: break
            }
        }
        guard let instance else { throw MetadataError(.corrupt, "A broker's registration has no instance.") }
        self.instance = instance
    }

    private static func endpoints(_ field: inout FieldReader) throws(MetadataError) -> [String: Endpoint] {
        let count = try field.number(as: Int.self)
        guard count <= field.remaining / 3 else { throw FieldReader.truncated }
        var endpoints: [String: Endpoint] = [:]
        for _ in 0..<count {
            let name = try field.text()
            let host = try field.text()
            endpoints[name] = Endpoint(host: host, port: try field.number(as: Int.self))
        }
        return endpoints
    }
}

extension BrokerRegistration {
    /// Before the keys of all registrations: `live/`, the broker's ID (4, big-endian).
    package static let keys = MetadataKey("live/")

    package static func key(_ broker: BrokerID) -> MetadataKey {
        MetadataKey(bytes: Self.keys.bytes + withUnsafeBytes(of: broker.rawValue.bigEndian) { Array($0) })
    }

    /// The broker of a key; `nil` for a key that is not a registration's.
    package static func broker(of key: MetadataKey) -> BrokerID? {
        guard key.hasPrefix(Self.keys), key.bytes.count == Self.keys.bytes.count + 4 else { return nil }
        let number = key.bytes[Self.keys.bytes.count...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return BrokerID(Int32(bitPattern: number))
    }
}
