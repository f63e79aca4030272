internal import Text

/// What is set of a stream after it was made, and its consumers.
extension KinesisClient {
    struct Tag: Decodable, Sendable {
        var Key: String
        var Value: String
    }

    struct Consumer: Decodable, Sendable {
        var ConsumerName: String
        var ConsumerARN: String
        var ConsumerStatus: String
    }

    /// The stream's ARN, by which some operations want it named.
    private func arn(of name: String) async throws -> String {
        guard let arn = try await self.describeStream(name).arn else {
            throw Failure("the endpoint did not tell the ARN of stream \(name)")
        }
        return arn
    }

    func setMode(_ name: String, _ mode: String) async throws {
        let arn = try await self.arn(of: name)
        let _: Empty = try await self.call("UpdateStreamMode") { json in
            json.key("StreamARN")
            json.string(arn)
            json.key("StreamModeDetails")
            json.object { json in
                json.key("StreamMode")
                json.string(mode)
            }
        }
    }

    /// - Returns: whether it was another one before.
    func setRetention(_ name: String, hours: Int) async throws -> Bool {
        let before = try await self.describeStream(name).retentionHours ?? 0
        guard before != hours else { return false }
        let operation = hours > before ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod"
        let _: Empty = try await self.call(operation) { json in
            Self.writeName(name, to: &json)
            json.key("RetentionPeriodHours")
            json.number(hours)
        }
        return true
    }

    func tags(of name: String) async throws -> [Tag] {
        struct Answer: Decodable {
            var Tags: [Tag]
            var HasMoreTags: Bool
        }
        var tags: [Tag] = []
        while true {
            let last = tags.last?.Key
            let answer: Answer = try await self.call("ListTagsForStream") { json in
                Self.writeName(name, to: &json)
                if let last {
                    json.key("ExclusiveStartTagKey")
                    json.string(last)
                }
            }
            tags += answer.Tags
            guard answer.HasMoreTags, !answer.Tags.isEmpty else { return tags }
        }
    }

    func addTags(_ tags: [(key: String, value: String)], to name: String) async throws {
        let _: Empty = try await self.call("AddTagsToStream") { json in
            Self.writeName(name, to: &json)
            json.key("Tags")
            json.object { json in
                for tag in tags {
                    json.key(tag.key)
                    json.string(tag.value)
                }
            }
        }
    }

    func removeTags(_ keys: [String], from name: String) async throws {
        let _: Empty = try await self.call("RemoveTagsFromStream") { json in
            Self.writeName(name, to: &json)
            json.key("TagKeys")
            json.array { json in for key in keys { json.string(key) } }
        }
    }

    func consumers(of name: String) async throws -> [Consumer] {
        struct Answer: Decodable {
            var Consumers: [Consumer]
            var NextToken: String?
        }
        let arn = try await self.arn(of: name)
        var consumers: [Consumer] = []
        var token: String?
        repeat {
            let next = token
            let answer: Answer = try await self.call("ListStreamConsumers") { json in
                json.key("StreamARN")
                json.string(arn)
                if let next {
                    json.key("NextToken")
                    json.string(next)
                }
            }
            consumers += answer.Consumers
            token = answer.NextToken
        } while token != nil
        return consumers
    }

    /// - Parameter operation: `RegisterStreamConsumer` or `DeregisterStreamConsumer`.
    func changeConsumer(_ operation: String, _ consumer: String, of name: String) async throws {
        let arn = try await self.arn(of: name)
        let _: Empty = try await self.call(operation) { json in
            json.key("StreamARN")
            json.string(arn)
            json.key("ConsumerName")
            json.string(consumer)
        }
    }
}
