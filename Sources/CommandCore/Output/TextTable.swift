/// Rows under titles, printed in aligned columns or as comma-separated values.
package struct TextTable: Sendable {
    private var titles: [String]
    private var rows: [[String]] = []
    private var rightAligned: Set<Int>
    private var wideOnly: Set<Int>

    /// - Parameters:
    ///   - numbers: the columns that are aligned to the right.
    ///   - wide: the columns that only `wideText` and `csv` have.
    package init(_ titles: [String], numbers: Set<Int> = [], wide: Set<Int> = []) {
        self.titles = titles
        self.rightAligned = numbers
        self.wideOnly = wide
    }

    package mutating func add(_ cells: [String]) {
        self.rows.append(cells)
    }

    package var isEmpty: Bool { self.rows.isEmpty }

    /// Aligned columns, two spaces apart, without trailing spaces.
    package var text: String { self.aligned { !self.wideOnly.contains($0) } }

    /// The same with the columns for `-o wide`.
    package var wideText: String { self.aligned { _ in true } }

    /// The cells of the first column.
    package var names: [String] { self.rows.compactMap(\.first) }

    /// RFC 4180 with line feeds: a line of titles, as `in_sync`, then the rows. A cell of `-`, which stands for nothing
    /// in a table, is empty.
    package var csv: String {
        let titles = self.titles.map { $0.lowercased().replacing(" ", with: "_") }
        return ([titles] + self.rows.map { $0.map { $0 == "-" ? "" : $0 } })
            .map { $0.map(Self.quoted).joined(separator: ",") + "\n" }
            .joined()
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }

    private func aligned(_ isShown: (Int) -> Bool) -> String {
        let rows = [self.titles] + self.rows
        let columns = (0..<(rows.map(\.count).max() ?? 0)).filter(isShown)
        let widths = columns.map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        var text = ""
        for row in rows {
            var line = ""
            for (place, column) in columns.enumerated() where column < row.count {
                let cell = row[column]
                let padding = String(repeating: " ", count: widths[place] - cell.count)
                line +=
                    (place == 0 ? "" : "  ") + (self.rightAligned.contains(column) ? padding + cell : cell + padding)
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
