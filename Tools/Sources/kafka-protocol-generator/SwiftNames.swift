/// How fields and defaults are spelled in Swift.
enum SwiftNames {
    private static let keywords: Set<String> = [
        "protocol", "default", "operator", "in", "is", "as", "internal", "self", "repeat", "where", "case", "extension",
    ]

    static func property(_ name: String) -> String {
        Self.keywords.contains(name) ? "`\(name)`" : name
    }

    /// The type of one element.
    static func element(_ field: Field) -> String {
        if let strong = field.strongType { return strong }
        switch field.element {
        case .scalar(let scalar): return scalar.swiftName
        case .structure(let name): return name
        }
    }

    /// The type of the property.
    static func type(_ field: Field) -> String {
        let element = Self.element(field)
        return (field.isArray ? "[\(element)]" : element) + (field.nullable == nil ? "" : "?")
    }

    static func defaultValue(_ field: Field) throws -> String {
        if field.defaultText == "null" { return "nil" }
        if field.isArray { return "[]" }
        switch field.element {
        case .structure(let name): return "\(name)()"
        case .scalar(let scalar):
            let raw = try Self.rawDefault(field, scalar)
            guard let strong = field.strongType else { return raw }
            return strong == "RecordsParts" ? "RecordsParts()" : "\(strong)(rawValue: \(raw))"
        }
    }

    private static func rawDefault(_ field: Field, _ scalar: ScalarType) throws -> String {
        switch scalar {
        case .bool:
            let text = field.defaultText ?? "false"
            guard text == "true" || text == "false" else { throw Self.badDefault(field) }
            return text
        case .uuid:
            guard field.defaultText == nil else { throw Self.badDefault(field) }
            return ".zero"
        case .bytes, .records:
            guard field.defaultText == nil else { throw Self.badDefault(field) }
            return "ByteBuffer()"
        case .string:
            let text = field.defaultText ?? "\"\""
            guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else {
                throw Self.badDefault(field)
            }
            return text
        case .float64:
            guard Double(field.defaultText ?? "0") != nil else { throw Self.badDefault(field) }
            return field.defaultText ?? "0"
        case .int8, .int16, .int32, .int64, .uint16, .uint32:
            guard let number = Self.integer(field.defaultText ?? "0") else { throw Self.badDefault(field) }
            return String(number)
        }
    }

    static func integer(_ text: String) -> Int64? {
        text.hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16) : Int64(text)
    }

    private static func badDefault(_ field: Field) -> SchemaError {
        SchemaError(
            location: field.location,
            message: "'\(field.defaultText ?? "")' is not a default for a \(field.typeText)"
        )
    }

    /// A condition on `version` that holds in `versions`, given that it lies in `outer`; `nil` when it always holds.
    static func condition(_ versions: Versions, within outer: Versions) -> String? {
        let startsLater = versions.lowerBound > outer.lowerBound
        let endsEarlier = versions.upperBound < outer.upperBound
        switch (startsLater, endsEarlier) {
        case (false, false): return nil
        case (true, false): return "version >= \(versions.lowerBound)"
        case (false, true): return "version <= \(versions.upperBound)"
        case (true, true):
            return versions.count == 1
                ? "version == \(versions.lowerBound)"
                : "(\(versions.lowerBound)...\(versions.upperBound)).contains(version)"
        }
    }
}
