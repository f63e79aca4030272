internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import Quotas

extension KinesisService {
    /// Begins a subscription: its answer is a stream of events.
    ///
    /// - Parameters:
    ///   - quotaClient: who is charged for what is pushed.
    ///   - respond: called on the client's event loop.
    func subscribeToShard<Writer: ShapeWriter>(
        _ input: SubscribeToShardInput,
        _ caller: Caller,
        as contentType: ContentType,
        _ writer: Writer.Type,
        client: ClientContext,
        access: KinesisAccess,
        chargedTo quotaClient: QuotaClient?,
        respond: @escaping Respond<AnswerBody>
    ) {
        do throws(KinesisError) {
            let (hosted, consumer) = try self.consumer(arn: input.consumerARN ?? "", caller)
            let position = try self.position(for: input.asIterator(on: hosted.name), caller)
            try self.checkDryRun(input.dryRun)
            func begin(_ offset: Offset) {
                let shard = position.shard
                let subscription = ShardSubscription<Writer>(
                    service: self,
                    client: client,
                    access: access,
                    contentType: contentType,
                    position: position,
                    from: min(max(offset, shard.startOffset), shard.endOffset ?? .max),
                    consumer: consumer,
                    chargedTo: quotaClient
                )
                guard subscription.begin() else {
                    respond(
                        .failure(
                            KinesisError(
                                .resourceInUse,
                                "Another active subscription exists for this consumer: \(input.consumerARN ?? "")"
                            )
                        )
                    )
                    return
                }
                respond(.success(.stream(subscription)))
            }
            switch position.start {
            case .offset(let offset): begin(offset)
            case .timestamp(let timestamp):
                let eventLoop = client.eventLoop
                let bound = NIOLoopBound((begin: begin, respond: respond), eventLoop: eventLoop)
                let end = position.log.offsets.lastStable
                self.backend.engine.findOffset(in: position.log, for: .atOrAfter(timestamp)) { found in
                    eventLoop.execute {
                        switch found {
                        case .success(let found): bound.value.begin(found?.offset ?? end)
                        case .failure(let error):
                            bound.value.respond(
                                .failure(KinesisError(error, stream: position.topic.name, account: caller.account))
                            )
                        }
                    }
                }
            }
        } catch {
            respond(.failure(error))
        }
    }
}
