internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model

/// Tags of both generations of calls, and resource policies.
///
/// What policies allow and deny: `policyDecision`.
extension KinesisService {
    func addTagsToStream(_ input: AddTagsToStreamInput, _ caller: Caller) async throws(KinesisError) {
        let hosted = try self.stream(input.stream, caller)
        try await self.tag(.stream(hosted), input.tags ?? [:], duplicate: input.duplicate, caller)
    }

    func removeTagsFromStream(_ input: RemoveTagsFromStreamInput, _ caller: Caller) async throws(KinesisError) {
        let hosted = try self.stream(input.stream, caller)
        try await self.untag(.stream(hosted), input.tagKeys ?? [], caller)
    }

    func listTagsForStream(_ input: ListTagsForStreamInput, _ caller: Caller) throws(KinesisError) -> ListTagsOutput {
        let hosted = try self.stream(input.stream, caller)
        var tags = Self.sorted(hosted.topic.tags)
        if let start = input.exclusiveStartTagKey { tags.removeAll { $0.key <= start } }
        let limit = Int(input.limit ?? ListTagsForStreamInput.limitMax)
        return ListTagsOutput(tags: Array(tags.prefix(limit)), hasMore: tags.count > limit)
    }

    func tagResource(_ input: ResourceInput, _ caller: Caller) async throws(KinesisError) {
        try input.require(tags: true)
        let resource = try self.resource(input.resourceARN ?? "", caller)
        try await self.tag(resource, input.tags ?? [:], duplicate: input.duplicate, caller)
    }

    func untagResource(_ input: ResourceInput, _ caller: Caller) async throws(KinesisError) {
        try input.require(tagKeys: true)
        try await self.untag(try self.resource(input.resourceARN ?? "", caller), input.tagKeys ?? [], caller)
    }

    func listTagsForResource(_ input: ResourceInput, _ caller: Caller) throws(KinesisError) -> ListTagsOutput {
        ListTagsOutput(tags: Self.sorted(try self.resource(input.resourceARN ?? "", caller).tags), hasMore: nil)
    }

    // MARK: Policies

    func putResourcePolicy(_ input: ResourceInput, _ caller: Caller) async throws(KinesisError) {
        try input.require(policy: true)
        let resource = try self.resource(input.resourceARN ?? "", caller)
        let policy = input.policy ?? ""
        try self.checkPolicy(policy)
        let attribute = resource.policyAttribute
        _ = try await self.change(resource.hosted, caller) { $0.attributes[attribute] = policy }
    }

    /// An empty policy where there is none.
    func getResourcePolicy(_ input: ResourceInput, _ caller: Caller) throws(KinesisError) -> ResourcePolicyOutput {
        let resource = try self.resource(input.resourceARN ?? "", caller)
        return ResourcePolicyOutput(policy: resource.hosted.topic.attributes[resource.policyAttribute] ?? "{}")
    }

    func deleteResourcePolicy(_ input: ResourceInput, _ caller: Caller) async throws(KinesisError) {
        let arn = input.resourceARN ?? ""
        let resource = try self.resource(arn, caller)
        let attribute = resource.policyAttribute
        guard resource.hosted.topic.attributes[attribute] != nil else {
            throw KinesisError(.resourceNotFound, "No resource policy found for resource ARN \(arn).")
        }
        _ = try await self.change(resource.hosted, caller) { $0.attributes[attribute] = nil }
    }

    // MARK: Resources

    private enum Resource: Sendable {
        case stream(HostedTopic)
        case consumer(HostedTopic, StreamConsumer)

        var hosted: HostedTopic {
            switch self {
            case .stream(let hosted), .consumer(let hosted, _): hosted
            }
        }

        var tags: [String: String] {
            switch self {
            case .stream(let hosted): hosted.topic.tags
            case .consumer(let hosted, let consumer): consumer.tags(on: hosted.topic)
            }
        }

        func setTag(_ key: String, _ value: String?, on topic: inout Topic) {
            switch self {
            case .stream: topic.tags[key] = value
            case .consumer(_, let consumer): consumer.setTag(key, value, on: &topic)
            }
        }

        var policyAttribute: String {
            switch self {
            case .stream: StreamAttributes.policy
            case .consumer(_, let consumer): consumer.policyAttribute
            }
        }
    }

    private func resource(_ arn: String, _ caller: Caller) throws(KinesisError) -> Resource {
        if ConsumerARN(text: arn) != nil {
            let (hosted, consumer) = try self.consumer(arn: arn, caller)
            return .consumer(hosted, consumer)
        }
        guard StreamARN(text: arn) != nil else {
            throw KinesisError(.resourceNotFound, "Resource \(arn) under account \(caller.account) not found.")
        }
        return .stream(try self.stream(StreamReference(arn: arn), caller))
    }

    private func tag(
        _ resource: Resource,
        _ tags: [String: String],
        duplicate: String?,
        _ caller: Caller
    ) async throws(KinesisError) {
        let count = resource.tags.merging(tags) { $1 }.count
        let name = resource.hosted.name
        try TagRules.check(tags, duplicate: duplicate, count: count, stream: name, account: caller.account)
        _ = try await self.change(resource.hosted, caller) { topic in
            for (key, value) in tags { resource.setTag(key, value, on: &topic) }
        }
    }

    /// Keys that are not there are no error.
    private func untag(_ resource: Resource, _ keys: [String], _ caller: Caller) async throws(KinesisError) {
        try TagRules.checkCharacters(keys)
        _ = try await self.change(resource.hosted, caller) { topic in
            for key in keys { resource.setTag(key, nil, on: &topic) }
        }
    }

    private static func sorted(_ tags: [String: String]) -> [Tag] {
        tags.map { Tag(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }
}
