import Foundation
import Testing

/// House rules that a compiler does not check. Each failure names file, line and rule.
@Suite struct TidyTests {
    private let tree: SourceTree

    init() throws {
        tree = try SourceTree()
    }

    private func report(_ breaches: [Breach]) {
        for breach in breaches { Issue.record("\(breach)") }
    }

    /// Every breach of a rule that looks at one line of a file.
    private func breaches(
        in files: [SourceTree.File],
        _ rule: (_ file: SourceTree.File, _ index: Int, _ line: String) -> String?
    ) -> [Breach] {
        files.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                rule(file, index, line).map { Breach(path: file.path, line: index + 1, rule: $0) }
            }
        }
    }

    @Test func `the source tree is found`() {
        #expect(tree.files.contains { $0.path == "Sources/Model/Identifiers.swift" })
    }

    @Test func `imports keep to the table`() {
        report(
            breaches(in: tree.files) { file, _, line in
                guard let target = file.target, let module = ImportTable.importedModule(line) else { return nil }
                return ImportTable.objection(to: module, in: target)
            }
        )
    }

    @Test func `cores and codecs use NIOCore for its byte buffer only`() throws {
        let foreign = try Regex(
            #"\b(Channel|ChannelHandler|ChannelHandlerContext|EventLoop|EventLoopFuture|EventLoopPromise|NIOAny"#
                + #"|ChannelPipeline|EventLoopGroup|NIODeadline|SocketAddress|NIOLoopBound|RepeatedTask|Scheduled)\b"#
        )
        let files = tree.files.filter { ImportTable.cores.contains($0.target ?? "") && !$0.isGenerated }
        report(
            breaches(in: files) { file, _, line in
                let code = line.components(separatedBy: "//")[0]
                guard file.lines.contains(where: { ImportTable.importedModule($0) == "NIOCore" }) else { return nil }
                return code.firstMatch(of: foreign).flatMap { match in
                    let name = code[match.range]
                    if name == "EventLoop", ImportTable.namesEventLoops.contains(file.path) { return nil }
                    return "a core may not use NIOCore's \(name)"
                }
            }
        )
    }

    /// Swift 6.3 calls a function that is `@inlinable package` across modules, and looks a generic one's types up at
    /// run time; a `public` one is inlined and specialized.
    @Test func `what may be inlined in other modules is public`() {
        report(
            breaches(in: tree.files) { file, index, line in
                guard line.contains("@inlinable") else { return nil }
                let declaration = file.lines[index...].prefix(4).first { line in
                    ["func ", "var ", "init", "subscript"].contains { line.contains($0) }
                }
                guard declaration?.contains("package ") == true else { return nil }
                return "@inlinable package is not inlined in other modules: make it public"
            }
        )
    }

    @Test func `cores know no clock, random source or task`() throws {
        let forbidden = try Regex(
            #"\b(ContinuousClock|SuspendingClock|SystemRandomNumberGenerator|Task\.sleep|Task \{|Task\.detached)"#
                + #"|\.random\(|\b(Date|NIODeadline)\.now|\bDate\(\)|\.randomElement\(\)|\.shuffled\(\)"#
        )
        let files = tree.files.filter { ImportTable.cores.contains($0.target ?? "") }
        report(
            breaches(in: files) { _, _, line in
                let code = line.components(separatedBy: "//")[0]
                return code.firstMatch(of: forbidden).map { "a core takes this as an argument: \(code[$0.range])" }
            }
        )
    }

    @Test func `files stay within 600 lines and lines within 120 columns`() {
        let files = tree.files.filter { !$0.isGenerated }
        report(
            files.filter { $0.lines.count > 600 }.map {
                Breach(path: $0.path, line: 601, rule: "\($0.lines.count) lines; a file holds at most 600")
            }
        )
        report(
            breaches(in: files) { _, _, line in
                // A string literal is not broken for its length's sake.
                line.count > 120 && !line.contains("\"") ? "\(line.count) columns; a line holds at most 120" : nil
            }
        )
    }

    @Test func `generated files say so and come from a schema that exists`() {
        for file in tree.files where file.isGenerated {
            let first = file.lines.first ?? ""
            guard
                let schema = first.split(separator: " ")
                    .first(where: { $0.hasPrefix("Schemas/") || $0.hasPrefix("packaging/") })?.dropLast(),
                first.hasPrefix("// Generated from "), first.hasSuffix("; do not edit.")
            else {
                report([
                    Breach(path: file.path, line: 1, rule: "`// Generated from Schemas/…; do not edit.` is missing")
                ])
                continue
            }
            let path = tree.root.appendingPathComponent(String(schema)).path
            if !FileManager.default.fileExists(atPath: path) {
                report([Breach(path: file.path, line: 1, rule: "\(schema) does not exist")])
            }
        }
    }

    @Test func `names say what a thing is`() throws {
        let vague = ["Utils", "Util", "Helpers", "Helper", "Manager", "New"]
        let declaration = try Regex(
            #"\b(?:class|struct|enum|actor|protocol|typealias)\s+(?:\w*?(?:Utils?|Helpers?|Manager)|New[A-Z]\w*)\b"#
        )
        for file in tree.files {
            let parts = file.path.dropLast(".swift".count).split(separator: "/").map(String.init)
            for part in parts where vague.contains(where: { part == $0 || ($0 != "New" && part.hasSuffix($0)) }) {
                report([Breach(path: file.path, line: 1, rule: "the name \(part) says nothing")])
            }
            if file.path.contains(" ") {
                report([Breach(path: file.path, line: 1, rule: "a path holds no spaces")])
            }
        }
        report(
            breaches(in: tree.files) { _, _, line in
                let code = line.components(separatedBy: "//")[0]
                return code.firstMatch(of: declaration).map { "this name says nothing: \(code[$0.range])" }
            }
        )
    }

    @Test func `nothing is left to do`() throws {
        // Put together from halves, so that this file passes its own test.
        let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].joined(separator: "|")
        let marks = try Regex("\\b(\(words))\\b")
        report(
            breaches(in: tree.files) { _, _, line in
                line.firstMatch(of: marks).map { "leftover \(line[$0.range])" }
            }
        )
    }

    @Test func `what the compiler cannot check is argued for`() {
        let escapes = ["@un" + "checked Sendable", "nonisolated(un" + "safe)"]
        report(
            breaches(in: tree.files) { file, index, line in
                let code = line.components(separatedBy: "//")[0]
                guard let escape = escapes.first(where: code.contains) else { return nil }
                let above = file.lines[..<index].reversed().prefix { line in
                    let text = line.drop(while: \.isWhitespace)
                    return text.hasPrefix("//") || text.hasPrefix("@")
                }
                return above.contains { $0.contains("SAFETY:") }
                    ? nil : "\(escape) needs a `// SAFETY:` line just above"
            }
        )
    }

    @Test func `nothing is unwrapped by force or tried without a catch`() {
        let tries = "try" + "!"
        report(
            breaches(in: tree.files.filter { $0.target != nil }) { _, _, line in
                line.components(separatedBy: "//")[0].contains(tries) ? "no \(tries)" : nil
            }
        )
    }

    @Test func `no path of one machine is in the tree`() throws {
        // Put together from halves, so that this file passes its own test.
        let roots = ["ho" + "me", "Us" + "ers", "ro" + "ot", "wo" + "rk"].joined(separator: "|")
        let machine = try Regex("(^|[^\\w.])/(\(roots))/\\w")
        report(
            breaches(in: tree.files) { _, _, line in
                line.firstMatch(of: machine).map { _ in "an absolute path of one machine" }
            }
        )
    }
}

/// The rules' own parts, on lines that must and must not be caught.
@Suite struct ImportTableTests {
    @Test(
        arguments: [
            ("import NIOCore", "NIOCore"), ("package import Model", "Model"),
            ("internal import NIOCore // why", "NIOCore"),
            ("@preconcurrency import Foundation", "Foundation"), ("@testable import LogCore", "LogCore"),
            ("private import struct Foundation.Date", "Foundation"), ("    import Glibc", "Glibc"),
            ("let important = 1", nil), ("// import Foundation", nil), ("importRecords()", nil),
        ] as [(String, String?)]
    )
    func `the module of an import line is found`(line: String, module: String?) {
        #expect(ImportTable.importedModule(line) == module)
    }

    @Test(arguments: [
        ("LogCore", "Foundation"), ("GroupCoordinator", "NIOCore"), ("Model", "LogCore"), ("LogCore", "LogFiles"),
        ("Broker", "NIOPosix"), ("KafkaServer", "KinesisServer"), ("Metadata", "GRDB"), ("LogCore", "SomethingNew"),
        ("KafkaServer", "ArgumentParser"), ("RecordBatch", "Glibc"),
    ])
    func `an import that the table forbids is objected to`(target: String, module: String) {
        #expect(ImportTable.objection(to: module, in: target) != nil)
    }

    @Test(arguments: [
        ("LogCore", "NIOCore"), ("LogCore", "RecordBatch"), ("MetadataSQLite", "GRDB"), ("Broker", "NIOCore"),
        ("KinesisServer", "NIOHTTP1"), ("millrace", "KafkaServer"), ("RecordBatch", "CSystemZlib"),
        ("LogCore", "Synchronization"), ("KinesisProtocol", "Foundation"),
    ])
    func `an import that the table allows passes`(target: String, module: String) {
        #expect(ImportTable.objection(to: module, in: target) == nil)
    }
}
