internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore
internal import Serving

/// Fetch (key 1), versions 4–18.
///
/// | version | change |
/// | --- | --- |
/// | 4 | isolation level, last stable offset, aborted transactions |
/// | 5 | log start offset |
/// | 7 | incremental sessions (KIP-227) |
/// | 9 | current leader epoch (KIP-320) |
/// | 11 | rack (KIP-392); every read is served here, so there is never a preferred replica |
/// | 12 | flexible; last fetched epoch and diverging epoch |
/// | 13 | topic IDs |
/// | 15–18 | fields of followers |
///
/// Differences from Kafka: there are no followers to serve, so a request with a replica ID gets
/// NOT_LEADER_OR_FOLLOWER for each partition.
enum FetchAPI: KafkaAPI {
    typealias Request = FetchRequest
    typealias Response = FetchResponse

    typealias Asked = (key: FetchPartitionKey, partition: FetchSessionPartition)

    /// Into which session an answer goes.
    enum Session: Sendable {
        /// Everything is answered, nothing is remembered.
        case none
        /// Newly opened: everything is answered.
        case opened(Int32)
        /// Only news is answered.
        case incremental(Int32)

        var id: Int32 {
            switch self {
            case .none: 0
            case .opened(let id), .incremental(let id): id
            }
        }
    }

    /// Sees the bytes before they are decoded: an idle consumer sends the same ones again and again.
    static func receive(_ body: inout ByteBuffer, _ call: Call<FetchResponse>) throws(WireError) {
        try call.connectionFetch.received(&body, call)
    }

    static func start(_ request: FetchRequest, _ call: Call<FetchResponse>) {
        call.connectionFetch.begin(request, ByteBuffer(), call)
    }

    /// The session of a request, and all that it asks for.
    static func resolve(
        _ request: FetchRequest,
        _ call: Call<FetchResponse>
    ) throws(FetchSessionCache.Refusal) -> (Session, [Asked]) {
        let sessions = call.services.fetchSessions
        let usesTopicIDs = call.version >= 13
        let now = call.broker.environment.monotonicMilliseconds()
        let asked = Self.asked(request)
        switch request.sessionEpoch {
        case -1:
            if request.sessionID != 0 { sessions.close(request.sessionID) }
            return (.none, asked)
        case 0:
            if request.sessionID != 0 { sessions.close(request.sessionID) }
            let random = call.broker.environment.random
            let id = sessions.open(usesTopicIDs: usesTopicIDs, partitions: asked, now: now) {
                Int32(truncatingIfNeeded: random().0 & 0x7FFF_FFFF)
            }
            return (id.map(Session.opened) ?? .none, asked)
        default:
            let all = try sessions.resume(
                request.sessionID,
                epoch: request.sessionEpoch,
                usesTopicIDs: usesTopicIDs,
                changed: asked,
                forgotten: Self.forgotten(request),
                now: now
            )
            return (all.isEmpty ? .none : .incremental(request.sessionID), all)
        }
    }

    static func asked(_ request: FetchRequest) -> [Asked] {
        var asked: [Asked] = []
        for topic in request.topics {
            for partition in topic.partitions {
                asked.append(
                    (
                        FetchPartitionKey(
                            topicName: topic.name,
                            topicID: topic.topicID,
                            partition: partition.partitionIndex
                        ),
                        FetchSessionPartition(
                            fetchOffset: partition.fetchOffset,
                            bytesMax: partition.partitionMaxBytes,
                            currentLeaderEpoch: partition.currentLeaderEpoch.rawValue,
                            lastFetchedEpoch: partition.lastFetchedEpoch.rawValue,
                            logStartOffset: partition.logStartOffset
                        )
                    )
                )
            }
        }
        return asked
    }

    private static func forgotten(_ request: FetchRequest) -> Set<FetchPartitionKey> {
        var keys: Set<FetchPartitionKey> = []
        for topic in request.forgottenTopics {
            for partition in topic.partitions {
                keys.insert(
                    FetchPartitionKey(topicName: topic.name, topicID: topic.topicID, partition: partition)
                )
            }
        }
        return keys
    }

    static func errorCode(_ refusal: FetchSessionCache.Refusal) -> ErrorCode {
        switch refusal {
        case .unknownSession: .fetchSessionIDNotFound
        case .wrongEpoch: .invalidFetchSessionEpoch
        case .topicIDsInconsistent: .fetchSessionTopicIDError
        }
    }
}
