internal import Logging
internal import Metadata
internal import NIOCore
internal import Synchronization

/// Calls to an etcd cluster: one connection to one member at a time, the next member when it fails.
///
/// A call is repeated until it is answered or `callTimeout` is over. Who makes a call that changes something must be
/// able to tell whether an earlier attempt has done it (`TransactionMarker`).
final class EtcdClient: Sendable {
    private enum Link {
        case none
        case connecting(EventLoopFuture<GRPCConnection>)
        case connected(GRPCConnection)
    }

    private struct State {
        var rotation: EndpointRotation
        var link = Link.none
        var token: String?
        var isClosed = false
    }

    let settings: EtcdSettings
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameter first: the member to begin with; any number.
    init(_ settings: EtcdSettings, eventLoop: any EventLoop, first: Int, logger: Logger) {
        self.settings = settings
        self.eventLoop = eventLoop
        self.logger = logger
        self.state = Mutex(State(rotation: EndpointRotation(settings.endpoints, first: first)))
    }

    /// Ends the connection; later calls fail with `.closed`.
    func close() {
        let link = self.state.withLock { state in
            state.isClosed = true
            defer { state.link = .none }
            return state.link
        }
        switch link {
        case .none: break
        case .connecting(let future): future.whenSuccess { $0.close() }
        case .connected(let connection): connection.close()
        }
    }

    // MARK: Calls

    /// What a call was answered, and how many attempts were made whose outcome is not known.
    struct Answer {
        var message: ByteBuffer
        /// Earlier attempts that may have been carried out.
        var undecidedAttempts: Int
    }

    /// Makes a call until it is answered.
    ///
    /// - Parameter message: called for each attempt with the number of those before it that may have been carried out.
    /// - Throws: what `EtcdReaction` makes of the answer; `.unavailable` when the time is over; `.closed`.
    func call(
        _ method: EtcdMethod,
        _ message: (_ undecidedAttempts: Int) -> ByteBuffer
    ) async throws(MetadataError) -> Answer {
        let deadline = NIODeadline.now() + TimeAmount(self.settings.callTimeout)
        var undecidedAttempts = 0
        while true {
            let reaction: EtcdReaction
            let connection = await self.connection()
            switch connection {
            case .failure(let status): reaction = EtcdReaction(status)
            case .success where method != .authenticate && self.lacksToken:
                // etcd would refuse the call, each method in words of its own.
                reaction = .authenticate
            case .success(let connection):
                let outcome = await self.attempt(
                    method,
                    message(undecidedAttempts),
                    on: connection,
                    token: self.state.withLock { $0.token },
                    deadline: deadline
                )
                switch outcome {
                case .success(let message):
                    self.state.withLock { $0.rotation.succeeded() }
                    return Answer(message: message, undecidedAttempts: undecidedAttempts)
                case .failure(let status):
                    reaction = EtcdReaction(status)
                    if case .retry(let reconnect) = reaction {
                        undecidedAttempts += 1
                        if reconnect { self.abandon(connection, status) }
                    }
                }
            }
            try await self.react(reaction, method, deadline)
        }
    }

    func call(_ method: EtcdMethod, _ message: ByteBuffer) async throws(MetadataError) -> ByteBuffer {
        try await self.call(method) { _ in message }.message
    }

    private func react(
        _ reaction: EtcdReaction,
        _ method: EtcdMethod,
        _ deadline: NIODeadline
    ) async throws(MetadataError) {
        if self.isClosed { throw MetadataError(.closed, "The metadata store is closed.") }
        switch reaction {
        case .fail(let error): throw error
        case .authenticate:
            guard let credentials = self.settings.credentials, method != .authenticate else {
                throw MetadataError(.unavailable, "etcd asks for a user and a password.")
            }
            self.state.withLock { $0.token = nil }
            guard NIODeadline.now() < deadline else {
                throw MetadataError(.unavailable, "etcd refuses each token that it gives to \(credentials).")
            }
            try await self.authenticate(credentials)
        case .retry:
            let delay = TimeAmount(self.state.withLock { $0.rotation.delay })
            guard NIODeadline.now() + delay < deadline else {
                throw MetadataError(
                    .unavailable,
                    "etcd has not answered within \(self.settings.callTimeout); asked: "
                        + self.settings.endpoints.map(\.description).joined(separator: ", ")
                )
            }
            await self.pause(delay)
        }
    }

    /// Waits without being cancelled: a commit's outcome is always the real one.
    func pause(_ delay: TimeAmount) async {
        guard delay > .zero else { return }
        _ = try? await self.eventLoop.scheduleTask(in: delay) {}.futureResult.get()
    }

    private func attempt(
        _ method: EtcdMethod,
        _ message: ByteBuffer,
        on connection: GRPCConnection,
        token: String?,
        deadline: NIODeadline
    ) async -> Result<ByteBuffer, GRPCStatus> {
        let timeout = max(
            min(TimeAmount(self.settings.attemptTimeout), deadline - NIODeadline.now()),
            .milliseconds(1)
        )
        do {
            return .success(try await connection.call(method, message, token: token, timeout: timeout).get())
        } catch {
            return .failure(error as? GRPCStatus ?? .disconnected("\(error)"))
        }
    }

    // MARK: The connection

    /// The connection in use, made if need be. With credentials it has a token.
    func connection() async -> Result<GRPCConnection, GRPCStatus> {
        enum Step {
            case refuse
            case wait(EventLoopFuture<GRPCConnection>)
            case connect(EtcdEndpoint, EventLoopPromise<GRPCConnection>)
        }
        let step = self.state.withLock { state -> Step in
            if state.isClosed { return .refuse }
            switch state.link {
            case .connected(let connection) where connection.isActive:
                return .wait(self.eventLoop.makeSucceededFuture(connection))
            case .connecting(let future): return .wait(future)
            case .none, .connected:
                let promise = self.eventLoop.makePromise(of: GRPCConnection.self)
                state.link = .connecting(promise.futureResult)
                return .connect(state.rotation.current, promise)
            }
        }
        let future: EventLoopFuture<GRPCConnection>
        switch step {
        case .refuse: return .failure(.disconnected("the metadata store is closed"))
        case .wait(let connecting): future = connecting
        case .connect(let endpoint, let promise):
            future = promise.futureResult
            GRPCConnection.connect(
                to: endpoint,
                tls: self.settings.tls,
                timeout: TimeAmount(self.settings.connectTimeout),
                on: self.eventLoop
            )
            .whenComplete { result in
                self.connected(result)
                promise.completeWith(result)
            }
        }
        do {
            return .success(try await future.get())
        } catch {
            return .failure(error as? GRPCStatus ?? .disconnected("\(error)"))
        }
    }

    private func connected(_ result: Result<GRPCConnection, any Error>) {
        let (closed, failed) = self.state.withLock { state -> (GRPCConnection?, EtcdEndpoint?) in
            switch result {
            case .success(let connection):
                guard !state.isClosed else { return (connection, nil) }
                state.link = .connected(connection)
                return (nil, nil)
            case .failure:
                let endpoint = state.rotation.current
                state.link = .none
                state.rotation.failed()
                return (nil, endpoint)
            }
        }
        closed?.close()
        if let failed, case .failure(let error) = result {
            self.logger.debug(
                "an etcd member cannot be reached",
                metadata: ["endpoint": "\(failed)", "error": "\(error)"]
            )
        }
    }

    /// The connection failed a call: the next one goes to another member.
    func abandon(_ connection: GRPCConnection, _ status: GRPCStatus) {
        let isOurs = self.state.withLock { state in
            guard case .connected(let current) = state.link, current === connection else { return false }
            state.link = .none
            state.rotation.failed()
            return true
        }
        connection.close()
        if isOurs { self.logger.debug("an etcd member is left for the next one", metadata: ["error": "\(status)"]) }
    }

    /// The token of the calls; `nil` without authentication.
    var token: String? { self.state.withLock { $0.token } }

    var isClosed: Bool { self.state.withLock { $0.isClosed } }

    /// The next call gets a new token first.
    func forgetToken() { self.state.withLock { $0.token = nil } }

    private var lacksToken: Bool { self.settings.credentials != nil && self.token == nil }

    private func authenticate(_ credentials: EtcdSettings.Credentials) async throws(MetadataError) {
        let request = EtcdAuthentication.request(name: credentials.name, password: credentials.password)
        let answer = try await self.call(.authenticate, request)
        let token = try etcdDecoded(answer, EtcdAuthentication.token)
        self.state.withLock { $0.token = token }
    }
}

/// Reads an answer of etcd.
func etcdDecoded<Message>(
    _ answer: ByteBuffer,
    _ read: (ProtobufReader) throws(ProtobufReader.Malformed) -> Message
) throws(MetadataError) -> Message {
    do {
        return try read(ProtobufReader(answer))
    } catch {
        throw MetadataError(.unavailable, "etcd's answer cannot be read; is etcd spoken on that port?")
    }
}
