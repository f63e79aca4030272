import Foundation
import Testing

/// The table of `scripts/mutations` names code as it is: a mutation that does not apply any more proves nothing.
@Suite struct MutationTests {
    @Test func `every mutation applies to its file at one place, and its test is there`() throws {
        let tree = try SourceTree()
        let table = try String(
            contentsOf: tree.root.appendingPathComponent("Tests/Mutations/mutations.txt"),
            encoding: .utf8
        )
        let blocks = table.components(separatedBy: "\n\n").filter { $0.contains("name: ") }
        #expect(blocks.count > 15)
        let suites = Set(
            tree.files.flatMap { file in
                file.lines.compactMap { try? #/struct (\w+Tests)\b/#.firstMatch(in: $0).map { String($0.1) } }
                    + [file.path.split(separator: "/").dropFirst().first.map(String.init)].compactMap { $0 }
            }
        )
        for block in blocks {
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            func field(_ key: String) -> String {
                lines.first { $0.hasPrefix(key + ": ") }.map { String($0.dropFirst(key.count + 2)) } ?? ""
            }
            let old = lines.filter { $0.hasPrefix("-") }.map { String($0.dropFirst()) }
            let new = lines.filter { $0.hasPrefix("+") }.map { String($0.dropFirst()) }
            let file = tree.files.first { $0.path == field("file") }?.lines ?? []
            let places = file.indices.filter { index in file[index...].starts(with: old) }
            #expect(places.count == 1, "\(field("name")): \(field("file")) has its lines \(places.count) times")
            #expect(old != new && !old.isEmpty && !new.isEmpty, "\(field("name")) changes nothing")
            for test in field("test").split(separator: "|") {
                #expect(suites.contains(String(test)), "\(field("name")): there is no test \(test)")
            }
        }
    }
}
