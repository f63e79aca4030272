internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import RecordBatch

/// How batches leave and what their answers mean.
extension Producer {
    /// Sends what can be sent: one request per broker with batches of several partitions, as long as it may have more
    /// requests on the way.
    func pump() {
        while self.sendRound() {}
    }

    /// Sends at most one request to each broker; whether one was sent.
    private func sendRound() -> Bool {
        let now = ContinuousClock.now
        var requests: [BrokerID: (batches: [SealedBatch], bytes: Int)] = [:]
        var remaining: [NamedPartition] = []
        for partition in self.waiting {
            if self.offer(partition, now: now, into: &requests) { remaining.append(partition) }
        }
        self.waiting = remaining
        for (broker, request) in requests { self.transmit(request.batches, to: broker) }
        return !requests.isEmpty
    }

    /// Puts a partition's next batch into its leader's request. True when the partition has to be looked at again.
    private func offer(
        _ partition: NamedPartition,
        now: ContinuousClock.Instant,
        into requests: inout [BrokerID: (batches: [SealedBatch], bytes: Int)]
    ) -> Bool {
        guard let queue = self.queues[partition] else { return false }
        if queue.awaitsIdentity {
            self.start(.identify(partition))
            return false
        }
        guard queue.hasWork(inFlightMax: self.settings.batchesInFlightMax) else { return false }
        if let resumesAt = queue.resumesAt, resumesAt > now {
            self.start(.pump(after: resumesAt - now))
            return true
        }
        guard let leader = self.layouts[partition.topic]?.leader(of: partition.partition) else {
            self.askForLeader(of: partition.topic)
            return true
        }
        guard self.connections[leader]?.isOpen == true else {
            if self.connecting.insert(leader).inserted { self.start(.connect(leader)) }
            return true
        }
        let bytes = requests[leader]?.bytes ?? 0
        guard self.requestsInFlight[leader, default: 0] < self.settings.requestsInFlightMax,
            bytes == 0 || bytes + queue.nextBytes <= self.settings.requestBytesMax
        else { return true }
        do {
            let batch = try self.queues[partition]?.next(lost: { lost in
                self.settle(lost, error: ClientError(.invalidArgument, "a batch could not be compressed"))
            })
            guard let batch else { return false }
            requests[leader, default: ([], 0)].batches.append(batch)
            requests[leader]?.bytes += batch.records.readableBytes
        } catch {}
        return self.queues[partition]?.hasWork(inFlightMax: self.settings.batchesInFlightMax) ?? false
    }

    private func transmit(_ batches: [SealedBatch], to broker: BrokerID) {
        guard let connection = self.connections[broker] else { return }
        var topics: [ProduceRequest.Topic] = []
        var hasIDs = true
        for batch in batches {
            let partition = ProduceRequest.Partition(
                partitionIndex: batch.partition.partition,
                records: batch.records
            )
            if let index = topics.firstIndex(where: { $0.name == batch.partition.topic }) {
                topics[index].partitions.append(partition)
            } else {
                let topicID = self.layouts[batch.partition.topic]?.topicID ?? .zero
                if topicID == .zero { hasIDs = false }
                topics.append(
                    ProduceRequest.Topic(name: batch.partition.topic, topicID: topicID, partitions: [partition])
                )
            }
        }
        let request = ProduceRequest(
            acks: self.settings.acks.rawValue,
            timeoutMs: self.settings.timeout.wireMilliseconds,
            topics: topics
        )
        let versionMax: Int16? = hasIDs ? nil : 12
        self.requestsInFlight[broker, default: 0] += 1
        do {
            if self.settings.acks == .none {
                self.start(.posted(try connection.post(request, versionMax: versionMax), batches, broker))
            } else {
                self.start(.receive(try connection.begin(request, versionMax: versionMax), batches, broker))
            }
        } catch {
            self.requestsInFlight[broker, default: 1] -= 1
            for batch in batches { self.cameBack(batch, error) }
        }
    }

    func receive(
        _ pending: PendingResponse<ProduceResponse>,
        _ batches: [SealedBatch],
        from broker: BrokerID
    ) async {
        let outcome: Result<ProduceResponse, any Error>
        do {
            outcome = .success(try await pending.value())
        } catch {
            outcome = .failure(error)
        }
        self.requestsInFlight[broker, default: 1] -= 1
        switch outcome {
        case .success(let response):
            for batch in batches { self.answered(batch, response) }
        case .failure(let error):
            self.connections[broker] = nil
            for batch in batches { self.cameBack(batch, Self.clientError(error)) }
        }
        self.pump()
    }

    func posted(_ future: EventLoopFuture<Void>, _ batches: [SealedBatch], to broker: BrokerID) async {
        do {
            try await future.get()
            for batch in batches {
                self.queues[batch.partition]?.finished()
                self.settle(batch)
                self.enlist(batch.partition)
            }
        } catch {
            self.connections[broker] = nil
            for batch in batches { self.cameBack(batch, Self.clientError(error)) }
        }
        self.requestsInFlight[broker, default: 1] -= 1
        self.pump()
    }

    private func answered(_ batch: SealedBatch, _ response: ProduceResponse) {
        let topicID = self.layouts[batch.partition.topic]?.topicID
        let answer = response.topics
            .first { $0.name == batch.partition.topic || ($0.topicID != .zero && $0.topicID == topicID) }?
            .partitions.first { $0.partitionIndex == batch.partition.partition }
        guard let answer else {
            let message = "the broker did not answer for \(batch.partition)"
            self.cameBack(batch, ClientError(.malformedResponse, message))
            return
        }
        // A duplicate was written by an earlier attempt whose answer was lost.
        guard answer.errorCode == .none || answer.errorCode == .duplicateSequenceNumber else {
            let text = answer.errorMessage ?? answer.recordErrors.first?.batchIndexErrorMessage
            self.cameBack(
                batch,
                ClientError.server(answer.errorCode, "partition \(batch.partition)", message: text)
            )
            return
        }
        self.queues[batch.partition]?.finished()
        self.queues[batch.partition]?.resumesAt = nil
        self.settle(batch, baseOffset: answer.baseOffset)
        self.enlist(batch.partition)
    }

    /// A batch was not written, or may not have been.
    private func cameBack(_ batch: SealedBatch, _ error: ClientError) {
        let partition = batch.partition
        let isTooLate = ContinuousClock.now - batch.begun > self.settings.deliveryTimeout
        if self.isWorthRetrying(error, in: partition), !isTooLate, batch.attempts < 1000 {
            self.countRetry()
            let pause = self.cluster.settings.backoff(afterAttempt: batch.attempts)
            self.queues[partition]?.sendAgain(batch, at: ContinuousClock.now + pause)
            if error.serverCode != nil || error.code == .connectionLost { self.askForLeader(of: partition.topic) }
        } else {
            self.queues[partition]?.finished()
            self.queues[partition]?.breakSequence()
            self.settle(batch, error: error)
            if self.queues[partition]?.isBroken == true {
                self.failSent(in: partition, begunBefore: nil, error)
            }
        }
        self.enlist(partition)
    }

    private func isWorthRetrying(_ error: ClientError, in partition: NamedPartition) -> Bool {
        // Behind a batch that has to be sent again; once the sequence is broken it never fits again.
        if error.serverCode == .outOfOrderSequenceNumber { return self.queues[partition]?.isBroken == false }
        return error.isRetriable && self.queues[partition]?.isBroken != true
    }

    private func askForLeader(of topic: String) {
        if self.refreshing.insert(topic).inserted { self.start(.refresh(topic)) }
    }

    func connect(to broker: BrokerID) async {
        do {
            self.connections[broker] = try await self.cluster.connection(to: broker)
            self.connecting.remove(broker)
        } catch {
            self.connecting.remove(broker)
            self.expire(Self.clientError(error))
            for topic in Set(self.waiting.map(\.topic)) { self.askForLeader(of: topic) }
            try? await Task.sleep(for: self.cluster.settings.retryBackoff)
        }
        self.pump()
    }

    func refresh(_ topic: String) async {
        do {
            let metadata = try await self.cluster.metadata(topics: [topic])
            if let found = metadata.topics.first(where: { $0.name == topic }), found.errorCode == .none {
                self.layouts[topic] = TopicLayout(found)
            }
        } catch {
            self.expire(Self.clientError(error))
        }
        // Not more often than this, however often sends fail.
        try? await Task.sleep(for: self.cluster.settings.retryBackoff)
        self.refreshing.remove(topic)
        self.expire(ClientError(.timedOut, "topic \(topic) has no leader that could be reached"))
        self.pump()
    }

    func identify(_ partition: NamedPartition) async {
        do {
            let identity = try await Self.newIdentity(self.cluster)
            self.queues[partition]?.begin(identity)
        } catch {
            self.failEverything(in: partition, begunBefore: nil, Self.clientError(error))
            try? await Task.sleep(for: self.cluster.settings.retryBackoff)
        }
        self.enlist(partition)
        self.pump()
    }

    /// Fails what has waited for too long.
    private func expire(_ error: ClientError) {
        let limit = ContinuousClock.now - self.settings.deliveryTimeout
        for partition in self.waiting { self.failEverything(in: partition, begunBefore: limit, error) }
    }

    private static func clientError(_ error: any Error) -> ClientError {
        (error as? ClientError) ?? ClientError(.closed, "\(error)")
    }
}
