import FoundationEssentials
import KinesisProtocol
import Testing

@testable import KinesisServer

/// `docs/compatibility/kinesis.md` says what is served, and no more.
@Suite struct CompatibilityTableTests {
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// The rows under a heading that begins so, as cells.
    static func rows(under heading: String) throws -> [[String]] {
        let text = try String(contentsOfFile: self.root + "/docs/compatibility/kinesis.md", encoding: .utf8)
        let lines = text.split(separator: "\n").drop { !$0.hasPrefix("## " + heading) }.dropFirst()
        return lines.prefix { !$0.hasPrefix("## ") }
            .filter { $0.hasPrefix("| ") && !$0.hasPrefix("| ---") }
            .dropFirst()
            .map { line in
                line.split(separator: "|").map { cell in
                    String(cell).split(separator: " ").joined(separator: " ").filter { $0 != "`" }
                }
            }
    }

    @Test(arguments: [
        ("Kinesis_20131202", Operation.allCases.map(\.rawValue), 57),
        ("DynamoDB_20120810", LeaseTableOperation.allCases.map(\.rawValue), LeaseTableOperation.allCases.count),
    ])
    func `has a row for each operation`(heading: String, served: [String], rowCount: Int) throws {
        let rows = try Self.rows(under: heading)
        #expect(rows.count == rowCount)
        #expect(rows.map { $0[0] } == rows.map { $0[0] }.sorted())
        let named = rows.filter { $0[1] == "yes" || $0[1] == "kept" }.map { $0[0] }
        #expect(Set(named) == Set(served))
        #expect(rows.allSatisfy { ["yes", "kept", "no"].contains($0[1]) })
    }

    @Test func `names tests that exist for each client`() throws {
        let rows = try Self.rows(under: "Clients")
        #expect(!rows.isEmpty)
        for row in rows {
            for file in row[2].split(separator: ",") {
                let path = "\(Self.root)/Tests/Interop/\(file.filter { $0 != " " })"
                #expect(FileManager.default.fileExists(atPath: path), "\(path)")
            }
        }
    }
}
