internal import CommandCore
internal import FoundationEssentials
internal import NIOCore
internal import Synchronization
internal import Text

/// Prints what a search finds as it comes, and says at the end what was looked at.
struct SearchSession: Sendable {
    let topic: String
    let printer: RecordPrinter

    /// Of one line: a record, whose bytes may be in base64 and escaped.
    private static let lineBytesMax = 512 << 20

    /// - Returns: what the server said last.
    /// - Throws: `NotFound`, `Failure`, `OutputClosed`; `CancellationError` after an interruption.
    func run(_ client: AdminClient, _ query: [(String, String)]) async throws -> SearchProgress {
        let last = Mutex<SearchProgress?>(nil)
        let path =
            "/api/v1/topics/\(AdminClient.segment(self.topic))/records?"
            + query.map { "\($0.0)=\(AdminClient.segment($0.1))" }.joined(separator: "&")
        let wasInterrupted = try await Interruption.cancelling {
            try await self.download(client, path) { progress in last.withLock { $0 = progress } }
        }
        guard let progress = last.withLock({ $0 }) else {
            if wasInterrupted { throw CancellationError() }
            throw Failure("the server answered something else than was expected; is it of another version?")
        }
        self.summarize(progress)
        if wasInterrupted { throw CancellationError() }
        return progress
    }

    private func download(
        _ client: AdminClient,
        _ path: String,
        _ onProgress: (SearchProgress) -> Void
    ) async throws {
        var lines = LineBuffer(bytesMax: Self.lineBytesMax)
        var shown = Progress()
        var count = 0
        defer { shown.clear() }
        let decoder = JSONDecoder()
        var json = JSONLine()
        try await client.download(path, accept: "application/x-ndjson") { part in
            var text: [UInt8] = []
            lines.append(part)
            while let line = try lines.next() {
                guard let line = try? decoder.decode(SearchLine.self, from: Data(line.readableBytesView)) else {
                    throw Failure("the server answered something else than was expected; is it of another version?")
                }
                switch line {
                case .record(let record):
                    count += 1
                    self.printer.write(record.consumed(of: self.topic), count: count, to: &json, &text)
                case .progress(let progress):
                    onProgress(progress)
                    shown.update(progress.figures)
                }
            }
            guard !text.isEmpty else { return }
            // On a terminal the line of progress would stand between the records.
            if ResultOutput.isTerminal { shown.clear() }
            try ResultOutput.write(text)
        }
    }

    private func summarize(_ progress: SearchProgress) {
        var text = progress.figures
        for remark in progress.remarks { text += "; \(remark)" }
        text += "\n"
        // After the end of everything there is nothing to continue.
        if progress.ended != "end", let cursor = progress.cursor { text += "continue with --cursor \(cursor)\n" }
        StandardError.write(text)
    }
}
