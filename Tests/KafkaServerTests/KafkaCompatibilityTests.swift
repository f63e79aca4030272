import FoundationEssentials
import KafkaProtocol
import Testing

@testable import KafkaServer

/// `docs/compatibility/kafka.md` says what the server announces.
@Suite struct KafkaCompatibilityTests {
    private static func rows() throws -> [[String]] {
        let path =
            "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/docs/compatibility/kafka.md"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("| ") && $0.dropFirst(2).first?.isNumber == true }
            .map { line in
                line.split(separator: "|").map {
                    String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
                }
            }
    }

    private static func text(_ versions: ClosedRange<Int16>) -> String {
        versions.count == 1 ? "\(versions.lowerBound)" : "\(versions.lowerBound)–\(versions.upperBound)"
    }

    @Test func `the table has every API that is served, in its versions, and no other`() throws {
        var unlisted = Dictionary(uniqueKeysWithValues: ServedAPI.all.map { ("\($0.key.rawValue)", $0) })
        let rows = try Self.rows()
        #expect(rows.count > 60)
        for row in rows {
            let api = unlisted.removeValue(forKey: row[0])
            #expect(row[2] == api.map { Self.text($0.versions) } ?? "—", "\(row[1])")
            if let api { #expect(row[1] == api.name) }
        }
        #expect(unlisted.isEmpty, "\(unlisted.keys)")
    }

    @Test func `what is served is served as by Kafka`() throws {
        for row in try Self.rows() where row[2] != "—" { #expect(row[2] == row[3], "\(row[1])") }
    }
}
