internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore

/// ListOffsets (key 2), versions 1–11.
///
/// | version | change |
/// | --- | --- |
/// | 2 | isolation level |
/// | 4 | leader epochs |
/// | 7 | -3: the offset of the largest timestamp (KIP-734) |
/// | 8 | -4: earliest local offset (KIP-405) |
/// | 9 | -5: latest offset in remote storage (KIP-1005) |
/// | 10 | timeout |
/// | 11 | -6: earliest offset that waits for upload (KIP-1023) |
///
/// A special timestamp in a version before its own is answered with UNSUPPORTED_VERSION, as by Kafka.
///
/// All data is local here: -4 is the log start offset, and -5 and -6 answer -1 as Kafka does without remote storage.
enum ListOffsetsAPI: KafkaAPI {
    typealias Request = ListOffsetsRequest
    typealias Response = ListOffsetsResponse

    private enum Special {
        static let latest: Int64 = -1
        static let earliest: Int64 = -2
        static let maximumTimestamp: Int64 = -3
        static let earliestLocal: Int64 = -4
        static let latestTiered: Int64 = -5
        static let earliestPendingUpload: Int64 = -6

        /// Whether a version knows the timestamp as a question; times themselves are in all versions.
        static func isKnown(_ timestamp: Int64, in version: Int16) -> Bool {
            switch timestamp {
            case Self.maximumTimestamp: version >= 7
            case Self.earliestLocal: version >= 8
            case Self.latestTiered: version >= 9
            case Self.earliestPendingUpload: version >= 11
            default: timestamp >= Self.earliest
            }
        }
    }

    static func start(_ request: ListOffsetsRequest, _ call: Call<ListOffsetsResponse>) {
        let table = call.broker.topics.current
        let isolation: IsolationLevel = request.isolationLevel == 1 ? .readCommitted : .readUncommitted
        let answer = PendingAnswer(request: request, call: call)
        for (topicIndex, topic) in request.topics.enumerated() {
            let hosted = table.topic(named: topic.name)
            for (index, asked) in topic.partitions.enumerated() {
                let partition: HostedPartition
                do throws(BrokerError) {
                    partition = try hosted.partition(asked.partitionIndex)
                } catch {
                    answer.fail(topicIndex, index, ErrorCode(error))
                    continue
                }
                guard Special.isKnown(asked.timestamp, in: call.version) else {
                    answer.fail(topicIndex, index, .unsupportedVersion)
                    continue
                }
                let epoch = partition.leaderEpoch
                if asked.currentLeaderEpoch.rawValue >= 0, asked.currentLeaderEpoch != epoch {
                    let isOld = asked.currentLeaderEpoch < epoch
                    answer.fail(topicIndex, index, isOld ? .fencedLeaderEpoch : .unknownLeaderEpoch)
                    continue
                }
                Self.find(asked.timestamp, in: partition, isolation, answer, topicIndex, index)
            }
        }
        answer.started()
    }

    private static func find(
        _ timestamp: Int64,
        in partition: HostedPartition,
        _ isolation: IsolationLevel,
        _ answer: PendingAnswer,
        _ topicIndex: Int,
        _ index: Int
    ) {
        let offsets = partition.log.offsets
        let end = isolation == .readCommitted ? offsets.lastStable : offsets.highWatermark
        switch timestamp {
        case Special.latest:
            answer.succeed(topicIndex, index, offset: end, epoch: partition.leaderEpoch)
        case Special.earliest, Special.earliestLocal:
            let epoch = partition.log.leaderEpoch(at: offsets.logStart)
            answer.succeed(topicIndex, index, offset: offsets.logStart, epoch: epoch)
        case Special.latestTiered, Special.earliestPendingUpload:
            answer.succeed(topicIndex, index, offset: -1, epoch: nil)
        case Special.maximumTimestamp:
            answer.search(.maximum, in: partition, below: end, topicIndex, index)
        default:
            answer.search(.atOrAfter(timestamp), in: partition, below: end, topicIndex, index)
        }
    }

    /// Collects the partitions' answers, some of which come from an I/O thread.
    private final class PendingAnswer: Sendable {
        private struct State {
            var response = ListOffsetsResponse()
            var outstanding = 1
        }

        private let call: Call<ListOffsetsResponse>
        private let state: NIOLoopBoundBox<State>

        init(request: ListOffsetsRequest, call: Call<ListOffsetsResponse>) {
            self.call = call
            var state = State()
            state.response.topics = request.topics.map { topic in
                ListOffsetsResponse.Topic(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        ListOffsetsResponse.Partition(partitionIndex: $0.partitionIndex)
                    }
                )
            }
            self.state = NIOLoopBoundBox(state, eventLoop: call.eventLoop)
        }

        func fail(_ topic: Int, _ index: Int, _ code: ErrorCode) {
            self.state.value.response.topics[topic].partitions[index].errorCode = code
        }

        func succeed(
            _ topic: Int,
            _ index: Int,
            offset: Offset,
            timestamp: Timestamp = -1,
            epoch: LeaderEpoch?
        ) {
            var partition = self.state.value.response.topics[topic].partitions[index]
            partition.offset = offset
            partition.timestamp = timestamp
            if self.call.version >= 4 { partition.leaderEpoch = epoch ?? LeaderEpoch(-1) }
            self.state.value.response.topics[topic].partitions[index] = partition
        }

        func search(
            _ query: TimestampQuery,
            in partition: HostedPartition,
            below end: Offset,
            _ topic: Int,
            _ index: Int
        ) {
            self.state.value.outstanding += 1
            self.call.broker.engine.findOffset(in: partition.log, for: query) { result in
                self.call.eventLoop.execute {
                    switch result {
                    case .success(let found?) where found.offset < end:
                        self.succeed(
                            topic,
                            index,
                            offset: found.offset,
                            timestamp: found.timestamp,
                            epoch: found.leaderEpoch
                        )
                    case .success:
                        self.succeed(topic, index, offset: -1, epoch: nil)
                    case .failure(let error):
                        self.fail(topic, index, ErrorCode(error.code))
                    }
                    self.oneDone()
                }
            }
        }

        func started() { self.oneDone() }

        private func oneDone() {
            self.state.value.outstanding -= 1
            if self.state.value.outstanding == 0 { self.call.answer(self.state.value.response) }
        }
    }
}
