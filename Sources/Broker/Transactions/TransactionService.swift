internal import Coordination
package import CoordinatorRuntime
package import LogCore
internal import Model
package import NIOCore
package import TransactionCoordinator

/// The transaction coordinator as servers see it: a `TransactionMachine` per partition of `__transaction_state`.
/// Keys are transactional IDs.
package typealias TransactionService = CoordinatorService<TransactionMachine, TransactionRecordCodec>

extension CoordinatorService where Machine == TransactionMachine, Codec == TransactionRecordCodec {
    /// - Parameters:
    ///   - engine: of the topic's logs.
    ///   - markers: writes what the machines decide into the partitions of transactions.
    package convenience init(
        topic: any CoordinatorTopic,
        engine: any LogEngine,
        settings: TransactionSettings,
        markers: any TransactionMarkerWriter,
        environment: BrokerEnvironment,
        eventLoops: [any EventLoop]
    ) {
        self.init(
            topic: topic,
            engine: engine,
            environment: environment.forCoordinators,
            eventLoops: eventLoops,
            effects: { request, leaderEpoch, runtime in
                markers.write(
                    TransactionEnd(
                        producerID: request.producer.id,
                        producerEpoch: request.producer.epoch,
                        commits: request.commits,
                        coordinatorEpoch: leaderEpoch.rawValue,
                        transactionVersion: request.transactionVersion
                    ),
                    to: request.partitions,
                    on: runtime.eventLoop
                ) { results in
                    let failed = zip(request.partitions, results).filter { $0.1.isRetriable }.map(\.0)
                    // In a later turn: the runtime may be in the midst of the one that decided.
                    runtime.eventLoop.execute {
                        runtime.write { machine, context in
                            context.perform(machine.markersWritten(request, failed: failed, now: context.now))
                        } completion: { _ in
                        }
                    }
                }
            },
            makeMachine: { TransactionMachine(settings: settings) }
        )
    }

    /// Adds partitions to a producer's transaction, which begins with the first. Completes on `eventLoop`, when that is
    /// durable.
    package func add(
        _ partitions: Set<TransactionPartition>,
        to identity: TransactionalIdentity,
        clientVersion: Int16,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (TransactionError?) -> Void
    ) {
        self.write(identity.transactionalID, on: eventLoop) { machine, context in
            let outcome = machine.partitionsAdded(
                partitions,
                by: identity,
                clientVersion: clientVersion,
                now: context.now
            )
            context.perform(outcome.actions)
            return outcome.error
        } completion: { result in
            switch result {
            case .success(let error): completion(error)
            case .failure(let error): completion(TransactionError(error))
            }
        }
    }

    /// Asks whether partitions are in a producer's transaction. Completes on `eventLoop` with an error for all of them,
    /// or with those that are not.
    package func verify(
        _ partitions: Set<TransactionPartition>,
        in identity: TransactionalIdentity,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (TransactionError?, Set<TransactionPartition>) -> Void
    ) {
        self.read(identity.transactionalID, on: eventLoop) { machine in
            machine.verification(of: Array(partitions), by: identity)
        } completion: { result in
            switch result {
            case .success(let outcome): completion(outcome.error, outcome.missing)
            case .failure(let error): completion(TransactionError(error), [])
            }
        }
    }
}
