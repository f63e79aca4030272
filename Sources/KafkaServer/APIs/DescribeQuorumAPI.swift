internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model
internal import Serving

/// DescribeQuorum (key 55), versions 0–2 (1: fetch times, KIP-836; 2: directories and nodes, KIP-853).
///
/// The metadata is this broker's own, so the quorum has one voter, which leads. Its offsets are revisions of the
/// metadata.
enum DescribeQuorumAPI: KafkaAPI {
    typealias Request = DescribeQuorumRequest
    typealias Response = DescribeQuorumResponse

    /// The one topic and partition that has a quorum.
    private static let topicName = "__cluster_metadata"

    static func start(_ request: DescribeQuorumRequest, _ call: Call<DescribeQuorumResponse>) {
        let asksForQuorum =
            request.topics.count == 1 && request.topics[0].topicName == Self.topicName
            && request.topics[0].partitions.map(\.partitionIndex) == [0]
        guard asksForQuorum else {
            call.answer(Self.refusal(of: request))
            return
        }
        let own = call.broker.brokers(for: call.session).own
        let name = call.session.listener
        call.answer {
            do throws(MetadataError) {
                let revision = try await call.broker.store.get(MetadataKeys.cluster).revision
                return Self.describe(own, listener: name, revision, now: call.broker.environment.now())
            } catch {
                return DescribeQuorumResponse(
                    errorCode: .unknownServerError,
                    errorMessage: "The metadata cannot be read.",
                    topics: []
                )
            }
        }
    }

    private static func describe(
        _ own: BrokersView.Node,
        listener: String,
        _ revision: MetadataRevision,
        now: Timestamp
    ) -> DescribeQuorumResponse {
        let voter = DescribeQuorumResponse.ReplicaState(
            replicaID: own.id,
            logEndOffset: revision,
            lastFetchTimestamp: now,
            lastCaughtUpTimestamp: now
        )
        let endpoint = DescribeQuorumResponse.Listener(
            name: listener,
            host: own.host,
            port: UInt16(clamping: own.port)
        )
        return DescribeQuorumResponse(
            topics: [
                .init(
                    topicName: Self.topicName,
                    partitions: [
                        .init(
                            partitionIndex: 0,
                            leaderID: own.id,
                            leaderEpoch: LeaderEpoch(0),
                            highWatermark: revision,
                            currentVoters: [voter],
                            observers: []
                        )
                    ]
                )
            ],
            nodes: [.init(nodeID: own.id, listeners: [endpoint])]
        )
    }

    private static func refusal(of request: DescribeQuorumRequest) -> DescribeQuorumResponse {
        DescribeQuorumResponse(
            topics: request.topics.map { topic in
                .init(
                    topicName: topic.topicName,
                    partitions: topic.partitions.map {
                        .init(
                            partitionIndex: $0.partitionIndex,
                            errorCode: .unknownTopicOrPartition,
                            errorMessage: "Only partition 0 of \(Self.topicName) has a quorum.",
                            leaderID: BrokerID(-1),
                            leaderEpoch: LeaderEpoch(0),
                            highWatermark: -1,
                            currentVoters: [],
                            observers: []
                        )
                    }
                )
            }
        )
    }
}
