internal import Broker
internal import Coordination
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import RecordBatch
internal import TransactionCoordinator

// The first batch of a transaction in a partition waits for the coordinator: clients of version 12 and later add the
// partition by producing, earlier ones have added it, which is verified (KIP-890).

extension ProduceOperation {
    /// A batch that waits for the coordinator.
    struct TransactionQuestion {
        var question: HostedPartition.TransactionQuestion
        var partition: HostedPartition
        var data: ProduceRequest.Partition
        var topicIndex: Int
        var partitionIndex: Int
    }

    /// The producer of a transactional batch; `nil` for others, and for bytes that are not a batch.
    static func transactionalProducer(of records: ByteBuffer) -> TransactionalProducer? {
        guard records.readableBytes >= RecordBatchHeader.encodedLength,
            let header = try? RecordBatchHeader(reading: records, at: records.readerIndex),
            header.attributes.isTransactional
        else { return nil }
        return TransactionalProducer(id: header.producerID, epoch: header.producerEpoch)
    }

    /// Asks about all partitions of the request together, once for each producer: there is one.
    func askCoordinator() {
        let questions = self.state.value.questions
        self.state.value.questions = []
        for (producer, questions) in Dictionary(grouping: questions, by: { $0.question.producer }) {
            let asked = NIOLoopBound(questions, eventLoop: self.eventLoop)
            let identity = TransactionalIdentity(
                transactionalID: self.request.transactionalID ?? "",
                producerID: producer.id,
                epoch: producer.epoch
            )
            let partitions = Set(questions.map { Self.place(of: $0) })
            let transactions = self.call.broker.transactionMembership
            if self.call.version >= 12 {
                transactions.add(partitions, to: identity, on: self.eventLoop) { error in
                    self.answered(asked.value, error) { _ in true }
                }
            } else {
                transactions.verify(partitions, in: identity, on: self.eventLoop) { error, missing in
                    self.answered(asked.value, error) { !missing.contains($0) }
                }
            }
        }
    }

    private static func place(of question: TransactionQuestion) -> TransactionPartition {
        TransactionPartition(
            topic: question.partition.topicName,
            partition: question.partition.partition.partition
        )
    }

    private func answered(
        _ questions: [TransactionQuestion],
        _ error: TransactionError?,
        _ contains: (TransactionPartition) -> Bool
    ) {
        for asked in questions {
            let error = error ?? (contains(Self.place(of: asked)) ? nil : .transactionAbortable)
            let waiting = asked.partition.transactionKnown(asked.question, isOpen: error == nil)
            if let error {
                if !self.state.value.isAnswered {
                    self.fail(
                        topicIndex: asked.topicIndex,
                        partitionIndex: asked.partitionIndex,
                        ErrorCode(producing: error, version: self.call.version),
                        nil
                    )
                }
                self.oneDone()
            } else {
                self.resume(
                    asked.data,
                    in: asked.partition,
                    topicIndex: asked.topicIndex,
                    partitionIndex: asked.partitionIndex
                )
            }
            // Those that came later, in their order.
            for resume in waiting { resume() }
        }
    }

    /// Appends a batch that waited.
    func resume(
        _ data: ProduceRequest.Partition,
        in partition: HostedPartition,
        topicIndex: Int,
        partitionIndex: Int
    ) {
        var outcome = ProduceResponse.Partition(partitionIndex: data.partitionIndex, baseOffset: -1)
        if let records = data.records {
            self.append(
                records,
                to: partition,
                now: self.call.broker.environment.now(),
                topicIndex,
                partitionIndex,
                &outcome
            )
        }
        // It may have timed out meanwhile.
        if !self.state.value.isAnswered {
            self.state.value.response.topics[topicIndex].partitions[partitionIndex] = outcome
        }
        self.oneDone()
    }
}

extension EventLoop {
    /// Runs `body` on this loop: at once when there already.
    func cross(_ body: @escaping @Sendable () -> Void) {
        if self.inEventLoop { body() } else { self.execute(body) }
    }
}
