internal import Coordination
package import CoordinatorRuntime
package import LeaseTables
package import LogCore
package import Model
package import NIOCore

/// The lease tables as servers see them: one `TableMachine` on the one partition of `__lease_tables` (decision 0044).
package final class LeaseTableService: Sendable {
    package typealias Service = CoordinatorService<TableMachine, LeaseTableRecordCodec>

    /// How long a request waits for the partition's load.
    private static let loadPatience = TimeAmount.seconds(10)
    /// There is one partition, for every key.
    private static let key = ""

    package let coordinator: Service
    private let topic: any CoordinatorTopic
    private let random: @Sendable () -> (UInt64, UInt64)

    /// - Parameters:
    ///   - topic: has one partition.
    ///   - engine: of the topic's log.
    ///   - eventLoops: the first one runs the machine.
    package init(
        topic: any CoordinatorTopic,
        engine: any LogEngine,
        limits: TableLimits = TableLimits(),
        environment: BrokerEnvironment,
        eventLoops: [any EventLoop]
    ) {
        self.topic = topic
        self.random = environment.random
        self.coordinator = Service(
            topic: topic,
            engine: engine,
            environment: environment.forCoordinators,
            eventLoops: eventLoops,
            makeMachine: { TableMachine(limits: limits) }
        )
    }

    /// For a table that is about to be made.
    package func makeTableID() -> TableID {
        let (high, low) = self.random()
        return TableID(high: high, low: low)
    }

    /// Has the topic made, which another broker may come to lead.
    package func prepareTopic() {
        if !self.topic.exists { self.coordinator.prepare(Self.key) }
    }

    /// Why a request has no answer. Clients try again.
    package enum Failure: Error, Sendable {
        case refused(TableError)
        /// The partition is offline, led elsewhere, or its log takes nothing now.
        case unavailable
    }

    /// Has the machine decide, and completes on `eventLoop` once what it decided, and all that it may have seen, is
    /// durable. A request that meets a partition that is being loaded waits.
    ///
    /// - Parameters:
    ///   - makesTopic: the request needs the internal topic, which is made when it is missing. Others find no tables
    ///     then.
    ///   - body: runs on the partition's loop.
    package func decide<Answer: Sendable>(
        on eventLoop: any EventLoop,
        makesTopic: Bool = false,
        _ body: @escaping @Sendable (inout TableMachine, _ now: Timestamp) throws(TableError) -> TableDecision<Answer>,
        completion: @escaping @Sendable (Result<Answer, Failure>) -> Void
    ) {
        guard self.topic.exists || makesTopic else {
            var empty = TableMachine()
            do throws(TableError) {
                return completion(.success(try body(&empty, 0).answer))
            } catch {
                return completion(.failure(.refused(error)))
            }
        }
        if !self.topic.exists { self.coordinator.prepare(Self.key) }
        self.coordinator.write(Self.key, on: eventLoop, patience: Self.loadPatience) {
            machine,
            context -> Result<Answer, TableError> in
            do throws(TableError) {
                let decision = try body(&machine, context.now)
                if !decision.records.isEmpty { context.append(CoordinatorWrite(records: decision.records)) }
                return .success(decision.answer)
            } catch {
                return .failure(error)
            }
        } completion: { result in
            switch result {
            case .success(.success(let answer)): completion(.success(answer))
            case .success(.failure(let error)): completion(.failure(.refused(error)))
            case .failure: completion(.failure(.unavailable))
            }
        }
    }
}
