internal import ArgumentParser
internal import CommandCore
internal import Glibc

/// `--watch`: the same list again and again.
struct WatchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Print again every 2 seconds, or as often as it says: --watch=500ms. Ctrl-C ends.",
            valueName: "interval"
        )
    )
    var watch: String?

    static let intervalDefault = "2s"

    func validate() throws { _ = try self.interval() }

    /// `--watch` has a value that may be left out, which the library does not know: this puts it in.
    static func completed(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].map { $0 == "--watch" ? "--watch=\(Self.intervalDefault)" : $0 } + arguments[end...]
    }

    private func interval() throws -> Duration? {
        guard let watch else { return nil }
        guard let milliseconds = DurationText.milliseconds(watch), (100...86_400_000).contains(milliseconds) else {
            throw ValidationError("--watch=\(watch): an interval is from 100ms to 1d.")
        }
        return .milliseconds(milliseconds)
    }

    /// Runs `body` once, or until a signal comes.
    func repeating(_ body: @escaping @Sendable () async throws -> Void) async throws {
        guard let interval = try self.interval() else { return try await body() }
        let isScreen = ResultOutput.isTerminal
        _ = try await Interruption.cancelling {
            while !Task.isCancelled {
                // Home, and clear to the end of the screen.
                if isScreen { try ResultOutput.write("\u{1B}[H\u{1B}[J") }
                try await body()
                try await Task.sleep(for: interval)
            }
        }
    }
}
