internal import Glibc

/// A line on the terminal that shows how far a command has come. Nothing is written where standard error is not a
/// terminal.
struct Progress {
    private let isShown: Bool
    private let begun = ContinuousClock.now
    private var shown: ContinuousClock.Instant?
    private var width = 0

    init(isShown: Bool = true) {
        self.isShown = isShown && isatty(STDERR_FILENO) == 1
    }

    /// Seconds since the beginning.
    var seconds: Double { (ContinuousClock.now - self.begun) / .seconds(1) }

    /// Shows the figures, at most five times a second.
    mutating func update(records: Int, bytes: Int) {
        let begun = self.begun
        self.update(Self.figures(records: records, bytes: bytes, seconds: (ContinuousClock.now - begun) / .seconds(1)))
    }

    /// Shows a text, at most five times a second.
    mutating func update(_ line: @autoclosure () -> String) {
        guard self.isShown else { return }
        let now = ContinuousClock.now
        if let shown, now - shown < .milliseconds(200) { return }
        self.shown = now
        let text = line()
        let padding = String(repeating: " ", count: max(0, self.width - text.count))
        self.width = text.count
        StandardError.write("\r" + text + padding)
    }

    /// Takes the line away.
    mutating func clear() {
        guard self.width > 0 else { return }
        StandardError.write("\r" + String(repeating: " ", count: self.width) + "\r")
        self.width = 0
    }

    /// `12345 records, 1.2 MiB, 4567 records/s`
    static func figures(records: Int, bytes: Int, seconds: Double) -> String {
        let rate = seconds > 0 ? Int(Double(records) / seconds) : records
        return "\(records) record\(records == 1 ? "" : "s"), \(Self.size(bytes)), \(rate) records/s"
    }

    static func size(_ bytes: Int) -> String {
        guard bytes >= 1024 else { return "\(bytes) B" }
        var value = Double(bytes)
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            value /= 1024
            unit = next
        }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
}
