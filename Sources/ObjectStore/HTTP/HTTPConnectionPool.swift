internal import ClientTLS
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Connections to one store: kept while they are in use and after it, at most so many, first come first served.
final class HTTPConnectionPool: Sendable {
    private struct Pooled: Sendable {
        var channel: any Channel
        var connection: NIOLoopBound<HTTPConnection>
    }

    private struct State {
        var idle: [Pooled] = []
        /// Idle, in use and being made.
        var count = 0
        /// Who waits for one; `nil` to make one.
        var waiters: [EventLoopPromise<Pooled?>] = []
        var isClosed = false
    }

    private enum Source {
        case idle(Pooled)
        case connect
        case wait(EventLoopFuture<Pooled?>)
        case closed
    }

    private let settings: S3Settings
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    init(_ settings: S3Settings, group: any EventLoopGroup) {
        self.settings = settings
        self.group = group
    }

    func close() {
        let (idle, waiters) = self.state.withLock { state in
            state.isClosed = true
            defer {
                state.idle = []
                state.waiters = []
            }
            return (state.idle, state.waiters)
        }
        for pooled in idle { pooled.channel.close(promise: nil) }
        for waiter in waiters { waiter.succeed(nil) }
    }

    /// Sends a request and waits for the whole answer.
    func exchange(_ request: HTTPRequestMessage) async throws(ObjectStoreError) -> HTTPAnswer {
        while true {
            let (pooled, isFresh) = try await self.take()
            let promise = pooled.channel.eventLoop.makePromise(of: HTTPConnection.Outcome.self)
            pooled.channel.eventLoop.execute { pooled.connection.value.begin(request, promise: promise) }
            let outcome: HTTPConnection.Outcome
            do {
                outcome = try await promise.futureResult.get()
            } catch {
                self.giveUp()
                throw ObjectStoreError(.unavailable, "\(error)")
            }
            if outcome.isReusable { self.put(pooled) } else { self.giveUp() }
            // The store had closed it while it was idle.
            if outcome.isUnanswered, !isFresh, !self.isClosed { continue }
            return try outcome.result.get()
        }
    }

    private var isClosed: Bool { self.state.withLock { $0.isClosed } }

    private func take() async throws(ObjectStoreError) -> (Pooled, isFresh: Bool) {
        while true {
            let source = self.state.withLock { state -> Source in
                if state.isClosed { return .closed }
                while let pooled = state.idle.popLast() {
                    if pooled.channel.isActive { return .idle(pooled) }
                    state.count -= 1
                }
                guard state.count >= self.settings.connectionsMax else {
                    state.count += 1
                    return .connect
                }
                let promise = self.group.any().makePromise(of: Pooled?.self)
                state.waiters.append(promise)
                return .wait(promise.futureResult)
            }
            switch source {
            case .closed: throw ObjectStoreError(.closed, "the client of the object store is closed")
            case .idle(let pooled): return (pooled, false)
            case .connect:
                do {
                    return (try await self.connect().get(), true)
                } catch {
                    self.giveUp()
                    throw ObjectStoreError(.unavailable, "\(self.settings.hostHeader) cannot be reached: \(error)")
                }
            case .wait(let future):
                if let pooled = (try? await future.get()) ?? nil { return (pooled, false) }
            }
        }
    }

    private func connect() -> EventLoopFuture<Pooled> {
        let silenceMax = TimeAmount(self.settings.silenceMax)
        let eventLoop = self.group.next()
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(self.settings.connectTimeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(host: self.settings.connectHost, port: self.settings.port, tls: self.settings.tls) { channel in
                try channel.pipeline.syncOperations.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                try channel.pipeline.syncOperations.addHandler(HTTPConnection(silenceMax: silenceMax))
            }
            .flatMapThrowing { channel in
                let connection = try channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
                return Pooled(channel: channel, connection: NIOLoopBound(connection, eventLoop: channel.eventLoop))
            }
    }

    /// A connection that can be used again.
    private func put(_ pooled: Pooled) {
        let (waiter, isClosed) = self.state.withLock { state -> (EventLoopPromise<Pooled?>?, Bool) in
            if state.isClosed { return (nil, true) }
            if !state.waiters.isEmpty { return (state.waiters.removeFirst(), false) }
            state.idle.append(pooled)
            return (nil, false)
        }
        waiter?.succeed(pooled)
        if isClosed { pooled.channel.close(promise: nil) }
    }

    /// A connection is gone; who waits may make one.
    private func giveUp() {
        let waiter = self.state.withLock { state in
            state.count -= 1
            return state.waiters.isEmpty ? nil : state.waiters.removeFirst()
        }
        waiter?.succeed(nil)
    }
}
