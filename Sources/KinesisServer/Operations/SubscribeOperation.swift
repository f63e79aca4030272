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
            let position = input.asIterator(on: hosted.name)
            let ticket = Subscriptions.Ticket.random()
            func subscription(_ shard: Shard, of hosted: HostedTopic, from offset: Offset) -> ShardSubscription<Writer>
            {
                ShardSubscription(
                    service: self,
                    client: client,
                    access: access,
                    contentType: contentType,
                    shard: shard,
                    of: hosted,
                    from: min(max(offset, shard.startOffset), shard.endOffset ?? .max),
                    consumer: consumer,
                    ticket: ticket,
                    named: input.consumerARN,
                    chargedTo: quotaClient
                )
            }
            func beginHere() {
                self.findStart(of: position, caller, on: client.eventLoop) { result in
                    switch result {
                    case .failure(let error): respond(.failure(error))
                    case .success(let (place, offset)):
                        let begun = subscription(place.shard, of: place.topic, from: offset)
                        let isBegun = begun.begin()
                        respond(isBegun ? .success(.stream(begun)) : .failure(.stillSubscribed(input.consumerARN)))
                    }
                }
            }
            guard let peers = self.backend.peerCalls,
                let shard = position.shardID.flatMap(ShardID.init(text:)).flatMap({
                    hosted.topic.shard(ordinal: Int32(bitPattern: $0.ordinal))
                })
            else { return beginHere() }
            try self.checkDryRun(input.dryRun)
            let subscriber = SubscriberID(
                stream: hosted.id,
                shard: shard.ordinal,
                consumer: consumer,
                ticket: ticket.number
            )
            ForwardedCall.start(
                .subscription(ForwardedSubscription(subscriber: subscriber, caller: caller, position: position)),
                peers: peers,
                isRepeatable: true,
                on: client.eventLoop,
                place: { self.place(of: position.shardID, in: position.stream) },
                here: beginHere
            ) { outcome in
                switch outcome {
                case .done(var fields):
                    guard let offset = fields.readInteger(as: Offset.self) else {
                        return respond(.failure(.internalFailure))
                    }
                    respond(.success(.stream(subscription(shard, of: hosted, from: offset))))
                case .refused(let error): respond(.failure(error))
                case .unavailable, .unknown:
                    respond(.failure(.shardUnavailable(shard.id, stream: hosted.name)))
                }
            }
        } catch {
            respond(.failure(error))
        }
    }

    /// The place where a subscription begins, in a shard that is led here.
    ///
    /// - Parameter respond: called on `eventLoop`.
    func findStart(
        of input: GetShardIteratorInput,
        _ caller: Caller,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<(place: Position, offset: Offset)>
    ) {
        let position: Position
        do throws(KinesisError) {
            position = try self.position(for: input, caller)
        } catch {
            return respond(.failure(error))
        }
        self.findOffset(of: position, caller, on: eventLoop) { found in
            respond(found.map { (position, $0) })
        }
    }
}

extension KinesisError {
    /// The last subscription of the consumer to the shard began less than five seconds ago.
    static func stillSubscribed(_ consumerARN: String?) -> KinesisError {
        KinesisError(
            .resourceInUse,
            "Another active subscription exists for this consumer: \(consumerARN ?? "")"
        )
    }
}
