internal import ClientTLS
package import KafkaProtocol
package import NIOCore
internal import NIOPosix

/// One connection to one broker. Any number of requests may be in flight; each awaits its own response.
package final class BrokerConnection: Sendable {
    package let address: BrokerAddress
    private let channel: any Channel
    private let handler: NIOLoopBound<CallHandler>
    private let settings: ClientSettings
    private let versions: ServedVersions

    private init(
        address: BrokerAddress,
        channel: any Channel,
        handler: NIOLoopBound<CallHandler>,
        settings: ClientSettings,
        versions: ServedVersions
    ) {
        self.address = address
        self.channel = channel
        self.handler = handler
        self.settings = settings
        self.versions = versions
    }

    /// Connects, asks which versions the broker speaks and authenticates, if the settings say as whom.
    ///
    /// - Throws: `ClientError`: `.unreachable`, `.insecure`, `.unauthenticated`, `.malformedResponse` and what
    ///   `send` throws.
    package static func connect(
        to address: BrokerAddress,
        settings: ClientSettings,
        on group: any EventLoopGroup
    ) async throws -> BrokerConnection {
        let bytesMax = settings.responseBytesMax
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(settings.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        let channel: any Channel
        let handler: NIOLoopBound<CallHandler>
        do {
            channel = try await bootstrap.connect(host: address.host, port: address.port, tls: settings.tls) {
                try $0.pipeline.syncOperations.addHandlers(
                    ByteToMessageHandler(ResponseDecoder(bytesMax: bytesMax)),
                    CallHandler(address: address)
                )
            }
            .get()
            handler = try await channel.eventLoop.submit {
                let handler = try channel.pipeline.syncOperations.handler(type: CallHandler.self)
                return NIOLoopBound(handler, eventLoop: channel.eventLoop)
            }.get()
        } catch {
            if let failure = error as? TLSFailure {
                throw ClientError(.insecure, "cannot connect to \(address): \(failure)")
            }
            throw Self.unreachable(address, error)
        }
        let bare = BrokerConnection(
            address: address,
            channel: channel,
            handler: handler,
            settings: settings,
            versions: ServedVersions()
        )
        do {
            let connection = BrokerConnection(
                address: address,
                channel: channel,
                handler: handler,
                settings: settings,
                versions: try await bare.askVersions()
            )
            if let login = settings.login { try await connection.authenticate(login) }
            return connection
        } catch {
            await bare.close()
            throw error
        }
    }

    /// Whether requests can still be sent; a connection that was lost stays lost.
    package var isOpen: Bool { self.channel.isActive }

    /// The highest version of an API that both sides speak; `nil` without one.
    package func version(of apiKey: APIKey, within known: ClosedRange<Int16>) -> Int16? {
        self.versions.highest(of: apiKey, within: known)
    }

    /// Sends a request and awaits its response.
    ///
    /// - Parameters:
    ///   - versionMax: the newest version whose fields the caller has filled in; `nil` for the schema's newest.
    ///   - wait: how long the request itself asks the broker to wait, on top of the request timeout.
    /// - Throws: `ClientError`, or `CancellationError` when the task is cancelled.
    package func send<Request: KafkaRequest>(
        _ request: Request,
        versionMax: Int16? = nil,
        wait: Duration = .zero
    ) async throws -> Request.Response {
        try await self.begin(request, versionMax: versionMax, wait: wait).value()
    }

    /// Sends a request. Requests leave in the order of these calls.
    package func begin<Request: KafkaRequest>(
        _ request: Request,
        versionMax: Int16? = nil,
        wait: Duration = .zero
    ) throws(ClientError) -> PendingResponse<Request.Response> {
        let version = try self.chooseVersion(Request.self, versionMax: versionMax)
        return PendingResponse(version: version, call: self.exchange(request, version: version, wait: wait))
    }

    /// Sends a request, for callers on event loops. The future is of the connection's loop; it fails with
    /// `ClientError`.
    package func call<Request: KafkaRequest>(
        _ request: Request,
        versionMax: Int16? = nil
    ) throws(ClientError) -> EventLoopFuture<Request.Response> {
        let pending = try self.begin(request, versionMax: versionMax)
        return pending.call.promise.futureResult.flatMapThrowing { try pending.decode($0) }
    }

    /// Sends a request that the broker does not answer: Produce with acks 0. The future completes when the bytes
    /// are with the kernel.
    package func post<Request: KafkaRequest>(
        _ request: Request,
        versionMax: Int16? = nil
    ) throws(ClientError) -> EventLoopFuture<Void> {
        let version = try self.chooseVersion(Request.self, versionMax: versionMax)
        let promise = self.channel.eventLoop.makePromise(of: Void.self)
        let clientID = self.settings.clientID
        self.channel.eventLoop.execute { [handler] in
            let handler = handler.value
            var frame = ByteBuffer()
            request.encodeFrame(
                into: &frame,
                version: version,
                correlationID: handler.makeCorrelationID(),
                clientID: clientID
            )
            handler.post(frame, promise: promise)
        }
        return promise.futureResult
    }

    package func close() async {
        try? await self.channel.close()
    }

    /// Closes the connection, without waiting for it.
    package func end() { self.channel.close(promise: nil) }

    /// Calls `action` once, on the connection's loop, when the connection is closed: later, or at once.
    package func onClose(_ action: @escaping @Sendable () -> Void) {
        self.channel.closeFuture.whenComplete { _ in action() }
    }

    private func chooseVersion<Request: KafkaRequest>(
        _ type: Request.Type,
        versionMax: Int16?
    ) throws(ClientError) -> Int16 {
        let lower = Request.versions.lowerBound
        let upper = max(lower, min(versionMax ?? .max, Request.versions.upperBound))
        guard let version = self.versions.highest(of: Request.apiKey, within: lower...upper) else {
            throw ClientError(
                .unsupportedVersion,
                "\(self.address) does not serve \(Request.apiKey) in a version from \(lower) to \(upper)"
            )
        }
        return version
    }

    private func exchange<Request: KafkaRequest>(
        _ request: Request,
        version: Int16,
        wait: Duration
    ) -> PendingCall {
        let call = PendingCall(address: self.address, handler: self.handler, loop: self.channel.eventLoop)
        let timeout = TimeAmount(self.settings.requestTimeout + wait)
        let clientID = self.settings.clientID
        // Encoded on the loop: large produce requests are copied there, small ones cost nothing.
        self.channel.eventLoop.execute { [handler] in
            let handler = handler.value
            let correlationID = handler.makeCorrelationID()
            guard call.begin(correlationID) else { return }
            var frame = ByteBuffer()
            request.encodeFrame(into: &frame, version: version, correlationID: correlationID, clientID: clientID)
            handler.call(frame, correlationID: correlationID, timeout: timeout, promise: call.promise)
        }
        return call
    }

    /// The ApiVersions exchange. A broker that does not know our version answers UNSUPPORTED_VERSION in version 0
    /// with the versions that it does know (KIP-511).
    private func askVersions() async throws -> ServedVersions {
        let request = ApiVersionsRequest(
            clientSoftwareName: "millrace",
            clientSoftwareVersion: self.settings.softwareVersion
        )
        var version = ApiVersionsRequest.versions.upperBound
        while true {
            var frame = try await self.exchange(request, version: version, wait: .zero).value()
            let isRefused =
                frame.getInteger(at: frame.readerIndex, as: Int16.self) == ErrorCode.unsupportedVersion.rawValue
            if isRefused, version > 0 {
                // Some brokers (librdkafka's mock) do not write that answer in version 0; then 0 is worth a try.
                let served = try? ServedVersions(ApiVersionsResponse.decode(from: &frame, version: 0))
                version = served?.highest(of: .apiVersions, within: 0...(version - 1)) ?? 0
                continue
            }
            let response: ApiVersionsResponse
            do {
                response = try ApiVersionsResponse.decode(from: &frame, version: version)
            } catch {
                throw ClientError(
                    .malformedResponse,
                    "\(self.address) does not speak Kafka's protocol (\(error)); give the address of a Kafka listener"
                )
            }
            guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "ApiVersions") }
            return ServedVersions(response)
        }
    }

    private static func unreachable(_ address: BrokerAddress, _ error: any Error) -> ClientError {
        let cause =
            switch error {
            case let error as IOError where error.errnoCode == ECONNREFUSED: "connection refused"
            case let error as IOError where error.errnoCode == ETIMEDOUT: "connection timed out"
            case let error as NIOConnectionError: Self.cause(error)
            case ChannelError.connectTimeout(_): "connection timed out"
            default: "\(error)"
            }
        return ClientError(
            .unreachable,
            "cannot connect to \(address): \(cause); start a server there or give another address"
        )
    }

    private static func cause(_ error: NIOConnectionError) -> String {
        if !error.connectionErrors.isEmpty {
            let isRefused = error.connectionErrors.contains { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }
            if isRefused { return "connection refused" }
            return "\(error.connectionErrors[0].error)"
        }
        return "the host name is not known"
    }
}
