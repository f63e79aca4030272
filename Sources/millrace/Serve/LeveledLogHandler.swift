internal import Broker
internal import Logging

/// Writes to standard error what the level of its logger lets through; that level changes while the server runs.
struct LeveledLogHandler: LogHandler {
    private var stream: StreamLogHandler
    private let level: LoggerLevels.Level

    /// The loggers of the server, by what they write about.
    enum Name: String, CaseIterable {
        case broker = "millrace.broker"
        case kafka = "millrace.kafka"
        case kinesis = "millrace.kinesis"
        case storage = "millrace.storage"

        /// - Parameter levels: made with the names of all of these.
        func logger(_ levels: LoggerLevels) -> Logger {
            let level = levels.level(of: self.rawValue)
            return Logger(label: self.rawValue) { LeveledLogHandler(label: $0, level: level) }
        }
    }

    private init(label: String, level: LoggerLevels.Level) {
        self.stream = StreamLogHandler.standardError(label: label)
        self.stream.logLevel = .trace
        self.level = level
    }

    /// Shared by all copies of the logger. Setting it on one copy has no effect: `LoggerLevels` decides.
    var logLevel: Logger.Level {
        get { self.level.current }
        set { _ = newValue }
    }

    var metadata: Logger.Metadata {
        get { self.stream.metadata }
        set { self.stream.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.stream[metadataKey: key] }
        set { self.stream[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { self.stream.log(event: event) }
}
