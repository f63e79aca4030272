import Foundation
import Glibc
import Testing

/// Turns of phrase that make a reader stop, and names that do not say what a thing does. Each failure names file, line
/// and what to write instead.
@Suite struct WordsTests {
    /// A pattern, and what to write instead. The patterns are written so that they do not match themselves.
    // SAFETY: a regex is not changed after it was made.
    struct Rule: @unchecked Sendable {
        let pattern: Regex<AnyRegexOutput>?
        /// Part of everything that the pattern matches; a line is looked at closely only when it has it.
        let key: String
        let instead: String
        /// Plain uses of the same words.
        let exceptions: [String]

        init(key: String, pattern: String, instead: String, exceptions: [String] = []) {
            self.key = key
            self.pattern = try? Regex(pattern)
            self.instead = instead
            self.exceptions = exceptions
        }
    }

    static let phrases = [
        Rule(
            key: "is no",
            pattern: #"\bis n(o|one)\b"#,
            instead: "say what it is not: 'is not a …'",
            // That something does not exist, or ended, is said plainly.
            exceptions: ["there is no", "there is none", "is no longer"]
        ),
        Rule(key: "told o", pattern: #"\btold [o]f\b"#, instead: "name the call: 'is called when …'"),
        Rule(
            key: "ever",
            pattern: #"\b[Ww]h(o|at)ever\b"#,
            instead: "name who or what it is: 'every', 'any', 'the caller'"
        ),
        Rule(
            key: " on",
            pattern: #"\b([Gg]o|[Gg]oes|[Gg]oing|went) [o]n\b"#,
            instead: "'continues', 'resumes' or 'proceeds'"
        ),
        Rule(key: "but f", pattern: #"\bbut [f]or\b"#, instead: "'except'"),
        Rule(key: "anew", pattern: #"\b[a]new\b"#, instead: "'again'"),
    ]

    static let names = [
        Rule(key: "goOn", pattern: #"\bgo[O]n\b"#, instead: "'advance' or 'resume'"),
        Rule(key: "takeBack", pattern: #"\btake[B]ack\b"#, instead: "'rollBack…'"),
        Rule(key: "giveBack", pattern: #"\bgive[B]ack\b"#, instead: "'release'"),
        Rule(key: " show", pattern: #"\b(func|case) show\w*\b"#, instead: "'publish…' or what it shows to whom"),
        Rule(key: " handed", pattern: #"\b(var|let|func|case) handed\w*\b"#, instead: "what was done with it"),
        Rule(key: "ShownR", pattern: #"\bShown[R]ecord\b"#, instead: "what it holds"),
        Rule(key: " Keep", pattern: #"\b(struct|enum|class|actor) Keep[i]ng\b"#, instead: "what it holds"),
    ]

    /// What a line breaks of the rules.
    static func objection(to line: String, _ rules: [Rule]) throws -> String? {
        for rule in rules where Self.contains(line, rule.key) {
            let pattern = try #require(rule.pattern)
            var text = line
            for exception in rule.exceptions {
                text = text.replacingOccurrences(of: exception, with: "", options: .caseInsensitive)
            }
            if let match = text.firstMatch(of: pattern) {
                return "'\(text[match.range])': write \(rule.instead)"
            }
        }
        return nil
    }

    private static func contains(_ line: String, _ key: String) -> Bool { strstr(line, key) != nil }

    @Test(
        arguments: [
            ("what is " + "no batch", true), ("there is no batch", false), ("It is no longer open", false),
            ("the marker is " + "none", true), ("`nil` when there is none", false), ("told " + "of it", true),
            ("who" + "ever it is", true), ("What" + "ever comes", true), ("it goes " + "on", true),
            ("all but " + "for one", true), ("made a" + "new", true), ("a renewed lease", false),
            ("not only but forty", false),
        ]
    )
    func `the rules find what they are for`(line: String, isBreach: Bool) throws {
        #expect((try Self.objection(to: line, Self.phrases) != nil) == isBreach)
    }

    @Test func `comments, messages and names are plain`() throws {
        let tree = try SourceTree()
        for file in tree.files where !file.path.hasPrefix("Tests/TidyTests/") && !file.isGenerated {
            for (index, line) in file.lines.enumerated() {
                var objection = try Self.objection(to: line, Self.phrases)
                if objection == nil, try Self.objection(to: line, Self.names) != nil {
                    // Names are those of the code, not of what comments cite.
                    objection = try Self.objection(to: line.components(separatedBy: "//")[0], Self.names)
                }
                if let objection { Issue.record("\(Breach(path: file.path, line: index + 1, rule: objection))") }
            }
        }
    }

    @Test func `documents and scripts are plain`() throws {
        let tree = try SourceTree()
        for (path, lines) in try Self.texts(below: tree.root) {
            for (index, line) in lines.enumerated() {
                guard let objection = try Self.objection(to: line, Self.phrases) else { continue }
                Issue.record("\(Breach(path: path, line: index + 1, rule: objection))")
            }
        }
    }

    /// Documents, and the Python of tests and benchmarks.
    private static func texts(below root: URL) throws -> [(path: String, lines: [String])] {
        var urls = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map { root.appendingPathComponent($0) }
        for top in ["docs", "Tests/Interop", "Benchmarks"] {
            let paths = FileManager.default.enumerator(
                at: root.appendingPathComponent(top),
                includingPropertiesForKeys: nil
            )
            for case let url as URL in try #require(paths)
            where ["md", "py"].contains(url.pathExtension) && !url.pathComponents.contains(".build") {
                urls.append(url)
            }
        }
        return try urls.sorted { $0.path < $1.path }.map { url in
            let text = try String(contentsOf: url, encoding: .utf8)
            return (
                String(url.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count + 1)),
                text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            )
        }
    }
}
