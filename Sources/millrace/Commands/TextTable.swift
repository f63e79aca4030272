/// Rows in aligned columns, two spaces apart, without trailing spaces.
struct TextTable {
    private var rows: [[String]]
    private var rightAligned: Set<Int>

    /// - Parameter numbers: the columns that are aligned to the right.
    init(_ titles: [String], numbers: Set<Int> = []) {
        self.rows = [titles]
        self.rightAligned = numbers
    }

    mutating func add(_ cells: [String]) {
        self.rows.append(cells)
    }

    var text: String {
        let columns = self.rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            self.rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        var text = ""
        for row in self.rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line +=
                    (column == 0 ? "" : "  ") + (self.rightAligned.contains(column) ? padding + cell : cell + padding)
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
