/// Rules that need a whole message.
enum SchemaChecks {
    static func check(_ message: Message) throws {
        try Self.check(message.fields, of: message)
        for structure in message.structures { try Self.check(structure.fields, of: message) }
        for structure in message.structures {
            for version in structure.versions
            where Self.minimumSize(of: structure.fields, in: message, version: version) == 0 {
                throw SchemaError(
                    location: message.location,
                    message: "'\(structure.name)' takes no bytes in version \(version)"
                )
            }
        }
    }

    private static func check(_ fields: [Field], of message: Message) throws {
        var tags: Set<Int> = []
        for field in fields {
            func fail(_ text: String) -> SchemaError {
                SchemaError(location: field.location, message: "'\(field.name)' \(text)")
            }
            if case .structure(let name) = field.element, message.structure(name) == nil {
                throw fail("has the unknown type '\(name)'")
            }
            if field.nullable != nil, !field.isArray, case .scalar(let scalar) = field.element,
                !scalar.allowsNull
            {
                throw fail("cannot be null: it is a \(scalar.rawValue)")
            }
            if field.defaultText == "null", field.nullable == nil {
                throw fail("is null by default but cannot be null")
            }
            if let tag = field.tag {
                guard tags.insert(tag).inserted else { throw fail("repeats tag \(tag)") }
                guard intersection(message.flexible, field.versions) == field.versions else {
                    throw fail("is tagged in a version that is not flexible")
                }
                guard field.strongType != "RecordsParts" else { throw fail("cannot be tagged") }
            }
        }
    }

    /// The fewest bytes that a struct of these fields takes in a version.
    static func minimumSize(of fields: [Field], in message: Message, version: Int) -> Int {
        let flexible = message.flexible?.contains(version) ?? false
        var size = flexible ? 1 : 0
        for field in fields where field.tag == nil && field.versions.contains(version) {
            if field.isArray {
                size += flexible ? 1 : 4
                continue
            }
            switch field.element {
            case .scalar(let scalar): size += scalar.minimumSize(flexible: flexible)
            case .structure(let name):
                let isNullable = field.nullable?.contains(version) ?? false
                let inner = message.structure(name)?.fields ?? []
                size += isNullable ? 1 : Self.minimumSize(of: inner, in: message, version: version)
            }
        }
        return size
    }
}
