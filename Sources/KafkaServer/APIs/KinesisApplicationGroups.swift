internal import Broker
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model
internal import NIOCore

// KCL applications as groups that tools may look at: `kcl:` and the name of the lease table (decision 0044).

extension GroupCall {
    /// The applications of these names, in their order; see `LeaseTableService`.
    func applications(_ groupIDs: [GroupID], completion: @escaping @Sendable ([KinesisApplication?]) -> Void) {
        guard let leaseTables else { return completion(groupIDs.map { _ in nil }) }
        leaseTables.applications(groupIDs, reading: self.topics, on: self.eventLoop, completion: completion)
    }

    /// Every application.
    func applications(completion: @escaping @Sendable ([LeaseTableService.ApplicationListing]) -> Void) {
        guard let leaseTables else { return completion([]) }
        leaseTables.applications(on: self.eventLoop, completion: completion)
    }
}

extension GroupDescription {
    /// An application whose workers are the members.
    init(_ application: KinesisApplication, groupID: GroupID) {
        self.init(
            groupID: groupID,
            state: application.workers.isEmpty ? .empty : .stable,
            // Tools show the partitions and the lag of consumer groups only.
            protocolType: "consumer",
            protocolData: application.workers.isEmpty ? "" : "kcl",
            members: application.workers.map { worker in
                var bytes = ByteBuffer()
                application.assignment(of: worker).encodeVersioned(into: &bytes, version: 1)
                return Member(
                    memberID: MemberID(worker),
                    groupInstanceID: nil,
                    clientID: worker,
                    clientHost: "",
                    metadata: [],
                    assignment: Array(bytes.readableBytesView)
                )
            }
        )
    }
}

extension KinesisApplication {
    fileprivate func assignment(of worker: String) -> ConsumerProtocolAssignment {
        var topics: [ConsumerProtocolAssignment.TopicPartitions] = []
        for progress in self.progress where progress.owner == worker {
            if topics.last?.name != progress.topic {
                topics.append(ConsumerProtocolAssignment.TopicPartitions(name: progress.topic, partitions: []))
            }
            topics[topics.count - 1].partitions.append(progress.partition)
        }
        return ConsumerProtocolAssignment(assignedPartitions: topics)
    }
}

extension OffsetAnswer {
    /// The checkpoints of an application as committed offsets.
    init(_ application: KinesisApplication, to query: OffsetQuery) {
        self.init(groupID: query.groupID)
        guard let asked = query.topics else {
            for progress in application.progress where progress.offset != nil {
                if self.topics.last?.name != progress.topic {
                    self.topics.append(Topic(name: progress.topic, topicID: progress.topicID, partitions: []))
                }
                self.topics[self.topics.count - 1].partitions.append(
                    Partition(index: progress.partition, offset: progress.offset ?? -1)
                )
            }
            return
        }
        self.topics = asked.map { topic in
            Topic(
                name: topic.name,
                topicID: topic.topicID,
                partitions: topic.partitions.map { partition in
                    let progress = application.progress.first {
                        $0.topic == topic.name && $0.partition == partition
                    }
                    return Partition(index: partition, offset: progress?.offset ?? -1)
                }
            )
        }
    }
}
