@preconcurrency internal import Dispatch
internal import Glibc

/// SIGTERM and SIGINT as a stream of their names.
enum StopSignals {
    /// Takes the signals over for the rest of the process's life. Call it once.
    static func observe() -> AsyncStream<String> {
        AsyncStream { continuation in
            let sources = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")].map { number, name in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler { continuation.yield(name) }
                source.activate()
                return source
            }
            // The sources work as long as they are kept.
            continuation.onTermination = { _ in for source in sources { source.cancel() } }
        }
    }
}

/// SIGHUP as a stream: files are to be read again.
enum ReloadSignals {
    /// Takes the signal over for the rest of the process's life. Call it once.
    static func observe() -> AsyncStream<Void> {
        AsyncStream { continuation in
            signal(SIGHUP, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: SIGHUP)
            source.setEventHandler { continuation.yield() }
            source.activate()
            // The source works as long as it is kept.
            continuation.onTermination = { _ in source.cancel() }
        }
    }
}
