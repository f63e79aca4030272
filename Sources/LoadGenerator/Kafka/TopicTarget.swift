package import ClientTLS
package import KafkaClient
internal import KafkaProtocol
package import Model

/// The topic that a load is driven at: found, or created for the occasion.
package struct TopicTarget: Sendable {
    package var name: String
    package var topicID: TopicID
    /// The leading broker of each partition.
    package var leaders: [Int32]
    package var addresses: [Int32: BrokerAddress]
    /// As the cluster's other connections; `nil` for plain text.
    package var tls: ClientTLS?
    /// Whether `prepare` has created it.
    package var isNew: Bool

    package struct Wish: Sendable, Equatable {
        /// `nil` for a new topic with a name of its own.
        package var name: String?
        /// Of a topic that is created.
        package var partitions: Int32
        package var configs: [(name: String, value: String)]
        /// Leave a created topic when the load is over.
        package var isKept: Bool

        package init(
            name: String?,
            partitions: Int32 = 1,
            configs: [(name: String, value: String)] = [],
            isKept: Bool = false
        ) {
            self.name = name
            self.partitions = partitions
            self.configs = configs
            self.isKept = isKept
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.name == right.name && left.partitions == right.partitions && left.isKept == right.isKept
                && left.configs.elementsEqual(right.configs, by: { $0 == $1 })
        }
    }

    /// Finds the topic or creates it, and waits until every partition has a leader.
    ///
    /// - Throws: `ClientError`, `LoadFailure`.
    package static func prepare(_ wish: Wish, in cluster: KafkaCluster, mayCreate: Bool = true) async throws -> Self {
        var isNew = false
        let name = wish.name ?? "bench-\(LoadClock.wallMilliseconds)-\(UInt16.random(in: 0 ... .max))"
        if wish.name == nil || mayCreate {
            do {
                if wish.name == nil { throw ClientError.server(.unknownTopicOrPartition, "topic \(name)") }
                _ = try await cluster.layout(of: name, refresh: true)
            } catch let error as ClientError where error.serverCode == .unknownTopicOrPartition {
                try await Admin(cluster: cluster).createTopic(
                    name,
                    partitions: wish.partitions,
                    configs: wish.configs
                )
                isNew = true
            }
        }
        let layout = try await Self.ledLayout(of: name, in: cluster, isNew: isNew)
        let leaders = layout.partitions.compactMap(\.leader?.rawValue)
        var addresses: [Int32: BrokerAddress] = [:]
        for leader in Set(leaders) {
            addresses[leader] = try await cluster.connection(to: BrokerID(leader)).address
        }
        return TopicTarget(
            name: name,
            topicID: layout.topicID,
            leaders: leaders,
            addresses: addresses,
            tls: cluster.settings.tls,
            isNew: isNew
        )
    }

    private static func ledLayout(
        of name: String,
        in cluster: KafkaCluster,
        isNew: Bool
    ) async throws -> TopicLayout {
        try await cluster.retrying(while: {
            $0.isRetriable && (isNew || $0.serverCode != .unknownTopicOrPartition) && $0.code != .unreachable
        }) {
            let layout = try await cluster.layout(of: name, refresh: true)
            guard layout.partitions.allSatisfy({ $0.leader != nil }) else {
                throw ClientError.server(.leaderNotAvailable, "topic \(name)")
            }
            return layout
        }
    }

    /// The newest version of an API that all leaders and this program speak.
    func version(
        of apiKey: APIKey,
        within known: ClosedRange<Int16>,
        in cluster: KafkaCluster
    ) async throws -> Int16 {
        var version = known.upperBound
        for leader in self.addresses.keys {
            let connection = try await cluster.connection(to: BrokerID(leader))
            guard let served = connection.version(of: apiKey, within: known) else {
                throw LoadFailure(
                    "\(connection.address) does not serve \(apiKey) in a version from \(known.lowerBound) to "
                        + "\(known.upperBound)"
                )
            }
            version = min(version, served)
        }
        return version
    }

    /// Deletes the topic if it was created for the load and is not to be kept.
    func remove(_ wish: Wish, from cluster: KafkaCluster) async throws {
        guard self.isNew, !wish.isKept else { return }
        try await Admin(cluster: cluster).deleteTopic(self.name)
    }

    /// Runs `body` and removes the topic afterwards, also when `body` throws.
    package static func with<Value: Sendable>(
        _ wish: Wish,
        in cluster: KafkaCluster,
        mayCreate: Bool = true,
        _ body: (TopicTarget) async throws -> Value
    ) async throws -> Value {
        let target = try await Self.prepare(wish, in: cluster, mayCreate: mayCreate)
        let value: Value
        do {
            value = try await body(target)
        } catch {
            // The first error is the one to tell. A cancelled task could not send any more, so this runs in its own.
            let removal = Task { try await target.remove(wish, from: cluster) }
            _ = await removal.result
            throw error
        }
        try await target.remove(wish, from: cluster)
        return value
    }
}
