/// What has been released: every message, its versions, and every field with all that its bytes depend on.
///
/// A later schema may add versions, and tagged fields to flexible versions; nothing else.
struct ReleasedLock {
    /// One released field. `path` names the fields around it, joined by dots.
    struct Entry: Equatable {
        var path: String
        var type: String
        var versions: Versions
        var nullable: Versions?
        var tag: Int?
        var defaultText: String

        var line: String {
            let tag = self.tag.map { " tag \($0)" } ?? ""
            let nullable = self.nullable.map { " null \(describe($0))" } ?? ""
            return "  \(self.path) \(self.type) \(describe(self.versions))\(nullable)\(tag) = \(self.defaultText)"
        }
    }

    struct Released {
        var name: String
        var versions: Versions
        var flexible: Versions?
        var entries: [Entry]
    }

    private var messages: [Released] = []

    var text: String {
        var lines = ["# Released fields and versions; written by `scripts/generate-protocol --update-lock`."]
        for message in self.messages {
            let flexible = message.flexible.map { "\($0.lowerBound)+" } ?? "none"
            lines.append(
                "\(message.name) versions \(message.versions.lowerBound)-\(message.versions.upperBound) "
                    + "flexible \(flexible)"
            )
            lines += message.entries.map(\.line)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    init(_ files: [SchemaFile]) {
        for message in files.flatMap(\.messages) {
            var entries: [Entry] = []
            Self.collect(message.fields, prefix: "", of: message, depth: 0, into: &entries)
            self.messages.append(
                Released(
                    name: message.name,
                    versions: message.versions,
                    flexible: message.flexible,
                    entries: entries
                )
            )
        }
    }

    private static func collect(
        _ fields: [Field],
        prefix: String,
        of message: Message,
        depth: Int,
        into entries: inout [Entry]
    ) {
        for field in fields {
            let path = prefix + field.name
            var type = field.typeText
            if case .structure = field.element { type = field.isArray ? "[struct]" : "struct" }
            entries.append(
                Entry(
                    path: path,
                    type: type,
                    versions: field.versions,
                    nullable: field.nullable,
                    tag: field.tag,
                    defaultText: field.defaultText ?? "-"
                )
            )
            // A struct may hold itself through an array; its fields are listed once.
            guard case .structure(let name) = field.element, depth < 8,
                let structure = message.structure(name)
            else { continue }
            Self.collect(structure.fields, prefix: path + ".", of: message, depth: depth + 1, into: &entries)
        }
    }

    init(text source: String, path: String) throws {
        for (index, line) in source.split(separator: "\n").enumerated() where !line.hasPrefix("#") {
            let words = line.split(separator: " ").map(String.init)
            let failure = SchemaError(
                location: Location(file: path, line: index + 1),
                message: "malformed line"
            )
            if line.hasPrefix("  ") {
                guard !self.messages.isEmpty, let entry = Self.entry(words) else { throw failure }
                self.messages[self.messages.count - 1].entries.append(entry)
            } else {
                guard words.count == 5, let versions = SchemaParser.versions(words[2]) else { throw failure }
                let flexible = SchemaParser.versions(words[4])
                self.messages.append(
                    Released(
                        name: words[0],
                        versions: versions,
                        flexible: intersection(versions, flexible),
                        entries: []
                    )
                )
            }
        }
    }

    private static func entry(_ words: [String]) -> Entry? {
        guard words.count >= 5, let versions = SchemaParser.versions(words[2]) else { return nil }
        var entry = Entry(path: words[0], type: words[1], versions: versions, defaultText: "-")
        var rest = words.dropFirst(3)
        while let word = rest.popFirst(), let value = rest.popFirst() {
            switch word {
            case "null": entry.nullable = SchemaParser.versions(value)
            case "tag": entry.tag = Int(value)
            case "=": entry.defaultText = value
            default: return nil
            }
        }
        return entry
    }

    /// What `current` changes of the released messages.
    func violations(in current: ReleasedLock) -> [String] {
        self.messages.flatMap { released -> [String] in
            guard let message = current.messages.first(where: { $0.name == released.name }) else {
                return ["\(released.name) is gone"]
            }
            return Self.violations(of: released, in: message)
        }
    }

    private static func violations(of released: Released, in message: Released) -> [String] {
        let range = released.versions
        var result: [String] = []
        if intersection(message.versions, range) != range {
            result.append("\(released.name) no longer has versions \(describe(range))")
        }
        if intersection(message.flexible, range) != released.flexible {
            result.append("\(released.name) changes which versions are flexible")
        }
        for old in released.entries {
            guard let new = message.entries.first(where: { $0.path == old.path }) else {
                result.append("\(released.name).\(old.path) is gone")
                continue
            }
            var expected = new
            expected.versions = intersection(new.versions, range) ?? new.versions
            expected.nullable = intersection(new.nullable, range)
            if expected != old {
                result.append("\(released.name).\(old.path) changes:\(old.line) →\(expected.line)")
            }
        }
        let known = Set(released.entries.map(\.path))
        for new in message.entries where !known.contains(new.path) && new.tag == nil {
            let parent = new.path.split(separator: ".").dropLast().joined(separator: ".")
            // A field of a new tagged struct belongs to that struct.
            if !parent.isEmpty, !known.contains(parent) { continue }
            if intersection(new.versions, range) != nil {
                result.append("\(released.name).\(new.path) is new in a released version")
            }
        }
        let order = message.entries.filter { known.contains($0.path) && $0.tag == nil }.map(\.path)
        if order != released.entries.filter({ $0.tag == nil }).map(\.path), result.isEmpty {
            result.append("\(released.name) changes the order of its fields")
        }
        return result
    }
}
