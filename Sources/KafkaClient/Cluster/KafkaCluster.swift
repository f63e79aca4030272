package import KafkaProtocol
package import Model
package import NIOCore
internal import NIOPosix

/// The brokers of a cluster: one connection to each that is needed, and what is known of the topics.
///
/// Give it to `Admin`, `Producer`, `Consumer` and `GroupConsumer`, which share its connections, and `close` it last.
package actor KafkaCluster {
    package nonisolated let settings: ClientSettings
    private let bootstrap: [BrokerAddress]
    private let group: any EventLoopGroup
    private var brokers: [BrokerID: BrokerAddress] = [:]
    private var connections: [BrokerAddress: BrokerConnection] = [:]
    private var connecting: [BrokerAddress: Task<BrokerConnection, any Error>] = [:]
    private var topics: [String: TopicLayout] = [:]
    private var isClosed = false
    private(set) package var controllerID: BrokerID?

    /// Connects lazily: nothing happens before the first request.
    package init(
        bootstrap: [BrokerAddress],
        settings: ClientSettings = ClientSettings(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.bootstrap = bootstrap
        self.settings = settings
        self.group = group
    }

    /// Closes every connection. Requests in flight fail.
    package func close() async {
        self.isClosed = true
        let connections = self.connections.values
        self.connections = [:]
        for connection in connections { await connection.close() }
    }

    // MARK: - Connections

    /// A connection to any broker: one that is open, else to the bootstrap addresses in turn.
    package func anyConnection() async throws -> BrokerConnection {
        if let open = self.connections.values.first(where: \.isOpen) { return open }
        var failure: any Error = ClientError(.invalidArgument, "no bootstrap address is given")
        for address in self.bootstrap + self.brokers.values where !self.isClosed {
            do {
                return try await self.connection(to: address)
            } catch let error as ClientError {
                failure = error
            }
        }
        throw failure
    }

    /// The connection to a broker that metadata has named.
    package func connection(to broker: BrokerID) async throws -> BrokerConnection {
        if self.brokers[broker] == nil { _ = try await self.metadata(topics: []) }
        guard let address = self.brokers[broker] else {
            throw ClientError.server(.brokerNotAvailable, "broker \(broker)")
        }
        return try await self.connection(to: broker, at: address)
    }

    /// - Throws: `.connectionLost`, which is worth another attempt, when this broker cannot be reached and another one
    ///   can: it may say by then who has what this one had. What was known of this one is forgotten.
    private func connection(to broker: BrokerID, at address: BrokerAddress) async throws -> BrokerConnection {
        do {
            return try await self.connection(to: address)
        } catch let error as ClientError where error.code == .unreachable {
            self.brokers[broker] = nil
            self.topics = [:]
            if self.controllerID == broker { self.controllerID = nil }
            guard (try? await self.anyConnection()) != nil else { throw error }
            throw ClientError(.connectionLost, error.message)
        }
    }

    package func connection(to address: BrokerAddress) async throws -> BrokerConnection {
        guard !self.isClosed else { throw ClientError(.closed, "the client is closed") }
        if let open = self.connections[address], open.isOpen { return open }
        if let running = self.connecting[address] { return try await running.value }
        let task = Task { [settings, group] in
            try await BrokerConnection.connect(to: address, settings: settings, on: group)
        }
        self.connecting[address] = task
        defer { self.connecting[address] = nil }
        let connection = try await task.value
        guard !self.isClosed else {
            await connection.close()
            throw ClientError(.closed, "the client is closed")
        }
        self.connections[address] = connection
        return connection
    }

    /// The connection to the controller, or to any broker where the controller is hidden (KRaft forwards to it).
    package func controllerConnection() async throws -> BrokerConnection {
        if self.controllerID == nil { _ = try await self.metadata(topics: []) }
        if let id = self.controllerID, self.brokers[id] != nil {
            do {
                return try await self.connection(to: id)
            } catch let error as ClientError where error.code == .connectionLost {
                return try await self.anyConnection()
            }
        }
        return try await self.anyConnection()
    }

    /// The connection to the coordinator of a group. Each call asks for the coordinator again.
    package func coordinatorConnection(of group: GroupID) async throws -> BrokerConnection {
        try await self.retrying {
            let response = try await self.anyConnection().send(
                FindCoordinatorRequest(key: group.rawValue),
                versionMax: 3
            )
            guard response.errorCode == .none else {
                throw ClientError.server(response.errorCode, "group \(group)", message: response.errorMessage)
            }
            let address = BrokerAddress(host: response.host, port: Int(response.port))
            self.brokers[response.nodeID] = address
            return try await self.connection(to: response.nodeID, at: address)
        }
    }

    // MARK: - Metadata

    /// Asks for the brokers and some topics (`nil` for all) and remembers both.
    package func metadata(topics: [String]?, createMissing: Bool = false) async throws -> MetadataResponse {
        let connection = try await self.anyConnection()
        var request = MetadataRequest(
            topics: topics.map { $0.map { MetadataRequest.Topic(name: $0) } },
            allowAutoTopicCreation: createMissing
        )
        // Version 0 has no null: there an empty list asks for all. Below version 4 every request may create topics.
        if request.topics == nil, connection.version(of: .metadata, within: 0...13) == 0 { request.topics = [] }
        if let version = connection.version(of: .metadata, within: 0...13), version < 4 {
            request.allowAutoTopicCreation = true
        }
        let response = try await connection.send(request)
        guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "metadata") }
        for broker in response.brokers {
            self.brokers[broker.nodeID] = BrokerAddress(host: broker.host, port: Int(broker.port))
        }
        self.controllerID = response.controllerID.rawValue < 0 ? nil : response.controllerID
        for topic in response.topics {
            guard let name = topic.name else { continue }
            self.topics[name] = topic.errorCode == .none ? TopicLayout(topic) : nil
        }
        return response
    }

    /// The layout of a topic, from memory or from a broker.
    ///
    /// - Parameters:
    ///   - refresh: ask even if it is known: a leader has moved or partitions were added.
    ///   - createMissing: let the broker create the topic if its settings allow that, and wait until it has leaders.
    /// - Throws: `ClientError` with `.server(.unknownTopicOrPartition)` when the topic does not exist.
    package func layout(
        of topic: String,
        refresh: Bool = false,
        createMissing: Bool = false
    ) async throws -> TopicLayout {
        if !refresh, let known = self.topics[topic] { return known }
        let isWorthRetrying: @Sendable (ClientError) -> Bool = {
            createMissing ? $0.isRetriable : $0.isRetriable && $0.serverCode != .unknownTopicOrPartition
        }
        // A topic that the broker creates on demand answers within moments; one that it does not create never will.
        let limit = createMissing ? min(self.settings.retryTimeout, .seconds(5)) : self.settings.retryTimeout
        return try await self.retrying(for: limit, while: isWorthRetrying) {
            let response = try await self.metadata(topics: [topic], createMissing: createMissing)
            guard let found = response.topics.first(where: { $0.name == topic }) else {
                throw Self.unknown(topic)
            }
            guard found.errorCode == .none else {
                throw found.errorCode == .unknownTopicOrPartition
                    ? Self.unknown(topic) : ClientError.server(found.errorCode, "topic \(topic)")
            }
            let layout = TopicLayout(found)
            guard !layout.partitions.isEmpty else {
                throw ClientError.server(.leaderNotAvailable, "topic \(topic)")
            }
            return layout
        }
    }

    /// Forgets a topic, so that the next `layout` asks a broker.
    package func forget(_ topic: String) {
        self.topics[topic] = nil
    }

    private static func unknown(_ topic: String) -> ClientError {
        ClientError(
            .server(.unknownTopicOrPartition),
            "topic \(topic) does not exist; create it with `millrace topic create \(topic)`"
        )
    }

    // MARK: - Trying again

    /// Runs `body` until it succeeds, fails for good or the retry timeout is over; then throws its last error.
    package nonisolated func retrying<Value: Sendable>(
        for limit: Duration? = nil,
        while isRetriable: @Sendable (ClientError) -> Bool = { $0.isRetriable && $0.code != .unreachable },
        _ body: () async throws -> sending Value
    ) async throws -> sending Value {
        let end = ContinuousClock.now + (limit ?? self.settings.retryTimeout)
        var attempt = 0
        while true {
            do {
                return try await body()
            } catch let error as ClientError where isRetriable(error) {
                let pause = self.settings.backoff(afterAttempt: attempt)
                guard ContinuousClock.now + pause < end else { throw error }
                try await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }
}
