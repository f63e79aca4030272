package import Logging
package import NIOCore
internal import Synchronization

/// Warnings that clients can cause, at most one of a kind in ten seconds, so that no client fills the log.
///
/// The first of a kind is written at once. Those of the ten seconds after it are counted and written as one line with
/// the last of them as the example.
package final class ConnectionLog: Sendable {
    /// What happened to a connection or a request.
    package enum Kind: String, Sendable, CaseIterable {
        case refusedConnection = "refused a connection"
        case wrongProtocol = "closed a connection: wrong protocol"
        case handshake = "closed a connection: TLS handshake"
        case frameLength = "closed a connection: frame length"
        case malformed = "closed a connection: malformed request"
        case notServed = "closed a connection: API or version that is not served"
        case stalled = "closed a connection: stalled client"
        case failedAppend = "closed a connection: failed append without acknowledgement"
        case refusedRequest = "closed a connection: refused request without an answer"
        case failedRequest = "a request failed"
        case unauthenticated = "closed a connection: not authenticated"
        case failedAuthentication = "an authentication failed"
        case lostRead = "closed a connection: lost read"
    }

    private struct Pending {
        var count = 0
        var example = ""
        var client = ""
    }

    private enum State {
        case quiet
        /// A line was written less than a pause ago.
        case counting(Pending)
    }

    package static let pause = TimeAmount.seconds(10)

    private let logger: Logger
    private let face: String
    private let states: Mutex<[Kind: State]> = Mutex([:])

    /// - Parameter face: whose clients these are, for example `Kafka`.
    package init(_ logger: Logger, face: String) {
        self.logger = logger
        self.face = face
    }

    /// - Parameters:
    ///   - reason: one sentence; made only when it may be written.
    ///   - eventLoop: the caller's, which also writes the count later.
    package func warn(
        _ kind: Kind,
        _ reason: @autoclosure () -> String,
        client: String,
        on eventLoop: any EventLoop
    ) {
        let reason = reason()
        let isFirst = self.states.withLock { states -> Bool in
            guard case .counting(var pending) = states[kind] else {
                states[kind] = .counting(Pending())
                return true
            }
            states[kind] = nil
            pending.count += 1
            pending.example = reason
            pending.client = client
            states[kind] = .counting(pending)
            return false
        }
        guard isFirst else { return }
        self.logger.warning("\(self.face): \(kind.rawValue)", metadata: ["reason": "\(reason)", "client": "\(client)"])
        self.schedule(kind, on: eventLoop)
    }

    private func schedule(_ kind: Kind, on eventLoop: any EventLoop) {
        eventLoop.scheduleTask(in: Self.pause) { self.writeCount(of: kind, on: eventLoop) }
    }

    private func writeCount(of kind: Kind, on eventLoop: any EventLoop) {
        let pending = self.states.withLock { states -> Pending? in
            guard case .counting(let pending) = states[kind], pending.count > 0 else {
                states[kind] = .quiet
                return nil
            }
            states[kind] = .counting(Pending())
            return pending
        }
        guard let pending else { return }
        self.logger.warning(
            "\(self.face): \(kind.rawValue), more of them",
            metadata: [
                "count": "\(pending.count)", "reason": "\(pending.example)", "client": "\(pending.client)",
            ]
        )
        self.schedule(kind, on: eventLoop)
    }
}
