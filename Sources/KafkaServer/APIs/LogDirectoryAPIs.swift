internal import Broker
internal import KafkaProtocol
internal import LogCore

/// DescribeLogDirs (key 35), versions 1–5 (2: flexible; 3: error code; 4: size of the volume, KIP-827;
/// 5: cordoned directories, KIP-1066).
///
/// There is one log directory. Sizes are those of the partitions' records, as retention counts them.
enum DescribeLogDirsAPI: KafkaAPI {
    typealias Request = DescribeLogDirsRequest
    typealias Response = DescribeLogDirsResponse

    static func start(_ request: DescribeLogDirsRequest, _ call: Call<DescribeLogDirsResponse>) {
        let broker = call.broker
        let version = call.version
        // The volume's size is asked of the file system, which may wait for a disk.
        call.answer {
            let space = version >= 4 ? broker.environment.logDirectory.space() : nil
            return DescribeLogDirsResponse(
                results: [
                    .init(
                        errorCode: .none,
                        logDir: broker.environment.logDirectory.path,
                        topics: Self.topics(request, broker),
                        totalBytes: space?.totalBytes ?? -1,
                        usableBytes: space?.usableBytes ?? -1
                    )
                ]
            )
        }
    }

    private static func topics(
        _ request: DescribeLogDirsRequest,
        _ broker: Broker
    ) -> [DescribeLogDirsResponse.Topic] {
        let table = broker.topics.current
        guard let asked = request.topics else {
            return table.sorted.map { topic in
                .init(name: topic.name, partitions: Self.partitions(0..<Int32(topic.partitionCount), of: topic))
            }
        }
        // As Kafka, which leaves out what it does not have.
        return asked.compactMap { asked in
            guard let topic = table.topic(named: asked.topic) else { return nil }
            return .init(name: topic.name, partitions: Self.partitions(Set(asked.partitions).sorted(), of: topic))
        }
    }

    private static func partitions(
        _ numbers: some Sequence<Int32>,
        of topic: HostedTopic
    ) -> [DescribeLogDirsResponse.Partition] {
        numbers.compactMap { number in
            guard topic.has(number), let partition = topic.placements[Int(number)].hosted else { return nil }
            return .init(
                partitionIndex: number,
                partitionSize: partition.log.sizeBytes,
                offsetLag: 0,
                isFutureKey: false
            )
        }
    }
}

/// AlterReplicaLogDirs (key 34), versions 1–2 (2: flexible).
///
/// There is one log directory: a replica that is to be there is there, and another directory does not exist.
enum AlterReplicaLogDirsAPI: KafkaAPI {
    typealias Request = AlterReplicaLogDirsRequest
    typealias Response = AlterReplicaLogDirsResponse

    static func start(_ request: AlterReplicaLogDirsRequest, _ call: Call<AlterReplicaLogDirsResponse>) {
        let table = call.broker.topics.current
        let path = call.broker.environment.logDirectory.path
        call.answer(
            AlterReplicaLogDirsResponse(
                results: request.dirs.flatMap { directory in
                    directory.topics.map { asked in
                        let topic = table.topic(named: asked.name)
                        return .init(
                            topicName: asked.name,
                            partitions: asked.partitions.map { number in
                                .init(
                                    partitionIndex: number,
                                    errorCode: Self.error(number, of: topic, isHere: directory.path == path)
                                )
                            }
                        )
                    }
                }
            )
        )
    }

    private static func error(_ number: Int32, of topic: HostedTopic?, isHere: Bool) -> ErrorCode {
        guard isHere else { return .logDirNotFound }
        guard let topic, topic.has(number) else { return .unknownTopicOrPartition }
        return topic.placements[Int(number)].hosted == nil ? .replicaNotAvailable : .none
    }
}
