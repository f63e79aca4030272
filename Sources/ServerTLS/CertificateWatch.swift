package import Logging

/// Has ports read their certificates again when the files change and when an operator asks for it, until its task is
/// cancelled.
package struct CertificateWatch: Sendable {
    /// How often the files are looked at. A change is read at the second look that finds it the same.
    package static let interval = Duration.seconds(5)

    private let ports: [ServerTLS]
    private let logger: Logger
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameter sleep: waits for so long; throws when its task is cancelled.
    package init(
        _ ports: [ServerTLS],
        _ logger: Logger,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.ports = ports
        self.logger = logger
        self.sleep = sleep
    }

    /// - Parameter requests: one element for each time that an operator asks.
    package func run(_ requests: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for await _ in requests {
                    for port in self.ports { port.reloadRequested(self.logger) }
                }
            }
            tasks.addTask {
                while !Task.isCancelled {
                    do { try await self.sleep(Self.interval) } catch { return }
                    for port in self.ports { port.look(self.logger) }
                }
            }
        }
    }
}
