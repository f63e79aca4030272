/// Reads the notation of `Schemas/README.md`: a header line, sections, and one field a line.
struct SchemaParser {
    private struct Line {
        var indent: Int
        var words: [String]
        var comment: String?
        var location: Location
    }

    private let path: String
    private var lines: [Line] = []
    private var position = 0

    static func parse(_ source: String, path: String) throws -> SchemaFile {
        var parser = SchemaParser(path: path)
        try parser.split(source)
        return try parser.parseFile()
    }

    private init(path: String) { self.path = path }

    // MARK: - Lines

    private mutating func split(_ source: String) throws {
        for (index, raw) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let location = Location(file: self.path, line: index + 1)
            guard !raw.contains("\t") else {
                throw SchemaError(location: location, message: "tab; indent with two spaces")
            }
            let parts = raw.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let code = parts[0]
            let words = code.split(separator: " ").map(String.init)
            guard !words.isEmpty else { continue }
            let spaces = code.prefix { $0 == " " }.count
            guard spaces.isMultiple(of: 2) else {
                throw SchemaError(location: location, message: "indent by a multiple of two spaces")
            }
            let comment = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : nil
            self.lines.append(Line(indent: spaces / 2, words: words, comment: comment, location: location))
        }
    }

    private var current: Line? { self.position < self.lines.count ? self.lines[self.position] : nil }

    // MARK: - File

    private mutating func parseFile() throws -> SchemaFile {
        guard let first = self.current else {
            throw SchemaError(location: Location(file: self.path, line: 1), message: "empty file")
        }
        switch first.words.first {
        case "api": return try self.parseAPI()
        case "record": return try self.parseRecords()
        default: throw SchemaError(location: first.location, message: "expected 'api' or 'record'")
        }
    }

    private mutating func parseAPI() throws -> SchemaFile {
        guard let header = self.current, header.words.count >= 3, let key = Int(header.words[1]) else {
            throw self.failure("expected 'api KEY NAME versions A-B flexible C+'")
        }
        let name = header.words[2]
        let (versions, flexible) = try self.parseVersions(header.words.dropFirst(3), header.location)
        self.position += 1
        var messages: [Message] = []
        while let line = self.current {
            let kind: MessageKind
            switch line.words {
            case ["request"]: kind = .request
            case ["response"]: kind = .response
            default: throw self.failure("expected 'request' or 'response'")
            }
            guard line.indent == 0, !messages.contains(where: { $0.kind == kind }) else {
                throw self.failure("'\(line.words[0])' is indented or repeated")
            }
            self.position += 1
            messages.append(
                try self.parseMessage(
                    kind: kind,
                    name: name + (kind == .request ? "Request" : "Response"),
                    versions: versions,
                    flexible: flexible,
                    comment: header.comment,
                    location: line.location
                )
            )
        }
        guard messages.count == 2 else {
            throw SchemaError(location: header.location, message: "an API needs a request and a response")
        }
        return SchemaFile(path: self.path, apiKey: key, apiName: name, messages: messages)
    }

    private mutating func parseRecords() throws -> SchemaFile {
        var messages: [Message] = []
        while let line = self.current {
            guard line.indent == 0, line.words.count >= 2, line.words[0] == "record" else {
                throw self.failure("expected 'record NAME versions A-B flexible C+'")
            }
            let (versions, flexible) = try self.parseVersions(line.words.dropFirst(2), line.location)
            self.position += 1
            messages.append(
                try self.parseMessage(
                    kind: .record,
                    name: line.words[1],
                    versions: versions,
                    flexible: flexible,
                    comment: line.comment,
                    location: line.location
                )
            )
        }
        return SchemaFile(path: self.path, apiKey: nil, apiName: nil, messages: messages)
    }

    private func parseVersions(
        _ words: ArraySlice<String>,
        _ location: Location
    ) throws -> (Versions, Versions?) {
        let words = Array(words)
        guard words.count == 4, words[0] == "versions", words[2] == "flexible",
            let versions = Self.versions(words[1]), versions.upperBound < openEnd
        else { throw SchemaError(location: location, message: "expected 'versions A-B flexible C+|none'") }
        if words[3] == "none" { return (versions, nil) }
        guard let flexible = Self.versions(words[3]), flexible.upperBound == openEnd else {
            throw SchemaError(location: location, message: "'flexible' takes 'C+' or 'none'")
        }
        return (versions, intersection(versions, flexible))
    }

    // MARK: - Messages

    private mutating func parseMessage(
        kind: MessageKind,
        name: String,
        versions: Versions,
        flexible: Versions?,
        comment: String?,
        location: Location
    ) throws -> Message {
        var message = Message(
            kind: kind,
            name: name,
            versions: versions,
            flexible: flexible,
            fields: [],
            structures: [],
            comment: comment,
            location: location
        )
        message.fields = try self.parseFields(indent: 1, versions: versions, message: &message)
        while let line = self.current, line.indent == 0, line.words.first == "struct" {
            guard line.words.count == 2 else { throw self.failure("expected 'struct NAME'") }
            self.position += 1
            let fields = try self.parseFields(indent: 1, versions: versions, message: &message)
            try self.add(
                Structure(name: line.words[1], fields: fields, versions: versions),
                to: &message,
                line.location
            )
        }
        try SchemaChecks.check(message)
        return message
    }

    private mutating func parseFields(
        indent: Int,
        versions: Versions,
        message: inout Message
    ) throws -> [Field] {
        var fields: [Field] = []
        while let line = self.current, line.indent >= indent {
            guard line.indent == indent else { throw self.failure("indented too far") }
            let field = try self.parseField(line, within: versions)
            guard !fields.contains(where: { $0.name == field.name }) else {
                throw self.failure("'\(field.name)' is declared twice")
            }
            self.position += 1
            fields.append(field)
            guard let next = self.current, next.indent > indent else { continue }
            guard case .structure(let name) = field.element else {
                throw self.failure("'\(field.name)' is not a struct and cannot have fields")
            }
            let slot = message.structures.count
            let inner = try self.parseFields(indent: indent + 1, versions: field.versions, message: &message)
            try self.add(
                Structure(name: name, fields: inner, versions: field.versions),
                to: &message,
                at: slot,
                line.location
            )
        }
        return fields
    }

    private func add(
        _ structure: Structure,
        to message: inout Message,
        at slot: Int? = nil,
        _ location: Location
    ) throws {
        guard message.structure(structure.name) == nil else {
            throw SchemaError(location: location, message: "struct '\(structure.name)' is declared twice")
        }
        message.structures.insert(structure, at: slot ?? message.structures.count)
    }

    // MARK: - Fields

    private func parseField(_ line: Line, within outer: Versions) throws -> Field {
        guard line.words.count >= 2 else { throw self.failure("expected a name and a type") }
        let (typeText, nullText) = Self.splitType(line.words[1])
        let isArray = typeText.hasPrefix("[")
        let elementText = isArray ? String(typeText.dropFirst().dropLast()) : typeText
        guard !isArray || typeText.hasSuffix("]"), let initial = elementText.first else {
            throw self.failure("type '\(line.words[1])' is malformed")
        }
        let element: ElementType
        if let scalar = ScalarType(rawValue: elementText) {
            element = .scalar(scalar)
        } else if initial.isUppercase {
            element = .structure(elementText)
        } else {
            throw self.failure("type '\(elementText)' is unknown")
        }
        var field = Field(
            name: line.words[0],
            element: element,
            isArray: isArray,
            versions: outer,
            nullable: nil,
            tag: nil,
            defaultText: nil,
            strongType: nil,
            ignorable: false,
            comment: line.comment,
            location: line.location
        )
        var rest = line.words.dropFirst(2)
        if let word = rest.first, let declared = Self.versions(word) {
            guard let effective = intersection(declared, outer) else {
                throw self.failure("'\(field.name)' exists in no version of what is around it")
            }
            field.versions = effective
            rest = rest.dropFirst()
        }
        if let nullText {
            guard let declared = nullText.isEmpty ? field.versions : Self.versions(nullText),
                let nullable = intersection(declared, field.versions)
            else { throw self.failure("'?\(nullText)' lies outside the field's versions") }
            field.nullable = nullable
        }
        try self.parseAttributes(rest, of: &field)
        return field
    }

    private func parseAttributes(_ words: ArraySlice<String>, of field: inout Field) throws {
        var rest = words
        while let word = rest.popFirst() {
            switch word {
            case "ignorable": field.ignorable = true
            case "=", "as", "tag":
                guard let value = rest.popFirst() else { throw self.failure("'\(word)' needs a value") }
                if word == "=" {
                    field.defaultText = value
                } else if word == "as" {
                    field.strongType = value
                } else {
                    guard let tag = Int(value), tag >= 0 else { throw self.failure("tag '\(value)'") }
                    field.tag = tag
                }
            default: throw self.failure("unknown attribute '\(word)'")
            }
        }
    }

    private static func splitType(_ word: String) -> (type: String, nullable: String?) {
        guard let mark = word.firstIndex(of: "?") else { return (word, nil) }
        return (String(word[..<mark]), String(word[word.index(after: mark)...]))
    }

    /// Reads `3`, `3+` or `0-12`.
    static func versions(_ word: String) -> Versions? {
        if word.hasSuffix("+") {
            guard let low = Int(word.dropLast()), low >= 0 else { return nil }
            return low...openEnd
        }
        let parts = word.split(separator: "-", omittingEmptySubsequences: false)
        guard let low = Int(parts[0]), low >= 0 else { return nil }
        guard parts.count == 2 else { return parts.count == 1 ? low...low : nil }
        guard let high = Int(parts[1]), high >= low else { return nil }
        return low...high
    }

    private func failure(_ message: String) -> SchemaError {
        let line = self.current ?? self.lines.last
        return SchemaError(
            location: line?.location ?? Location(file: self.path, line: 1),
            message: message
        )
    }
}
