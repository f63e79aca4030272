package import Model
package import NIOCore
internal import Synchronization

/// How many requests of each operation were answered, how long they took and with which errors, of one protocol face.
///
/// Each event loop counts into a stripe of its own, so that loops do not contend for a cache line; a scrape adds the
/// stripes up. Errors are rare, and are counted in one table behind a lock.
package final class RequestMetrics: Sendable {
    /// Operations that can be told apart: their numbers are below this.
    package static let operationsMax = 128
    /// Combinations of an operation and an error that are told apart; what would be more is left out.
    static let errorsMax = 4_096

    /// What the requests of one event loop took.
    package final class Stripe: Sendable {
        /// Made when an operation is first answered.
        private let durations: InlineArray<128, AtomicLazyReference<DurationHistogram>>
        private let stages: InlineArray<3, DurationHistogram>

        fileprivate init() {
            self.durations = InlineArray { _ in AtomicLazyReference() }
            self.stages = InlineArray { _ in DurationHistogram() }
        }

        /// A request was answered.
        ///
        /// - Parameter operation: from 0 to `operationsMax`, excluding that; others are not counted.
        package func answered(_ operation: Int, nanoseconds: Int64) {
            guard operation >= 0, operation < RequestMetrics.operationsMax else { return }
            let histogram =
                self.durations[operation].load() ?? self.durations[operation].storeIfNil(DurationHistogram())
            histogram.record(nanoseconds: nanoseconds)
        }

        /// A part of a produce's way took so long.
        package func passed(_ stage: ProduceStage, nanoseconds: Int64) {
            self.stages[stage.rawValue].record(nanoseconds: nanoseconds)
        }

        fileprivate func add(to totals: inout [DurationCounts?], _ stages: inout [DurationCounts]) {
            for operation in 0..<RequestMetrics.operationsMax {
                guard let histogram = self.durations[operation].load() else { continue }
                var counts = totals[operation] ?? DurationCounts()
                counts += histogram.counts
                totals[operation] = counts
            }
            for index in stages.indices { stages[index] += self.stages[index].counts }
        }
    }

    /// The parts of a produce request's way.
    package enum ProduceStage: Int, Sendable, CaseIterable {
        /// It has arrived whole, and waits for memory, for the log or for requests before it.
        case queue
        /// Until its records have offsets: decoding, validation, the append itself.
        case append
        /// From there until they are as durable as the client asked.
        case durable

        /// As a label has it.
        package var name: String {
            switch self {
            case .queue: "queue"
            case .append: "append"
            case .durable: "durable"
            }
        }
    }

    /// What all stripes have counted.
    package struct Totals: Sendable {
        /// By operation; `nil` of one that was never answered.
        package var durations: [DurationCounts?]
        package var stages: [DurationCounts]
        /// By operation and error code, in the order of both.
        package var errors: [(operation: Int, code: Int, count: UInt64)]
    }

    private struct ErrorKey: Hashable {
        var operation: Int
        var code: Int
    }

    private struct State {
        var stripes: [(loop: ObjectIdentifier, stripe: Stripe)] = []
        var errors: [ErrorKey: UInt64] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// The stripe of an event loop: ask once for each connection. There are as many as event loops ever asked.
    package func stripe(of eventLoop: any EventLoop) -> Stripe {
        let loop = ObjectIdentifier(eventLoop)
        return self.state.withLock { state in
            if let known = state.stripes.first(where: { $0.loop == loop }) { return known.stripe }
            let stripe = Stripe()
            state.stripes.append((loop, stripe))
            return stripe
        }
    }

    /// An answer had an error of this code.
    package func failed(_ operation: Int, code: Int) {
        self.state.withLock { state in
            let key = ErrorKey(operation: operation, code: code)
            guard state.errors.count < Self.errorsMax || state.errors[key] != nil else { return }
            state.errors[key, default: 0] += 1
        }
    }

    package var totals: Totals {
        let (stripes, errors) = self.state.withLock { ($0.stripes.map(\.stripe), $0.errors) }
        var totals = Totals(
            durations: Array(repeating: nil, count: Self.operationsMax),
            stages: Array(repeating: DurationCounts(), count: ProduceStage.allCases.count),
            errors: errors.map { ($0.key.operation, $0.key.code, $0.value) }
                .sorted { ($0.operation, $0.code) < ($1.operation, $1.code) }
        )
        for stripe in stripes { stripe.add(to: &totals.durations, &totals.stages) }
        return totals
    }
}
