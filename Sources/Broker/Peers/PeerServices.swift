package import NIOCore
internal import Synchronization

/// What this broker does for the other brokers of its cluster, and its way to them.
package final class PeerServices: Sendable {
    private struct State {
        var services: [PeerSubject: any PeerService] = [:]
        var calls: (any PeerCalls)?
    }

    private let state = Mutex(State())

    package init() {}

    /// The way to other brokers; `nil` where there are none.
    package var calls: (any PeerCalls)? { self.state.withLock { $0.calls } }

    /// From now on other brokers can be asked.
    package func connect(_ calls: any PeerCalls) { self.state.withLock { $0.calls = calls } }

    package func register(_ service: any PeerService, for subject: PeerSubject) {
        self.state.withLock { $0.services[subject] = service }
    }

    /// Answers a call of another broker.
    ///
    /// - Parameter respond: called once, on any thread, with nothing when the call's subject is not served here.
    package func answer(
        _ request: ByteBuffer,
        on eventLoop: any EventLoop,
        respond: @escaping @Sendable (ByteBuffer) -> Void
    ) {
        var request = request
        guard let subject = request.readInteger(as: UInt8.self).flatMap(PeerSubject.init(rawValue:)),
            let service = self.state.withLock({ $0.services[subject] })
        else { return respond(ByteBuffer()) }
        service.answer(request, on: eventLoop, respond: respond)
    }
}
