internal import Model

/// Which entities a DescribeClientQuotas asks for.
package struct QuotaFilter: Hashable, Sendable {
    package enum Match: Hashable, Sendable {
        case name(QuotaEntity.Name)
        /// Any name, and the default.
        case any
    }

    /// Why a filter cannot be: the text of the error.
    package enum Refusal: Error, Hashable, Sendable {
        /// Kafka's INVALID_REQUEST.
        case invalid(String)
        /// Kafka's UNSUPPORTED_VERSION.
        case unsupported(String)
    }

    private var matches: [QuotaEntity.Part: Match] = [:]
    /// Entities with other parts than those asked for do not match.
    private let isStrict: Bool

    /// Checks what a client sends.
    ///
    /// - Parameter components: entity type, match type and name of each.
    package init(
        _ components: [(type: String, matchType: Int8, match: String?)],
        isStrict: Bool
    ) throws(Refusal) {
        self.isStrict = isStrict
        for (type, matchType, match) in components {
            guard !type.isEmpty else { throw .invalid("Invalid empty entity type.") }
            guard let part = QuotaEntity.Part(rawValue: type) else {
                throw .unsupported("Unsupported entity type \(type)")
            }
            guard self.matches[part] == nil else {
                throw .invalid("Entity type \(type) cannot appear more than once in the filter.")
            }
            self.matches[part] = try Self.match(part, matchType, match)
        }
        guard self.matches[.address] == nil || self.matches.count == 1 else {
            throw .invalid(
                "Invalid entity filter component combination. IP filter component should not be used with "
                    + "user or clientId filter component."
            )
        }
    }

    private static func match(_ part: QuotaEntity.Part, _ type: Int8, _ name: String?) throws(Refusal) -> Match {
        let typeName: String
        switch type {
        case 0:
            guard let name else {
                throw .invalid("Request specified MATCH_TYPE_EXACT, but set match string to null.")
            }
            // As entities write addresses.
            let isAddress = part == .address
            return .name(.named(isAddress ? NetworkAddress(name)?.description ?? name : name))
        case 1:
            if name == nil { return .name(.byDefault) }
            typeName = "MATCH_TYPE_DEFAULT"
        case 2:
            if name == nil { return .any }
            typeName = "MATCH_TYPE_SPECIFIED"
        default: throw .invalid("Unknown match type \(type)")
        }
        throw .invalid("Request specified \(typeName), but also specified a match string.")
    }

    package func matches(_ entity: QuotaEntity) -> Bool {
        let parts = entity.parts
        if self.isStrict, parts.count != self.matches.count { return false }
        return self.matches.allSatisfy { part, match in
            guard let name = parts.first(where: { $0.part == part })?.name else { return false }
            switch match {
            case .any: return true
            case .name(let wanted): return wanted == name
            }
        }
    }
}
