import LogCore
import NIOCore
import TransactionCoordinator

@testable import Broker

/// Keeps markers on their way until the test lets them arrive, also those of coordinators that are gone.
// SAFETY: one thread runs it all.
final class MarkerCourier: TransactionMarkerWriter, @unchecked Sendable {
    struct Request {
        var marker: TransactionEnd
        var partitions: [TransactionPartition]
        /// The coordinator's; see `CoordinatorInterleaving.life`.
        var life: Int
        var completion: @Sendable ([MarkerResult]) -> Void
    }

    private var pending: [Request] = []
    var life = 0

    func write(
        _ marker: TransactionEnd,
        to partitions: [TransactionPartition],
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([MarkerResult]) -> Void
    ) {
        self.pending.append(
            Request(marker: marker, partitions: partitions, life: self.life, completion: completion)
        )
    }

    var count: Int { self.pending.count }

    func take(_ index: Int) -> Request { self.pending.remove(at: index) }

    func takeAll() -> [Request] {
        defer { self.pending = [] }
        return self.pending
    }
}

/// Collects the answers of one request's partitions.
// SAFETY: one thread runs it all.
final class MarkerAnswers: @unchecked Sendable {
    private var results: [MarkerResult?]
    private let completion: ([MarkerResult]) -> Void

    init(count: Int, completion: @escaping ([MarkerResult]) -> Void) {
        self.results = Array(repeating: nil, count: count)
        self.completion = completion
        if count == 0 { completion([]) }
    }

    func put(_ result: MarkerResult, at index: Int) {
        guard self.results[index] == nil else { return }
        self.results[index] = result
        let all = self.results.compactMap { $0 }
        if all.count == self.results.count { self.completion(all) }
    }
}

/// Calls a closure when an append is durable or lost.
// SAFETY: one thread runs it all.
final class ClosureWaiter: DurabilityWaiter, @unchecked Sendable {
    let eventLoop: any EventLoop
    private let completion: (LogError?) -> Void

    init(_ eventLoop: any EventLoop, completion: @escaping (LogError?) -> Void) {
        self.eventLoop = eventLoop
        self.completion = completion
    }

    func appendCompleted(_ error: LogError?) { self.completion(error) }
}
