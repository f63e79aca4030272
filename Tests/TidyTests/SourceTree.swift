import Foundation

/// The hand-written and generated Swift files of this checkout, as the tidy tests read them.
struct SourceTree {
    struct File {
        /// Relative to the top of the checkout, for example `Sources/LogCore/PartitionLog.swift`.
        let path: String
        let lines: [String]

        var name: String { String(path.split(separator: "/").last ?? "") }
        var isGenerated: Bool { path.contains("/Generated/") }

        /// The target of a file below `Sources`, else nil.
        var target: String? {
            let parts = path.split(separator: "/")
            return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
        }
    }

    let root: URL
    let files: [File]

    init() throws {
        root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        var found: [File] = []
        for top in ["Sources", "Tests", "Tools", "Benchmarks", "FuzzTesting"] {
            let folder = root.appendingPathComponent(top)
            guard
                let paths = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
            else { continue }
            for case let url as URL in paths
            where url.pathExtension == "swift" && !url.pathComponents.contains(".build") {
                let text = try String(contentsOf: url, encoding: .utf8)
                let path = String(url.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count + 1))
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                if lines.last == "" { lines.removeLast() }
                found.append(File(path: path, lines: lines))
            }
        }
        files = found.sorted { $0.path < $1.path }
    }
}

/// One breach of a house rule, printed as `file:line: rule`.
struct Breach: CustomStringConvertible {
    let path: String
    let line: Int
    let rule: String

    var description: String { "\(path):\(line): \(rule)" }
}
