internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore

/// What an answer about a partition of another broker means.
enum RemoteAnswer<Value: Sendable>: Sendable {
    case value(Value)
    /// The broker does not serve the partition: it moved, or is moving. Nothing was done.
    case moved(BrokerError)
    case refused(BrokerError)
    /// It may have been carried out, or may yet be.
    case unknown(String)
}

/// One operation on a partition that another broker leads, until it is answered: finds the leader, asks it, and goes
/// again when the partition moves. Lives on the caller's event loop.
struct RemoteCall<Request: KafkaRequest, Value: Sendable>: Sendable {
    private static var firstPause: TimeAmount { .milliseconds(10) }
    private static var pauseMax: TimeAmount { .milliseconds(250) }

    let links: any BrokerLinks
    let topics: TopicRegistry
    let topicID: TopicID
    let partition: Int32
    /// Whether it may be carried out twice.
    let isRepeatable: Bool
    let bytes: Int
    let deadline: NIODeadline
    let eventLoop: any EventLoop
    let makeRequest: @Sendable (HostedTopic, LeaderEpoch) -> Request
    let read: @Sendable (Request.Response) -> RemoteAnswer<Value>
    let completion: @Sendable (Result<Value, RemoteFailure>) -> Void

    func start() {
        self.eventLoop.cross { self.attempt(pause: Self.firstPause, nil) }
    }

    /// - Parameter last: why the attempt before had to be repeated.
    private func attempt(pause: TimeAmount, _ last: BrokerError?) {
        guard self.eventLoop.now < self.deadline else {
            return self.refuse(last ?? BrokerError(.timedOut, "The partition's leader did not answer in time."))
        }
        guard let topic = self.topics.topic(id: self.topicID), let placement = topic.placement(self.partition) else {
            return self.refuse(BrokerError(.unknownTopicOrPartition, "The topic was deleted."))
        }
        switch placement {
        case .here(let hosted): self.completion(.failure(.ledHere(hosted)))
        case .offline(let error): self.repeatLater(pause, BrokerError(error))
        case .acquiring, .unassigned:
            self.repeatLater(pause, BrokerError(.partitionNotReady, "The partition is between two brokers; try again."))
        case .elsewhere(let leader):
            self.links.send(
                self.makeRequest(topic, leader.epoch),
                to: leader.broker,
                bytes: self.bytes,
                deadline: self.deadline,
                on: self.eventLoop
            ) { self.answered($0, pause: pause) }
        }
    }

    private func answered(_ result: Result<Request.Response, LinkError>, pause: TimeAmount) {
        switch result {
        case .success(let response):
            switch self.read(response) {
            case .value(let value): self.completion(.success(value))
            case .moved(let error): self.repeatLater(pause, error)
            case .refused(let error): self.refuse(error)
            case .unknown(let reason): self.unknown(reason, pause)
            }
        case .failure(.notSent(let reason)): self.repeatLater(pause, BrokerError(.partitionNotReady, reason))
        case .failure(.unanswered(let reason)): self.unknown(reason, pause)
        }
    }

    private func unknown(_ reason: String, _ pause: TimeAmount) {
        guard self.isRepeatable else { return self.completion(.failure(.unknown(reason))) }
        self.repeatLater(pause, BrokerError(.timedOut, reason))
    }

    /// What is shown of the partition's place follows the metadata, so it is looked up again.
    private func repeatLater(_ pause: TimeAmount, _ error: BrokerError) {
        guard self.eventLoop.now + pause < self.deadline else { return self.refuse(error) }
        self.eventLoop.scheduleTask(in: pause) {
            self.attempt(pause: .nanoseconds(min(pause.nanoseconds * 2, Self.pauseMax.nanoseconds)), error)
        }
    }

    private func refuse(_ error: BrokerError) { self.completion(.failure(.refused(error))) }
}

extension EventLoop {
    /// Runs `body` on this loop: at once when there already.
    fileprivate func cross(_ body: @escaping @Sendable () -> Void) {
        if self.inEventLoop { body() } else { self.execute(body) }
    }
}
