internal import Broker
internal import Metadata
internal import Model
internal import Text

/// Creates, alters and deletes topics, and splits, merges and scales the shards of streams.
struct TopicChangeRoutes: Sendable {
    private struct CreationInput: Decodable {
        var name: String
        var partitions: Int?
        var configs: [String: String]?
        var validateOnly: Bool?
    }

    private struct ConfigsInput: Decodable {
        var set: [String: String]?
        var reset: [String]?
        var validateOnly: Bool?
    }

    private struct CountInput: Decodable { var count: Int }
    private struct SplitInput: Decodable { var at: String? }
    private struct MergeInput: Decodable { var with: String }
    private struct ScaleInput: Decodable { var shards: Int }

    private struct TrimInput: Decodable {
        var partition: Int32
        var before: Int64
    }

    /// A topic after a change.
    private struct Changed: Sendable {
        var name: String
        var partitions: Int
        var openShards: [String]
        var configs: [String: String]

        init(_ topic: Topic) {
            self.name = topic.name
            self.partitions = topic.partitions.count
            self.openShards = topic.openShards.map(\.id)
            self.configs = topic.configs
        }

        static let shape = JSONShape<Changed>(
            "ChangedTopic",
            [
                .string("name", "") { $0.name }, .integer("partitions", "") { $0.partitions },
                .strings("openShards", "") { $0.openShards },
                .dictionary("configs", "What is set of the topic.") { $0.configs },
            ]
        )
    }

    private let broker: Broker

    init(_ broker: Broker) { self.broker = broker }

    func routes(_ make: APIRoute) -> [AdminRoute] {
        [self.creation(make), self.deletion(make), self.configs(make), self.trim(make)] + self.shardRoutes(make)
    }

    // MARK: Topics

    private func creation(_ make: APIRoute) -> AdminRoute {
        make.change(
            .post,
            "/api/v1/topics",
            RouteDocumentation(
                "createTopic",
                "Creates a topic, which is a stream as well.",
                body: .object([
                    .init("name", .string),
                    .init("partitions", .integer(minimum: 1, maximum: Int64(Topic.partitionsMax)), isRequired: false),
                    .init("configs", .dictionary(.string), isRequired: false, "By Kafka's names."),
                    .init("validateOnly", .boolean, isRequired: false, "Only says whether it could be done."),
                ]),
                success: .init(status: 201, Changed.shape.schema),
                errors: [409]
            )
        ) { [broker] request in
            let input: CreationInput = try APIRoute.decode(request)
            guard !TopicName.isKafkaInternal(input.name), input.name != TopicName.clusterMetadata else {
                throw APIProblem(409, "refused", "\(input.name) is the broker's own topic.")
            }
            let topic = try await broker.control.createTopic(
                TopicCreation(
                    name: input.name,
                    id: broker.environment.makeTopicID(),
                    partitionCount: input.partitions ?? broker.configs.int("num.partitions"),
                    configs: input.configs ?? [:],
                    origin: .kafka
                ),
                validateOnly: input.validateOnly ?? false
            )
            let action = input.validateOnly == true ? "validate topic" : "create topic"
            return (Changed.shape.answer(Changed(topic), status: 201), Self.change(action, topic.name))
        }
    }

    private func deletion(_ make: APIRoute) -> AdminRoute {
        make.change(
            .delete,
            "/api/v1/topics/{topic}",
            RouteDocumentation(
                "deleteTopic",
                "Deletes a topic with its records.",
                success: .init(status: 204, nil),
                errors: [404, 409]
            )
        ) { [broker] request in
            let hosted = try self.topic(request)
            guard broker.settings.deletesTopics else {
                throw APIProblem(409, "refused", "Topic deletion is disabled.", hint: "Set delete.topic.enable=true.")
            }
            guard !hosted.topic.isInternal else {
                throw APIProblem(409, "refused", "\(hosted.name) is the broker's own topic.")
            }
            try await broker.control.deleteTopic(named: hosted.name, id: hosted.id)
            return (.noContent, Self.change("delete topic", hosted.name))
        }
    }

    private func configs(_ make: APIRoute) -> AdminRoute {
        make.change(
            .post,
            "/api/v1/topics/{topic}/configs",
            RouteDocumentation(
                "alterTopicConfigs",
                "Sets settings of a topic, or takes them back to what they are by default.",
                body: .object([
                    .init("set", .dictionary(.string), isRequired: false, "Values by Kafka's names."),
                    .init("reset", .array(.string), isRequired: false, "Names."),
                    .init("validateOnly", .boolean, isRequired: false, "Only says whether it could be done."),
                ]),
                success: .init(Changed.shape.schema),
                errors: [404, 409]
            )
        ) { [broker] request in
            let input: ConfigsInput = try APIRoute.decode(request)
            let hosted = try self.topic(request)
            let (set, reset) = (input.set ?? [:], input.reset ?? [])
            let topic = try await broker.control.alterConfigs(
                of: hosted.name,
                validateOnly: input.validateOnly ?? false
            ) { configs throws(BrokerError) in
                var configs = configs
                for name in reset { configs[name] = nil }
                return configs.merging(set) { $1 }
            }
            let action = input.validateOnly == true ? "validate topic configs" : "alter topic configs"
            return (Changed.shape.answer(Changed(topic)), Self.change(action, topic.name))
        }
    }

    private func trim(_ make: APIRoute) -> AdminRoute {
        let schema = JSONSchema.object([.init("logStartOffset", .integer())])
        return make.change(
            .post,
            "/api/v1/topics/{topic}/trim",
            RouteDocumentation(
                "trimPartition",
                "Deletes the records of a partition before an offset; -1 for all there are.",
                body: .object([.init("partition", .integer(minimum: 0)), .init("before", .integer(minimum: -1))]),
                success: .init(schema),
                errors: [404, 409]
            )
        ) { [broker] request in
            let input: TrimInput = try APIRoute.decode(request)
            let hosted = try self.topic(request)
            guard !hosted.topic.isInternal else {
                throw APIProblem(409, "refused", "\(hosted.name) is the broker's own topic.")
            }
            guard hosted.has(input.partition) else {
                throw APIProblem(404, "partition-not-found", "\(hosted.name) has no partition \(input.partition).")
            }
            let start = try hosted.partition(input.partition).deleteRecords(before: input.before)
            try await broker.persistLogStarts()
            let answer = AdminAnswer.json { json in
                json.object { json in
                    json.key("logStartOffset")
                    json.number(start)
                }
            }
            return (answer, Self.change("delete records", "\(hosted.name)-\(input.partition) before \(start)"))
        }
    }

    // MARK: Partitions and shards

    private func shardRoutes(_ make: APIRoute) -> [AdminRoute] {
        [
            self.reshape(
                make,
                "partitions",
                "createPartitions",
                "Adds partitions: makes them so many. The widest shards are split.",
                body: .object([.init("count", .integer(minimum: 1, maximum: Int64(Topic.partitionsMax)))])
            ) { broker, hosted, request in
                let input: CountInput = try APIRoute.decode(request)
                return try await broker.control.createPartitions(of: hosted.name, count: input.count)
            },
            self.reshape(
                make,
                "scale",
                "scaleStream",
                "Makes a stream have so many open shards of equal ranges.",
                body: .object([.init("shards", .integer(minimum: 1, maximum: Int64(Topic.partitionsMax)))])
            ) { broker, hosted, request in
                let input: ScaleInput = try APIRoute.decode(request)
                guard (1...Topic.partitionsMax).contains(input.shards) else {
                    throw APIProblem.badRequest("shards is a number from 1 to \(Topic.partitionsMax).")
                }
                return try await broker.control.updateShardCount(of: hosted.name, target: input.shards)
            },
            self.reshape(
                make,
                "shards/{shard}/split",
                "splitShard",
                "Splits a shard, in its middle unless a hash key is given.",
                body: .object([
                    .init("at", .string, isRequired: false, "Where the right child begins, in decimal digits.")
                ])
            ) { broker, hosted, request in
                let input: SplitInput = try APIRoute.decode(request)
                let shard = try Self.shard(request.parameter("shard"), of: hosted.topic)
                let given = input.at.flatMap { UInt128($0) }
                guard input.at == nil || given != nil else {
                    throw APIProblem.badRequest("at is a hash key in decimal digits.")
                }
                guard let hash = given ?? shard.hashRange.middle else {
                    throw APIProblem(409, "refused", "\(shard.id) has one hash key only.")
                }
                return try await broker.control.splitShard(
                    of: hosted.name,
                    ordinal: shard.ordinal,
                    newStartingHash: hash
                )
            },
            self.reshape(
                make,
                "shards/{shard}/merge",
                "mergeShards",
                "Merges a shard with one whose range is next to its own.",
                body: .object([.init("with", .string, "A shard's ID.")])
            ) { broker, hosted, request in
                let input: MergeInput = try APIRoute.decode(request)
                let pair = [
                    try Self.shard(request.parameter("shard"), of: hosted.topic),
                    try Self.shard(input.with, of: hosted.topic),
                ].sorted { $0.hashRange.lower < $1.hashRange.lower }
                return try await broker.control.mergeShards(
                    of: hosted.name,
                    ordinal: pair[0].ordinal,
                    adjacent: pair[1].ordinal
                )
            },
        ]
    }

    private func reshape(
        _ make: APIRoute,
        _ path: String,
        _ operation: String,
        _ summary: String,
        body: JSONSchema,
        _ change: @escaping @Sendable (Broker, HostedTopic, AdminRequest) async throws -> Topic
    ) -> AdminRoute {
        make.change(
            .post,
            "/api/v1/topics/{topic}/" + path,
            RouteDocumentation(
                operation,
                summary,
                body: body,
                success: .init(Changed.shape.schema),
                errors: [404, 409]
            )
        ) { [broker] request in
            let hosted = try self.topic(request)
            guard !hosted.topic.isInternal else {
                throw APIProblem(409, "refused", "\(hosted.name) is the broker's own topic.")
            }
            let topic = try await change(broker, hosted, request)
            return (Changed.shape.answer(Changed(topic)), Self.change(operation, topic.name))
        }
    }

    private func topic(_ request: AdminRequest) throws(APIProblem) -> HostedTopic {
        let name = request.parameter("topic")
        guard let hosted = self.broker.topics.topic(named: name) else { throw .noTopic(name) }
        return hosted
    }

    private static func shard(_ id: String, of topic: Topic) throws(APIProblem) -> Shard {
        guard let shard = topic.shard(id: id) else {
            throw APIProblem(404, "shard-not-found", "\(topic.name) has no shard \(id.prefix(64)).")
        }
        return shard
    }

    private static func change(_ action: String, _ topic: String) -> APIRoute.Change {
        APIRoute.Change(action: action, resource: "TOPIC:\(topic)")
    }
}
