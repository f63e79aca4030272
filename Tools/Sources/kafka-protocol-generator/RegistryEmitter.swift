/// Writes the list of the APIs that have schemas.
enum RegistryEmitter {
    static func emit(_ files: [SchemaFile]) -> String {
        var output = SourceText()
        output.line("// Generated from Schemas/kafka; do not edit.")
        output.line("")
        output.line("/// What the schemas say of one API.")
        output.block("package struct APIDescription: Sendable, Equatable") { output in
            output.line("package var key: APIKey")
            output.line("package var name: String")
            output.line("/// The versions that can be decoded; what a server advertises may be narrower.")
            output.line("package var versions: ClosedRange<Int16>")
            output.line("/// `nil` when no version is flexible.")
            output.line("package var firstFlexibleVersion: Int16?")
        }
        output.line("")
        output.line("/// The APIs that have schemas.")
        output.block("package enum GeneratedAPIs") { output in
            output.line("/// In the order of their keys.")
            output.line("package static let all: [APIDescription] = [")
            for file in files {
                guard let key = file.apiKey, let name = file.apiName, let message = file.messages.first
                else { continue }
                let first = message.flexible.map { "\($0.lowerBound)" } ?? "nil"
                output.line("    APIDescription(")
                output.line("        key: APIKey(rawValue: \(key)),")
                output.line("        name: \"\(name)\",")
                output.line(
                    "        versions: \(message.versions.lowerBound)...\(message.versions.upperBound),"
                )
                output.line("        firstFlexibleVersion: \(first)")
                output.line("    ),")
            }
            output.line("]")
            output.line("")
            output.line("/// `nil` for an API without a schema.")
            output.block("package static func description(of key: APIKey) -> APIDescription?") { output in
                output.line("let index = Int(key.rawValue)")
                output.line("return Self.byKey.indices.contains(index) ? Self.byKey[index] : nil")
            }
            output.line("")
            output.block("private static let byKey: [APIDescription?] =") { output in
                output.line("let size = (Self.all.map { Int($0.key.rawValue) }.max() ?? -1) + 1")
                output.line("var table = [APIDescription?](repeating: nil, count: size)")
                output.line("for api in Self.all { table[Int(api.key.rawValue)] = api }")
                output.line("return table")
            }
        }
        // A constant made by a closure ends with a call.
        return output.text.replacing("        return table\n    }\n", with: "        return table\n    }()\n")
    }
}
