internal import Authentication
internal import Broker
internal import NIOCore

/// The SASL step of one connection: its machine and what belongs to it. On the connection's event loop.
final class KafkaSasl {
    /// A client has this long to authenticate, from the moment that it connects.
    static let deadline = TimeAmount.seconds(30)

    let listener: SaslListener
    let service: AuthenticationService
    /// As they were when the client connected.
    let settings: SaslListener.Settings
    var machine: SaslMachine
    /// Closes a connection that does not authenticate in time.
    var timer: Scheduled<Void>?

    init(_ listener: SaslListener, _ service: AuthenticationService) {
        let settings = listener.current
        self.listener = listener
        self.service = service
        self.settings = settings
        self.machine = SaslMachine(settings.machine, makeNonce: AuthenticationService.makeNonce)
    }

    func end() {
        self.machine.closed()
        self.timer?.cancel()
        self.timer = nil
    }
}
