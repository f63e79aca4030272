import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Serving

@Suite struct ConnectionLogTests {
    /// Keeps what is logged.
    private struct Lines: LogHandler {
        final class Store: Sendable {
            let lines = Mutex<[String]>([])
        }

        let store: Store
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.store.lines.withLock { $0.append("\(event.message) \(event.metadata?["count"]?.description ?? "")") }
        }
    }

    private let store = Lines.Store()
    private let loop = EmbeddedEventLoop()
    private var lines: [String] { self.store.lines.withLock { $0 } }

    private func makeLog() -> ConnectionLog {
        ConnectionLog(Logger(label: "test", factory: { _ in Lines(store: self.store) }), face: "Kafka")
    }

    @Test func `the first warning of a kind is written at once, the rest of a flood together, and none is left out`() {
        let log = self.makeLog()
        let warn = { log.warn(.malformed, "bad", client: "1.2.3.4", on: self.loop) }
        warn()
        #expect(self.lines == ["Kafka: closed a connection: malformed request "])
        for _ in 0..<100 { warn() }
        self.loop.advanceTime(by: .seconds(9))
        #expect(self.lines.count == 1)
        self.loop.advanceTime(by: .seconds(1))
        #expect(self.lines.last == "Kafka: closed a connection: malformed request, more of them 100")
        warn()
        self.loop.advanceTime(by: .seconds(10))
        #expect(self.lines.count == 3)
        // Quiet for ten seconds: the next one is the first again.
        self.loop.advanceTime(by: .seconds(10))
        warn()
        #expect(self.lines.last == "Kafka: closed a connection: malformed request ")
    }

    @Test func `kinds do not silence one another`() {
        let log = self.makeLog()
        for kind in ConnectionLog.Kind.allCases { log.warn(kind, "so", client: "c", on: self.loop) }
        #expect(self.lines.count == ConnectionLog.Kind.allCases.count)
    }
}
