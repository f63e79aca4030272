internal import Broker
internal import KinesisProtocol
internal import Logging
internal import NIOCore
internal import Serving

/// What the requests of one connection have in common. Lives on the connection's event loop.
final class ClientContext {
    let service: KinesisService
    let session: Session
    let gate: any Gate
    /// Warnings that clients can cause.
    let log: ConnectionLog
    let logger: Logger
    let eventLoop: any EventLoop
    /// A connection names the same credential again and again.
    var lastCaller = LastCaller()
    /// The router of the stream that was last put to.
    private var lastRouter: (topic: HostedTopic, router: StreamRouter)?

    init(
        service: KinesisService,
        session: Session,
        gate: any Gate,
        log: ConnectionLog,
        logger: Logger,
        eventLoop: any EventLoop
    ) {
        self.service = service
        self.session = session
        self.gate = gate
        self.log = log
        self.logger = logger
        self.eventLoop = eventLoop
    }

    var memory: ConnectionMemory { self.service.backend.memory }
    var metrics: BrokerMetrics.Face { self.service.backend.kinesisMetrics }

    func router(for topic: HostedTopic) -> StreamRouter {
        if let lastRouter, lastRouter.topic === topic { return lastRouter.router }
        let made = StreamRouter(topic.topic)
        self.lastRouter = (topic, made)
        return made
    }

    /// - Parameter reason: one sentence, what happened and what helps.
    func warn(_ kind: ConnectionLog.Kind, _ reason: @autoclosure () -> String) {
        self.log.warn(kind, reason(), client: self.session.remote.host, on: self.eventLoop)
    }
}
