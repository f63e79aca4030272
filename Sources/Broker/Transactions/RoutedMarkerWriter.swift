internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore
internal import TransactionCoordinator

/// Writes markers wherever partitions are led: here by the local path, elsewhere by one WriteTxnMarkers to each broker.
///
/// What cannot be written is reported as failed, and the coordinator tries it again: a repeated marker finds itself
/// written, so an answer that was lost does no harm.
struct RoutedMarkerWriter: TransactionMarkerWriter {
    /// An answer takes a commit of the leader. A broker that hangs must not hold answers to EndTxn for long.
    private static let patience = TimeAmount.seconds(3)

    let local: any TransactionMarkerWriter
    let topics: TopicRegistry
    let links: any BrokerLinks
    /// Asks the metadata itself whether a partition is there: the table of topics may be behind.
    let isGone: @Sendable (TransactionPartition, any EventLoop, @escaping @Sendable (Bool) -> Void) -> Void

    func write(
        _ marker: TransactionEnd,
        to partitions: [TransactionPartition],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([MarkerResult]) -> Void
    ) {
        let route = Self.route(partitions, by: self.topics.current)
        if route.here.count == partitions.count {
            return self.local.write(marker, to: partitions, on: eventLoop, completion: completion)
        }
        let round = MarkerRound(count: partitions.count, on: eventLoop, completion: completion)
        if !route.here.isEmpty {
            self.local.write(marker, to: route.here.map { partitions[$0] }, on: eventLoop) { results in
                for (index, result) in zip(route.here, results) { round.ended(index, result) }
            }
        }
        for (broker, indices) in route.elsewhere {
            self.write(marker, to: indices.map { partitions[$0] }, at: broker, on: eventLoop) { results in
                for (index, result) in zip(indices, results) { round.ended(index, result) }
            }
        }
        for index in route.unknown {
            self.isGone(partitions[index], eventLoop) { isGone in
                round.ended(index, isGone ? .unknownPartition : .failed(.unknownTopicOrPartition))
            }
        }
    }

    private struct Route {
        var here: [Int] = []
        var elsewhere: [BrokerID: [Int]] = [:]
        var unknown: [Int] = []
    }

    /// What is led by nobody at the moment goes the local way, which refuses it.
    private static func route(_ partitions: [TransactionPartition], by table: TopicTable) -> Route {
        var route = Route()
        for (index, place) in partitions.enumerated() {
            switch table.topic(named: place.topic)?.placement(place.partition) {
            case nil: route.unknown.append(index)
            case .elsewhere(let leader): route.elsewhere[leader.broker, default: []].append(index)
            case .here, .acquiring, .offline, .unassigned: route.here.append(index)
            }
        }
        return route
    }

    private func write(
        _ marker: TransactionEnd,
        to partitions: [TransactionPartition],
        at broker: BrokerID,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([MarkerResult]) -> Void
    ) {
        var topics: [WriteTxnMarkersRequest.Topic] = []
        for (name, places) in Dictionary(grouping: partitions, by: \.topic).sorted(by: { $0.key < $1.key }) {
            topics.append(.init(name: name, partitionIndexes: places.map(\.partition)))
        }
        let request = WriteTxnMarkersRequest(markers: [
            .init(
                producerID: marker.producerID,
                producerEpoch: marker.producerEpoch,
                transactionResult: marker.commits,
                topics: topics,
                coordinatorEpoch: marker.coordinatorEpoch,
                transactionVersion: Int8(clamping: marker.transactionVersion)
            )
        ])
        self.links.send(
            request,
            to: broker,
            bytes: partitions.count * 64,
            deadline: eventLoop.now + Self.patience,
            on: eventLoop
        ) { result in
            switch result {
            case .success(let response): completion(Self.results(of: partitions, response))
            case .failure: completion(partitions.map { _ in .failed(.timedOut) })
            }
        }
    }

    private static func results(
        of partitions: [TransactionPartition],
        _ response: WriteTxnMarkersResponse
    ) -> [MarkerResult] {
        var answers: [TransactionPartition: ErrorCode] = [:]
        for topic in response.markers.first?.topics ?? [] {
            for partition in topic.partitions {
                answers[TransactionPartition(topic: topic.name, partition: partition.partitionIndex)] =
                    partition.errorCode
            }
        }
        return partitions.map { place in answers[place].map { MarkerResult(answered: $0) } ?? .failed(.timedOut) }
    }
}

extension MarkerResult {
    /// What another broker says of a marker. One for a partition that is unknown there is tried again: the broker's
    /// metadata may be behind.
    init(answered code: ErrorCode) {
        switch code {
        case .none: self = .ended(.written)
        case .invalidProducerEpoch: self = .ended(.fenced)
        case .transactionCoordinatorFenced: self = .ended(.coordinatorFenced)
        default: self = .failed(BrokerError(answered: code, nil).code)
        }
    }
}
