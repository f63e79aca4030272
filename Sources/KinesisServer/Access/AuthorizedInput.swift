internal import KinesisProtocol

/// An input that says which stream it is about, so that rights can be asked for before anything is done. An operation
/// whose input does not say it does not compile.
protocol AuthorizedInput: OperationInput {
    /// The stream's name, whether it exists or not; `nil` when the operation is about none.
    ///
    /// Throws when the request names its stream wrongly, as the operation would.
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String?

    /// The ARN of the consumer that the request names, which may have a policy of its own.
    var authorizedConsumer: String? { get }
}

extension AuthorizedInput {
    var authorizedConsumer: String? { nil }
}

/// An input that names its stream by `StreamName`, `StreamARN` or both.
protocol StreamInput: AuthorizedInput {
    var stream: StreamReference { get }
}

extension StreamInput {
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? { try self.stream.resolved() }
}

extension PutRecordInput: StreamInput {}
extension PutRecordsInput: StreamInput {}
extension GetShardIteratorInput: StreamInput {}
extension SplitShardInput: StreamInput {}
extension MergeShardsInput: StreamInput {}
extension UpdateShardCountInput: StreamInput {}
extension DeleteStreamInput: StreamInput {}
extension DescribeStreamInput: StreamInput {}
extension DescribeStreamSummaryInput: StreamInput {}
extension RetentionInput: StreamInput {}
extension EncryptionInput: StreamInput {}
extension MonitoringInput: StreamInput {}
extension AddTagsToStreamInput: StreamInput {}
extension RemoveTagsFromStreamInput: StreamInput {}
extension ListTagsForStreamInput: StreamInput {}

extension UpdateStreamInput: AuthorizedInput {
    /// Several operations share the input, and each says itself which form of the name it needs.
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? {
        self.stream.isEmpty ? nil : try self.stream.resolved()
    }
}

extension GetRecordsInput: AuthorizedInput {
    /// The iterator names it, which is opened once: `GetRecordsOperation` asks.
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? { nil }
}

extension ListShardsInput: AuthorizedInput {
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? {
        // Members that exclude one another are refused in the operation's own words.
        _ = try self.checkedFilter()
        guard let token = self.nextToken else { return try self.stream.resolved() }
        return try ShardPageToken(
            token,
            sealer: service.sealer,
            now: service.backend.now(),
            validity: service.settings.pageTokenValidityMilliseconds
        ).streamName
    }
}

extension CreateStreamInput: AuthorizedInput {
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? { self.streamName }
}

extension RegisterStreamConsumerInput: AuthorizedInput {
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? {
        try StreamReference(arn: self.streamARN).resolved()
    }
}

extension ListStreamConsumersInput: AuthorizedInput {
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? {
        try StreamReference(arn: self.streamARN).resolved()
    }
}

extension ConsumerReference: AuthorizedInput {
    var authorizedConsumer: String? { self.consumerARN }

    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? {
        if let arn = self.consumerARN { return ConsumerARN(text: arn)?.stream.streamName }
        return self.streamARN.flatMap { StreamARN(text: $0)?.streamName }
    }
}

extension SubscribeToShardInput: AuthorizedInput {
    var authorizedConsumer: String? { self.consumerARN }

    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? {
        self.consumerARN.flatMap { ConsumerARN(text: $0)?.stream.streamName }
    }
}

extension ResourceInput: AuthorizedInput {
    /// Of a stream or of a consumer.
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? {
        guard let arn = self.resourceARN else { return nil }
        return ConsumerARN(text: arn)?.stream.streamName ?? StreamARN(text: arn)?.streamName
    }
}

/// Inputs of operations on the account.
protocol AccountInput: AuthorizedInput {}

extension AccountInput {
    func authorizedStream(_ service: KinesisService) throws(KinesisError) -> String? { nil }
}

extension ListStreamsInput: AccountInput {}
extension DescribeLimitsInput: AccountInput {}
extension AccountSettingsInput: AccountInput {}
