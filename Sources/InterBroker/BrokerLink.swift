internal import Broker
internal import KafkaClient
internal import KafkaProtocol
internal import NIOCore

/// The connection to one incarnation of another broker: the shell of a `LinkMachine`, on one event loop.
final class BrokerLink: Sendable {
    /// A request from its coming until its caller has heard of it.
    private struct Pending {
        /// Sends it; called once at the most.
        var send: (BrokerConnection) -> Void
        /// Tells the caller; later calls do nothing.
        var fail: (LinkError) -> Void
        var timer: Scheduled<Void>?
    }

    private struct State {
        var machine: LinkMachine
        var lastID: LinkMachine.RequestID = 0
        var requests: [LinkMachine.RequestID: Pending] = [:]
        var connection: BrokerConnection?
        /// Why the last attempt to connect failed.
        var reason = "it was not tried"
    }

    private let name: String
    private let address: BrokerAddress
    private let settings: ClientSettings
    private let eventLoop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    /// - Parameter name: of the broker, for messages.
    init(
        name: String,
        address: BrokerAddress,
        settings: ClientSettings,
        limits: LinkMachine.Limits,
        eventLoop: any EventLoop
    ) {
        self.name = name
        self.address = address
        self.settings = settings
        self.eventLoop = eventLoop
        self.state = .makeBoxSendingValue(State(machine: LinkMachine(limits)), eventLoop: eventLoop)
    }

    /// See `BrokerLinks.send`.
    func send<Request: KafkaRequest>(
        _ request: Request,
        bytes: Int,
        deadline: NIODeadline,
        completion: @escaping @Sendable (Result<Request.Response, LinkError>) -> Void
    ) {
        self.eventLoop.execute {
            self.state.value.lastID += 1
            let id = self.state.value.lastID
            self.state.value.requests[id] = Pending(
                send: { connection in
                    self.exchange(request, id, on: connection, completion: completion)
                },
                fail: { completion(.failure($0)) },
                timer: self.eventLoop.scheduleTask(deadline: deadline) {
                    self.carryOut(self.state.value.machine.deadlinePassed(id))
                }
            )
            self.carryOut(self.state.value.machine.requestArrived(id, bytes: bytes))
        }
    }

    /// The broker left the cluster: nothing is sent any more.
    func end() {
        self.eventLoop.execute { self.carryOut(self.state.value.machine.brokerLeft()) }
    }

    private func exchange<Request: KafkaRequest>(
        _ request: Request,
        _ id: LinkMachine.RequestID,
        on connection: BrokerConnection,
        completion: @escaping @Sendable (Result<Request.Response, LinkError>) -> Void
    ) {
        let response: EventLoopFuture<Request.Response>
        do throws(ClientError) {
            response = try connection.call(request)
        } catch {
            self.state.value.machine.settled(id)
            return self.take(id)?.fail(.notSent(error.message)) ?? ()
        }
        // The connection lives on this loop.
        response.assumeIsolated().whenComplete { result in
            self.state.value.machine.settled(id)
            // Its deadline may have passed before.
            guard self.take(id) != nil else { return }
            completion(result.mapError { .unanswered("\(self.name): \($0)") })
        }
    }

    private func take(_ id: LinkMachine.RequestID) -> Pending? {
        let pending = self.state.value.requests.removeValue(forKey: id)
        pending?.timer?.cancel()
        return pending
    }

    private func carryOut(_ actions: [LinkMachine.Action]) {
        for action in actions {
            switch action {
            case .connect(let attempt): self.connect(attempt)
            case .send(let ids):
                guard let connection = self.state.value.connection else { continue }
                for id in ids { self.state.value.requests[id]?.send(connection) }
            case .giveUp(let ids, let failure):
                for id in ids { self.take(id)?.fail(self.error(failure)) }
            case .rest(let milliseconds):
                self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                    self.carryOut(self.state.value.machine.rested())
                }
            case .close:
                self.state.value.connection?.end()
                self.state.value.connection = nil
            }
        }
    }

    private func error(_ failure: LinkMachine.Failure) -> LinkError {
        switch failure {
        case .full: .notSent("\(self.name) has too many requests under way")
        case .unreachable: .notSent("\(self.name): \(self.state.value.reason)")
        case .left: .notSent("\(self.name) left the cluster")
        case .timedOut(wasSent: false): .notSent("\(self.name) could not be asked in time")
        case .timedOut(wasSent: true): .unanswered("\(self.name) did not answer in time")
        }
    }

    private func connect(_ attempt: UInt64) {
        let (address, settings, eventLoop) = (self.address, self.settings, self.eventLoop)
        eventLoop.makeFutureWithTask {
            try await BrokerConnection.connect(to: address, settings: settings, on: eventLoop)
        }
        .assumeIsolated()
        .whenComplete { result in
            switch result {
            case .success(let connection):
                self.state.value.connection = connection
                self.carryOut(self.state.value.machine.connected(attempt))
                // Last: it may be closed already. On the connection's loop, which is this one.
                connection.onClose {
                    if self.state.value.connection === connection { self.state.value.connection = nil }
                    self.state.value.machine.connectionLost(attempt)
                }
            case .failure(let error):
                self.state.value.reason = "\(error)"
                self.carryOut(self.state.value.machine.connectFailed(attempt))
            }
        }
    }
}
