import Foundation

/// Compares the tables with Kafka's own message definitions, field by field in wire order.
///
/// Names are ours and not compared; everything that decides the bytes is.
struct KafkaComparison {
    private typealias Object = [String: Any]

    let directory: String

    func compare(_ files: [SchemaFile]) throws {
        var differences: [String] = []
        var compared = 0
        for file in files {
            for message in file.messages {
                for name in try self.definitions(of: message) {
                    guard let definition = try self.definition(name) else {
                        differences.append("\(message.name): \(name).json is missing")
                        continue
                    }
                    compared += 1
                    differences += try self.compare(message, with: definition, file: file, name: name)
                }
            }
        }
        guard differences.isEmpty else { throw Failure(lines: differences) }
        print("\(compared) messages agree")
    }

    /// The definitions that a message stands for. Version 0 and 1 of the offset key have one each in Kafka.
    private func definitions(of message: Message) throws -> [String] {
        message.name == "OffsetCommitKey" ? ["OffsetCommitKey", "LegacyOffsetCommitKey"] : [message.name]
    }

    private func definition(_ name: String) throws -> Object? {
        let path = "\(self.directory)/\(name).json"
        guard let source = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false).filter {
            !$0.drop { $0 == " " }.hasPrefix("//")
        }
        let data = Data(lines.joined(separator: "\n").utf8)
        return try JSONSerialization.jsonObject(with: data) as? Object
    }

    private func compare(
        _ message: Message,
        with definition: Object,
        file: SchemaFile,
        name: String
    ) throws -> [String] {
        var differences: [String] = []
        var versions = Self.versions(definition["validVersions"]) ?? message.versions
        let isKey = definition["type"] as? String == "coordinator-key"
        if isKey {
            // A key's version is the number of its record type; the definition itself has version 0.
            let type = definition["apiKey"] as? Int ?? -1
            if !message.versions.contains(type) { differences.append("\(message.name): type \(type)") }
        } else {
            let request = try self.definition("\(file.apiName ?? "")Request")
            if request?["latestVersionUnstable"] as? Bool == true {
                versions = versions.lowerBound...(versions.upperBound - 1)
            }
            if versions != message.versions {
                differences.append(
                    "\(message.name): versions \(describe(message.versions)), Kafka \(describe(versions))"
                )
            }
            if let key = file.apiKey, definition["apiKey"] as? Int != key {
                differences.append("\(message.name): API key \(key)")
            }
        }
        let flexible = intersection(Self.versions(definition["flexibleVersions"]), versions)
        if !isKey, flexible != message.flexible {
            differences.append("\(message.name): flexible \(describe(message.flexible)), Kafka \(describe(flexible))")
        }
        let common = (definition["commonStructs"] as? [Object] ?? []).reduce(into: [String: [Object]]()) {
            $0[$1["name"] as? String ?? ""] = $1["fields"] as? [Object] ?? []
        }
        let scope = Scope(message: message, common: common, versionless: isKey)
        differences += Self.compare(
            message.fields,
            with: definition["fields"] as? [Object] ?? [],
            within: message.versions,
            path: name,
            scope: scope
        )
        return differences
    }

    private struct Scope {
        var message: Message
        var common: [String: [Object]]
        /// The definition's versions say nothing about ours.
        var versionless: Bool
    }

    private static func compare(
        _ fields: [Field],
        with objects: [Object],
        within outer: Versions,
        path: String,
        scope: Scope
    ) -> [String] {
        let theirs = objects.filter {
            scope.versionless || intersection(Self.versions($0["versions"]), outer) != nil
        }
        var differences: [String] = []
        if fields.count != theirs.count {
            differences.append("\(path): \(fields.count) fields, Kafka \(theirs.count)")
        }
        for (field, object) in zip(fields, theirs) {
            let name = "\(path).\(field.name) (\(object["name"] as? String ?? "?"))"
            for difference in Self.compare(field, with: object, within: outer, scope: scope) {
                differences.append("\(name): \(difference)")
            }
            guard case .structure(let structure) = field.element else { continue }
            let typeName = (object["type"] as? String ?? "").drop { $0 == "[" || $0 == "]" }
            let inner = object["fields"] as? [Object] ?? scope.common[String(typeName)] ?? []
            differences += Self.compare(
                scope.message.structure(structure)?.fields ?? [],
                with: inner,
                within: field.versions,
                path: "\(path).\(field.name)",
                scope: scope
            )
        }
        return differences
    }

    private static func compare(
        _ field: Field,
        with object: Object,
        within outer: Versions,
        scope: Scope
    ) -> [String] {
        var differences: [String] = []
        func expect(_ what: String, _ ours: String, _ theirs: String) {
            if ours != theirs { differences.append("\(what) \(ours), Kafka \(theirs)") }
        }
        let theirType = object["type"] as? String ?? "?"
        let isArray = theirType.hasPrefix("[]")
        let element = isArray ? String(theirType.dropFirst(2)) : theirType
        let isStructure = ScalarType(rawValue: element) == nil
        if case .structure = field.element {
            expect(
                "type",
                field.isArray ? "[]struct" : "struct",
                (isArray ? "[]" : "") + (isStructure ? "struct" : element)
            )
        } else {
            expect("type", field.typeText, isArray ? "[\(element)]" : element)
        }
        guard !scope.versionless else { return differences }
        let versions = intersection(Self.versions(object["versions"]), outer)
        expect("versions", describe(field.versions), describe(versions))
        let nullable = intersection(Self.versions(object["nullableVersions"]), versions)
        expect("nullable", describe(field.nullable), describe(nullable))
        expect("tag", field.tag.map(String.init) ?? "none", (object["tag"] as? Int).map(String.init) ?? "none")
        if field.tag != nil {
            let tagged = intersection(Self.versions(object["taggedVersions"]), outer)
            expect("tagged in", describe(field.versions), describe(tagged))
        }
        expect("ignorable", "\(field.ignorable)", "\(object["ignorable"] as? Bool ?? false)")
        // The default of an untagged field that can be null never reaches the wire; ours may differ.
        if field.tag != nil || field.nullable == nil {
            expect("default", Self.plain(field.defaultText), Self.plain(object["default"]))
        }
        return differences
    }

    /// A default in a form that does not depend on how it is written.
    private static func plain(_ value: Any?) -> String {
        guard let value else { return "" }
        let written = "\(value)".replacing("\"", with: "")
        if written == "false" || written == "0" { return "" }
        return SwiftNames.integer(written).map { $0 == 0 ? "" : String($0) } ?? written
    }

    private static func versions(_ value: Any?) -> Versions? {
        (value as? String).flatMap(SchemaParser.versions)
    }
}
