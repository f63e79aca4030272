internal import Logging

/// Puts the engine's messages among the events.
struct SimulatedLog: LogHandler {
    let scheduler: SimulatedScheduler
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(scheduler: SimulatedScheduler) { self.scheduler = scheduler }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        self.scheduler.note("\(event.level) \(event.message) \(details)")
    }
}
