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
///
/// Offsets by time are looked for in one crossing for all partitions. While the engine's queue of reads is full the
/// request waits, as long as its timeout allows; what is not found by then is answered with REQUEST_TIMED_OUT.
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

    /// How long a request waits whose version cannot say it: well within the 30 s that clients wait for an answer.
    private static let waitDefault = TimeAmount.seconds(10)

    static func start(_ request: ListOffsetsRequest, _ call: Call<ListOffsetsResponse>) {
        let table = call.broker.topics.current
        let isolation: IsolationLevel = request.isolationLevel == 1 ? .readCommitted : .readUncommitted
        var lookups: [Lookup] = []
        var response = ListOffsetsResponse()
        response.topics.reserveCapacity(request.topics.count)
        for (topicIndex, topic) in request.topics.enumerated() {
            let hosted = table.topic(named: topic.name)
            response.topics.append(ListOffsetsResponse.Topic(name: topic.name))
            for (index, asked) in topic.partitions.enumerated() {
                var answer = ListOffsetsResponse.Partition(partitionIndex: asked.partitionIndex)
                switch Self.resolve(asked, in: hosted, call.version) {
                case .failure(let refusal):
                    answer.errorCode = refusal.code
                case .success(let partition):
                    if let query = Self.find(asked.timestamp, in: partition, isolation, &answer, call.version) {
                        let search = OffsetSearch(in: partition.log, for: query, isolation: isolation)
                        lookups.append(Lookup(topic: topicIndex, index: index, search: search))
                    }
                }
                response.topics[topicIndex].partitions.append(answer)
            }
        }
        guard !lookups.isEmpty else {
            call.answer(response)
            return
        }
        let wait = call.version >= 10 ? TimeAmount.milliseconds(Int64(max(0, request.timeoutMs))) : Self.waitDefault
        ListOffsetsOperation(lookups, response, call).start(wait: wait)
    }

    private struct Refusal: Error {
        var code: ErrorCode
    }

    private static func resolve(
        _ asked: ListOffsetsRequest.Partition,
        in topic: HostedTopic?,
        _ version: Int16
    ) -> Result<HostedPartition, Refusal> {
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(asked.partitionIndex)
        } catch {
            return .failure(Refusal(code: ErrorCode(reading: error)))
        }
        guard Special.isKnown(asked.timestamp, in: version) else {
            return .failure(Refusal(code: .unsupportedVersion))
        }
        let epoch = partition.leaderEpoch
        if asked.currentLeaderEpoch.rawValue >= 0, asked.currentLeaderEpoch != epoch {
            return .failure(Refusal(code: asked.currentLeaderEpoch < epoch ? .fencedLeaderEpoch : .unknownLeaderEpoch))
        }
        return .success(partition)
    }

    /// Answers what the partition knows at once.
    ///
    /// - Returns: what has to be looked for in the log.
    private static func find(
        _ timestamp: Int64,
        in partition: HostedPartition,
        _ isolation: IsolationLevel,
        _ answer: inout ListOffsetsResponse.Partition,
        _ version: Int16
    ) -> TimestampQuery? {
        let offsets = partition.log.offsets
        switch timestamp {
        case Special.latest:
            let end = isolation == .readCommitted ? offsets.lastStable : offsets.highWatermark
            answer.set(offset: end, epoch: partition.leaderEpoch, version)
        case Special.earliest, Special.earliestLocal:
            answer.set(offset: offsets.logStart, epoch: partition.log.leaderEpoch(at: offsets.logStart), version)
        case Special.latestTiered, Special.earliestPendingUpload:
            answer.set(offset: -1, epoch: nil, version)
        case Special.maximumTimestamp: return .maximum
        default: return .atOrAfter(timestamp)
        }
        return nil
    }

    /// A partition whose offset has to be looked for, and its place in the answer.
    fileprivate struct Lookup: Sendable {
        var topic: Int
        var index: Int
        var search: OffsetSearch
    }
}

extension ListOffsetsResponse.Partition {
    fileprivate mutating func set(
        offset: Offset,
        timestamp: Timestamp = -1,
        epoch: LeaderEpoch?,
        _ version: Int16
    ) {
        self.offset = offset
        self.timestamp = timestamp
        if version >= 4 { self.leaderEpoch = epoch ?? LeaderEpoch(-1) }
    }
}

/// The offsets by time of one request, on their way from the log. Lives on the connection's event loop.
private final class ListOffsetsOperation: Sendable {
    private let lookups: [ListOffsetsAPI.Lookup]
    private let response: ListOffsetsResponse
    private let call: Call<ListOffsetsResponse>
    private let state: NIOLoopBoundBox<State>

    private enum State {
        /// The engine searches. It answers before long, so the request's time does not end that.
        case searching(isLate: Bool)
        /// The readers are busy.
        case waiting
        case done
    }

    init(_ lookups: [ListOffsetsAPI.Lookup], _ response: ListOffsetsResponse, _ call: Call<ListOffsetsResponse>) {
        self.lookups = lookups
        self.response = response
        self.call = call
        self.state = NIOLoopBoundBox(.searching(isLate: false), eventLoop: call.eventLoop)
    }

    func start(wait: TimeAmount) {
        self.call.onClose { self.state.value = .done }
        self.call.onDeadline(after: wait) { self.timedOut() }
        self.search()
    }

    private func search() {
        self.call.broker.engine.findOffsets(self.lookups.map(\.search)) { results in
            self.call.eventLoop.execute { self.searched(results) }
        }
    }

    private func searched(_ results: [Result<TimestampedOffset?, LogError>]) {
        guard case .searching(let isLate) = self.state.value else { return }
        let isBusy = results.contains {
            if case .failure(let error) = $0 { error.code == .readersBusy } else { false }
        }
        if isBusy, !isLate {
            self.state.value = .waiting
            self.call.broker.engine.onReadRelief(on: self.call.eventLoop) { self.roomAppeared() }
            return
        }
        self.answer(with: isBusy ? [] : results)
    }

    private func roomAppeared() {
        guard case .waiting = self.state.value else { return }
        self.state.value = .searching(isLate: false)
        self.search()
    }

    private func timedOut() {
        switch self.state.value {
        case .searching: self.state.value = .searching(isLate: true)
        case .waiting: self.answer(with: [])
        case .done: break
        }
    }

    /// - Parameter results: as many as there are lookups, or none when the time was up.
    private func answer(with results: [Result<TimestampedOffset?, LogError>]) {
        self.state.value = .done
        var response = self.response
        for (number, lookup) in self.lookups.enumerated() {
            var answer = response.topics[lookup.topic].partitions[lookup.index]
            switch results.indices.contains(number) ? results[number] : nil {
            case .success(let found)?:
                answer.set(
                    offset: found?.offset ?? -1,
                    timestamp: found?.timestamp ?? -1,
                    epoch: found?.leaderEpoch,
                    self.call.version
                )
            case .failure(let error)?: answer.errorCode = ErrorCode(reading: error.code)
            case nil: answer.errorCode = .requestTimedOut
            }
            response.topics[lookup.topic].partitions[lookup.index] = answer
        }
        self.call.answer(response)
    }
}
