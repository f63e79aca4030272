internal import KafkaProtocol
internal import Model
internal import NIOCore

/// A setting's new value, or `nil` for its default.
package struct ConfigChange: Sendable {
    package var name: String
    package var value: String?

    package init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

extension Admin {
    /// Adds partitions to a topic.
    ///
    /// - Parameters:
    ///   - count: how many there shall be.
    ///   - validatesOnly: only ask whether that is possible.
    package func createPartitions(_ topic: String, count: Int32, validatesOnly: Bool = false) async throws {
        let request = CreatePartitionsRequest(
            topics: [CreatePartitionsRequest.Topic(name: topic, count: count, assignments: nil)],
            timeoutMs: 30_000,
            validateOnly: validatesOnly
        )
        try await self.retryingUnless([.unknownTopicOrPartition]) {
            let response = try await self.cluster.controllerConnection().send(request, wait: .seconds(30))
            guard let answer = response.topics.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for topic \(topic)")
            }
            guard answer.errorCode == .none else {
                throw ClientError.server(answer.errorCode, "topic \(topic)", message: answer.errorMessage)
            }
        }
        await self.cluster.forget(topic)
    }

    /// Every setting of a topic, by name.
    package func topicConfigs(_ topic: String) async throws -> [ConfigEntry] {
        // 2 is a topic, and 1 the source of a setting of the topic's own.
        try await self.configs(resourceType: 2, topic, as: "topic \(topic)", ownSource: 1)
    }

    /// Every property of a broker, by name.
    package func brokerConfigs(_ broker: Int32) async throws -> [ConfigEntry] {
        // 4 is a broker, and 4 the source of its own configuration file.
        try await self.configs(resourceType: 4, "\(broker)", as: "broker \(broker)", ownSource: 4)
    }

    private func configs(
        resourceType: Int8,
        _ name: String,
        as subject: String,
        ownSource: Int8
    ) async throws -> [ConfigEntry] {
        let request = DescribeConfigsRequest(
            resources: [.init(resourceType: resourceType, resourceName: name, configurationKeys: nil)]
        )
        return try await self.retryingUnless([.unknownTopicOrPartition]) {
            let response = try await self.cluster.anyConnection().send(request)
            guard let resource = response.resources.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for \(subject)")
            }
            guard resource.errorCode == .none else {
                throw ClientError.server(resource.errorCode, subject, message: resource.errorMessage)
            }
            return resource.configs
                .map { ConfigEntry(name: $0.name, value: $0.value, isSet: $0.configSource == ownSource) }
                .sorted { $0.name < $1.name }
        }
    }

    /// Changes some settings of a topic, all or none.
    ///
    /// - Parameter validatesOnly: only ask whether the values are valid.
    package func alterTopicConfigs(
        _ topic: String,
        _ changes: [ConfigChange],
        validatesOnly: Bool = false
    ) async throws {
        guard !changes.isEmpty else { return }
        // Resource 2 is a topic; operation 0 sets a value and 1 removes it.
        let request = IncrementalAlterConfigsRequest(
            resources: [
                .init(
                    resourceType: 2,
                    resourceName: topic,
                    configs: changes.map {
                        .init(name: $0.name, configOperation: $0.value == nil ? 1 : 0, value: $0.value)
                    }
                )
            ],
            validateOnly: validatesOnly
        )
        try await self.retryingUnless([.unknownTopicOrPartition]) {
            let response = try await self.cluster.controllerConnection().send(request, wait: .seconds(30))
            guard let answer = response.resources.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for topic \(topic)")
            }
            guard answer.errorCode == .none else {
                throw ClientError.server(answer.errorCode, "topic \(topic)", message: answer.errorMessage)
            }
        }
    }
}
