internal import CoordinatorRuntime
package import LogCore
internal import Metadata
internal import Model
package import NIOCore
package import TransactionCoordinator

/// Writes the markers of transactions. The coordinator speaks to partitions through it alone: other brokers may lead
/// them (`RoutedMarkerWriter`), and `WriteTxnMarkers` is the same call on the wire.
package protocol TransactionMarkerWriter: Sendable {
    /// Writes a marker to each partition. Completes once, on `eventLoop`, with a result for each in order, when all are
    /// durable or refused.
    func write(
        _ marker: TransactionEnd,
        to partitions: [TransactionPartition],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([MarkerResult]) -> Void
    )
}

/// What became of a marker in one partition.
package enum MarkerResult: Sendable, Equatable {
    case ended(TransactionEnd.Outcome)
    /// The topic or the partition does not exist: there is nothing to end.
    case unknownPartition
    case failed(BrokerError.Code)

    /// Whether the coordinator must try again. Who was overtaken by a later epoch has nothing left to end.
    var isRetriable: Bool {
        switch self {
        case .ended, .unknownPartition: false
        case .failed: true
        }
    }
}

/// Writes markers into the partitions that this broker leads.
struct LocalMarkerWriter: TransactionMarkerWriter {
    let topics: TopicRegistry
    let groups: GroupService
    let now: @Sendable () -> Timestamp

    func write(
        _ marker: TransactionEnd,
        to partitions: [TransactionPartition],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([MarkerResult]) -> Void
    ) {
        eventLoop.preconditionInEventLoop()
        guard !partitions.isEmpty else { return completion([]) }
        let round = MarkerRound(count: partitions.count, on: eventLoop, completion: completion)
        let table = self.topics.current
        for (index, place) in partitions.enumerated() {
            let partition: HostedPartition
            do throws(BrokerError) {
                partition = try table.topic(named: place.topic).partition(place.partition)
            } catch {
                switch error.code {
                case .unknownTopicOrPartition, .unknownTopicID: round.ended(index, .unknownPartition)
                default: round.ended(index, .failed(error.code))
                }
                continue
            }
            if place.topic == TopicName.consumerOffsets {
                self.groups.endTransaction(
                    marker,
                    in: place.partition,
                    on: eventLoop,
                    beforeMarker: { partition.transactionEnded(producer: marker.producerID) },
                    completion: { result in
                        switch result {
                        case .success(let outcome): round.ended(index, .ended(outcome))
                        // Loading, or full: later.
                        case .failure: round.ended(index, .failed(.timedOut))
                        }
                    }
                )
                continue
            }
            do throws(BrokerError) {
                let outcome = try partition.appendMarker(
                    marker,
                    now: self.now(),
                    waiter: MarkerRound.Waiter(round: round, index: index)
                )
                switch outcome {
                case .written, .alreadyEnded: break
                case .fenced, .coordinatorFenced: round.ended(index, .ended(outcome))
                }
            } catch {
                round.ended(index, .failed(error.code))
            }
        }
    }
}

/// Collects what becomes of one transaction's markers, on one loop.
// SAFETY: `results` and `missing` are used on `eventLoop` alone.
final class MarkerRound: @unchecked Sendable {
    /// Told when a partition's marker is durable.
    final class Waiter: DurabilityWaiter {
        private let round: MarkerRound
        private let index: Int

        init(round: MarkerRound, index: Int) {
            self.round = round
            self.index = index
        }

        var eventLoop: any EventLoop { self.round.eventLoop }

        func appendCompleted(_ error: LogError?) {
            self.round.ended(self.index, error.map { .failed(.log($0.code)) } ?? .ended(.written))
        }
    }

    let eventLoop: any EventLoop
    private var results: [MarkerResult]
    private var missing: Int
    private let completion: @Sendable ([MarkerResult]) -> Void

    init(count: Int, on eventLoop: any EventLoop, completion: @escaping @Sendable ([MarkerResult]) -> Void) {
        self.eventLoop = eventLoop
        self.results = Array(repeating: .unknownPartition, count: count)
        self.missing = count
        self.completion = completion
    }

    func ended(_ index: Int, _ result: MarkerResult) {
        self.eventLoop.preconditionInEventLoop()
        self.results[index] = result
        self.missing -= 1
        if self.missing == 0 { self.completion(self.results) }
    }
}
