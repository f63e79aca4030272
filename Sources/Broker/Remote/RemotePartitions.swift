internal import KafkaProtocol
package import LogCore
package import Model
package import NIOCore

/// Why an operation on a partition of another broker failed.
package enum RemoteFailure: Error, Sendable {
    /// This broker leads the partition: use it.
    case ledHere(HostedPartition)
    /// Nothing was done.
    case refused(BrokerError)
    /// An append was sent and not answered: its records may be in the partition, or may come to be.
    case unknown(String)
}

/// Where the records of an append are.
package struct RemoteAppend: Sendable, Equatable {
    package var baseOffset: Int64
    /// Milliseconds, for topics that the leader stamps; else `-1`.
    package var appendTime: Timestamp
    /// Of the leader that took it.
    package var logStart: Int64
}

/// What to read of a partition that another broker leads.
package struct RemoteReadRequest: Sendable, Equatable {
    package var offset: Int64
    package var bytesMax: Int
    /// How long the leader may wait for records when there are none.
    package var wait: TimeAmount
    package var isolation: IsolationLevel

    package init(
        offset: Int64,
        bytesMax: Int,
        wait: TimeAmount = .zero,
        isolation: IsolationLevel = .readUncommitted
    ) {
        self.offset = offset
        self.bytesMax = bytesMax
        self.wait = wait
        self.isolation = isolation
    }
}

/// What was read.
package struct RemoteRead: Sendable {
    /// Whole batches as the log has them; the first may begin before the offset that was asked for.
    package var records: ByteBuffer
    package var highWatermark: Int64
    package var lastStable: Int64
    package var logStart: Int64
    /// With `readCommitted`: what must be left out, as producers and first offsets.
    package var aborted: [(producer: ProducerID, firstOffset: Int64)]
}

/// Where a time is in a partition.
package struct RemoteOffset: Sendable, Equatable {
    /// `-1` when there is no record of that time or later.
    package var offset: Int64
    package var timestamp: Timestamp
    package var leaderEpoch: LeaderEpoch
}

/// Partitions that other brokers lead, over their inter-broker listeners: an append is a Produce, a read a Fetch.
///
/// A partition that moves is followed until the deadline. Each call completes once, on the caller's event loop.
package struct RemotePartitions: Sendable {
    let links: any BrokerLinks
    let topics: TopicRegistry

    init(links: any BrokerLinks, topics: TopicRegistry) {
        self.links = links
        self.topics = topics
    }

    /// Appends one record batch, durably. Nothing is appended twice: what was sent and not answered is `.unknown`.
    ///
    /// - Parameter records: a whole batch, as a client would send it.
    package func append(
        _ records: ByteBuffer,
        to topic: HostedTopic,
        _ partition: Int32,
        deadline: NIODeadline,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<RemoteAppend, RemoteFailure>) -> Void
    ) {
        RemoteCall<ProduceRequest, RemoteAppend>(
            links: self.links,
            topics: self.topics,
            topicID: topic.id,
            partition: partition,
            isRepeatable: false,
            bytes: records.readableBytes,
            deadline: deadline,
            eventLoop: eventLoop,
            makeRequest: { topic, _ in
                ProduceRequest(
                    transactionalID: nil,
                    acks: -1,
                    timeoutMs: Int32(clamping: max(1, (deadline - eventLoop.now).nanoseconds / 1_000_000)),
                    topics: [
                        .init(
                            name: topic.name,
                            topicID: topic.id,
                            partitions: [.init(partitionIndex: partition, records: records)]
                        )
                    ]
                )
            },
            read: { response in
                guard let answer = response.topics.first?.partitions.first else { return .refused(.malformedAnswer) }
                guard answer.errorCode == .none else {
                    return .init(appending: answer.errorCode, answer.errorMessage)
                }
                return .value(
                    RemoteAppend(
                        baseOffset: answer.baseOffset,
                        appendTime: answer.logAppendTimeMs,
                        logStart: answer.logStartOffset
                    )
                )
            },
            completion: completion
        ).start()
    }

    /// Reads whole batches.
    package func read(
        _ read: RemoteReadRequest,
        of topic: HostedTopic,
        _ partition: Int32,
        deadline: NIODeadline,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<RemoteRead, RemoteFailure>) -> Void
    ) {
        RemoteCall<FetchRequest, RemoteRead>(
            links: self.links,
            topics: self.topics,
            topicID: topic.id,
            partition: partition,
            isRepeatable: true,
            // Of the answer.
            bytes: read.bytesMax,
            deadline: deadline,
            eventLoop: eventLoop,
            makeRequest: { topic, epoch in
                FetchRequest(
                    maxWaitMs: Int32(clamping: read.wait.nanoseconds / 1_000_000),
                    minBytes: read.wait > .zero ? 1 : 0,
                    maxBytes: Int32(clamping: read.bytesMax),
                    isolationLevel: read.isolation == .readCommitted ? 1 : 0,
                    topics: [
                        .init(
                            name: topic.name,
                            topicID: topic.id,
                            partitions: [
                                .init(
                                    partitionIndex: partition,
                                    currentLeaderEpoch: epoch,
                                    fetchOffset: read.offset,
                                    partitionMaxBytes: Int32(clamping: read.bytesMax)
                                )
                            ]
                        )
                    ]
                )
            },
            read: { response in
                guard response.errorCode == .none else { return .init(response.errorCode, nil) }
                guard let answer = response.topics.first?.partitions.first else { return .refused(.malformedAnswer) }
                guard answer.errorCode == .none else { return .init(answer.errorCode, nil) }
                return .value(
                    RemoteRead(
                        records: answer.records?.joined() ?? ByteBuffer(),
                        highWatermark: answer.highWatermark,
                        lastStable: answer.lastStableOffset,
                        logStart: answer.logStartOffset,
                        aborted: (answer.abortedTransactions ?? []).map { ($0.producerID, $0.firstOffset) }
                    )
                )
            },
            completion: completion
        ).start()
    }

    /// Finds the first record of a time or later, or one of the ends.
    ///
    /// - Parameter timestamp: milliseconds, or one of Kafka's special values: `-1` the end, `-2` the start.
    package func offset(
        at timestamp: Int64,
        in topic: HostedTopic,
        _ partition: Int32,
        isolation: IsolationLevel = .readUncommitted,
        deadline: NIODeadline,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<RemoteOffset, RemoteFailure>) -> Void
    ) {
        RemoteCall<ListOffsetsRequest, RemoteOffset>(
            links: self.links,
            topics: self.topics,
            topicID: topic.id,
            partition: partition,
            isRepeatable: true,
            bytes: 0,
            deadline: deadline,
            eventLoop: eventLoop,
            makeRequest: { topic, epoch in
                ListOffsetsRequest(
                    replicaID: BrokerID(-1),
                    isolationLevel: isolation == .readCommitted ? 1 : 0,
                    topics: [
                        .init(
                            name: topic.name,
                            partitions: [
                                .init(partitionIndex: partition, currentLeaderEpoch: epoch, timestamp: timestamp)
                            ]
                        )
                    ]
                )
            },
            read: { response in
                guard let answer = response.topics.first?.partitions.first else { return .refused(.malformedAnswer) }
                guard answer.errorCode == .none else { return .init(answer.errorCode, nil) }
                return .value(
                    RemoteOffset(
                        offset: answer.offset,
                        timestamp: answer.timestamp,
                        leaderEpoch: answer.leaderEpoch
                    )
                )
            },
            completion: completion
        ).start()
    }
}
