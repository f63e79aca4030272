internal import Model

/// Whom a quota is for: a user, a client ID, both together, or an address; each by name or as the default of those
/// without a quota of their own.
package struct QuotaEntity: Hashable, Sendable {
    package enum Name: Hashable, Sendable {
        /// Everybody without a quota of the same kind: a null name on the wire.
        case byDefault
        case named(String)

        /// `nil`: the default.
        package init(_ name: String?) { self = name.map(Name.named) ?? .byDefault }

        package var text: String? {
            switch self {
            case .byDefault: nil
            case .named(let name): name
            }
        }
    }

    /// The parts that an entity may have, as the protocol names them.
    package enum Part: String, CaseIterable, Sendable {
        case user = "user"
        case clientID = "client-id"
        case address = "ip"
    }

    /// Why an entity cannot be: the text of Kafka's INVALID_REQUEST.
    package struct Refusal: Error, Hashable, Sendable {
        package var message: String
    }

    /// A name has at most so many bytes: it is part of a key of the metadata.
    package static let nameBytesMax = 512

    package let user: Name?
    package let clientID: Name?
    /// As `NetworkAddress` writes it.
    package let address: Name?

    private init(user: Name?, clientID: Name?, address: Name?) {
        self.user = user
        self.clientID = clientID
        self.address = address
    }

    /// An entity of a user, of a client ID, or of both; at least one of them.
    package static func client(user: Name? = nil, clientID: Name? = nil) -> QuotaEntity {
        precondition(user != nil || clientID != nil, "an entity is of somebody")
        return QuotaEntity(user: user, clientID: clientID, address: nil)
    }

    package static func address(_ name: Name) -> QuotaEntity {
        QuotaEntity(user: nil, clientID: nil, address: name)
    }

    /// Checks what a client sends.
    ///
    /// - Parameter parts: type and name of each; a null name is the default.
    /// - Throws: what Kafka refuses too: nothing, something twice, something unknown, an address beside others.
    package init(_ parts: [(type: String, name: String?)]) throws(Refusal) {
        guard !parts.isEmpty else { throw Refusal(message: "Invalid empty client quota entity") }
        var names: [Part: Name] = [:]
        for (type, name) in parts {
            guard let part = Part(rawValue: type) else {
                throw Refusal(message: "Unhandled client quota entity type: \(type)")
            }
            guard names[part] == nil else {
                throw Refusal(message: "Invalid client quota entity, duplicate entity entry \(type)")
            }
            guard name != "" else { throw Refusal(message: "Empty \(type) not supported") }
            guard (name?.utf8.count ?? 0) <= Self.nameBytesMax else {
                throw Refusal(message: "The name of a \(type) has at most \(Self.nameBytesMax) bytes")
            }
            names[part] = Name(name)
        }
        guard let address = names[.address] else {
            self.init(user: names[.user], clientID: names[.clientID], address: nil)
            return
        }
        guard names.count == 1 else {
            throw Refusal(
                message: "Invalid quota entity combination, IP entity should not be combined with User or ClientId"
            )
        }
        guard let text = address.text else {
            self.init(user: nil, clientID: nil, address: .byDefault)
            return
        }
        guard let parsed = NetworkAddress(text) else {
            throw Refusal(message: "\(text) is not a valid IP or resolvable host.")
        }
        self.init(user: nil, clientID: nil, address: .named(parsed.description))
    }

    /// The parts it has, in the order of `Part`.
    package var parts: [(part: Part, name: Name)] {
        [(Part.user, self.user), (.clientID, self.clientID), (.address, self.address)].compactMap { part, name in
            name.map { (part, $0) }
        }
    }

    /// The quotas that can be set for it.
    package func allows(_ kind: QuotaKind) -> Bool { kind.isOfAddresses == (self.address != nil) }
}

extension QuotaEntity {
    /// As the metadata names it: each part as its letter and either `*` or the name's length in bytes, `:` and the
    /// name, for example `u5:alicec*`. No name needs escaping.
    package var key: String {
        self.parts.reduce(into: "") { key, part in
            key += part.part.letter
            switch part.name {
            case .byDefault: key += "*"
            case .named(let name): key += "\(name.utf8.count):\(name)"
            }
        }
    }

    /// Reads a `key`; `nil` for other texts.
    package init?(key: String) {
        var rest = Substring(key).utf8
        var parts: [(type: String, name: String?)] = []
        while let letter = rest.popFirst() {
            guard let part = Part.allCases.first(where: { $0.letter.utf8.first == letter }) else { return nil }
            if rest.first == UInt8(ascii: "*") {
                rest.removeFirst()
                parts.append((part.rawValue, nil))
                continue
            }
            guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), let count = Int(Substring(rest[..<colon])),
                count > 0, count <= Self.nameBytesMax
            else { return nil }
            let from = rest.index(after: colon)
            guard let end = rest.index(from, offsetBy: count, limitedBy: rest.endIndex),
                let name = String(rest[from..<end])
            else { return nil }
            parts.append((part.rawValue, name))
            rest = rest[end...]
        }
        try? self.init(parts)
    }
}

extension QuotaEntity.Part {
    fileprivate var letter: String {
        switch self {
        case .user: "u"
        case .clientID: "c"
        case .address: "i"
        }
    }
}
