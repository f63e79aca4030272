package import Coordination
package import LogCore
package import Model
package import NIOCore

/// A coordinator as servers see it: finds the partition of a key, crosses to its loop and back.
///
/// Every function is called on the caller's `eventLoop` and completes there, once. `body` runs on the partition's loop;
/// see `CoordinatorRuntime` for the verbs.
package final class CoordinatorService<Machine: CoordinatorMachine, Codec: CoordinatorRecordCodec>: Sendable
where Codec.Record == Machine.Record {
    package typealias Runtime = CoordinatorRuntime<Machine, Codec>
    package typealias Context = CoordinatorContext<Machine>

    private let topic: any CoordinatorTopic
    private let runtimes: [Runtime]
    private let loadPatience: TimeAmount

    /// - Parameters:
    ///   - eventLoops: at least one; partitions are dealt out to them in turn.
    ///   - engine: of the topic's logs.
    ///   - effects: carries out what a machine decides about the world; called on the partition's loop.
    ///   - makeMachine: an empty machine.
    package init(
        topic: any CoordinatorTopic,
        engine: any LogEngine,
        environment: CoordinatorEnvironment,
        limits: CoordinatorLimits = CoordinatorLimits(),
        eventLoops: [any EventLoop],
        effects: @escaping Runtime.Effects = { _, _, _ in },
        makeMachine: @escaping @Sendable () -> Machine
    ) {
        precondition(!eventLoops.isEmpty && topic.partitionCount > 0, "coordinators need loops and partitions")
        self.topic = topic
        self.loadPatience = limits.loadPatience
        self.runtimes = (0..<topic.partitionCount).map { partition in
            Runtime(
                partition: partition,
                eventLoop: eventLoops[Int(partition) % eventLoops.count],
                topic: topic,
                engine: engine,
                environment: environment,
                limits: limits,
                effects: effects,
                makeMachine: makeMachine
            )
        }
    }

    /// The partition that holds a key (a group ID, a transactional ID): Java's `String.hashCode` without its sign,
    /// modulo the number of partitions.
    package static func partition(of key: String, count: Int32) -> Int32 {
        CoordinatorKeyPartition.number(of: key, count: count)
    }

    package func partition(of key: String) -> Int32 { Self.partition(of: key, count: Int32(self.runtimes.count)) }

    // MARK: One key

    /// Has the machine decide. Completes when what it decided is durable.
    ///
    /// - Parameter patience: how long the request waits for a load that is under way, or that it starts; without any it
    ///   is refused with `coordinatorLoadInProgress`, as clients of Kafka expect.
    package func write<Answer: Sendable>(
        _ key: String,
        on eventLoop: any EventLoop,
        release: Runtime.Release = .onceDurable,
        patience: TimeAmount = .zero,
        _ body: @escaping @Sendable (inout Machine, inout Context) -> Answer,
        completion: @escaping @Sendable (Result<Answer, CoordinatorError>) -> Void
    ) {
        self.cross(to: key) { runtime in
            guard patience > .zero else {
                return runtime.write(release: release, body) { result in eventLoop.cross { completion(result) } }
            }
            runtime.whenLoaded(within: patience) {
                runtime.write(release: release, body) { result in eventLoop.cross { completion(result) } }
            }
        }
    }

    /// Asks the machine. Completes when what it may have seen is durable.
    package func read<Answer: Sendable>(
        _ key: String,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (Machine) -> Answer,
        completion: @escaping @Sendable (Result<Answer, CoordinatorError>) -> Void
    ) {
        self.cross(to: key) { runtime in
            runtime.read(body) { result in eventLoop.cross { completion(result) } }
        }
    }

    /// A write whose answer the machine gives itself, when it is time, by a `.reply` to the token.
    package func park(
        _ key: String,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (inout Machine, inout Context, _ token: UInt64) -> Void,
        completion: @escaping @Sendable (Result<Machine.Reply, CoordinatorError>) -> Void
    ) {
        self.cross(to: key) { runtime in
            runtime.park(body) { result in eventLoop.cross { completion(result) } }
        }
    }

    /// Writes the marker that ends a transaction in a partition of the coordinator's topic; see the runtime.
    package func endTransaction(
        _ marker: TransactionEnd,
        in partition: Int32,
        on eventLoop: any EventLoop,
        beforeMarker: @escaping @Sendable () -> Void,
        completion: @escaping @Sendable (Result<TransactionEnd.Outcome, CoordinatorError>) -> Void
    ) {
        guard partition >= 0, Int(partition) < self.runtimes.count else {
            return eventLoop.cross { completion(.success(.alreadyEnded)) }
        }
        let runtime = self.runtimes[Int(partition)]
        runtime.eventLoop.cross {
            runtime.endTransaction(marker, beforeMarker: beforeMarker) { result in
                eventLoop.cross { completion(result) }
            }
        }
    }

    // MARK: Several keys

    /// Asks each partition once for all of its items. Answers come in the order of the items.
    package func readEach<Item: Sendable, Answer: Sendable>(
        _ items: [Item],
        key: (Item) -> String,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (Machine, Item) -> Answer,
        completion: @escaping @Sendable ([Result<Answer, CoordinatorError>]) -> Void
    ) {
        self.gather(items, key: key, on: eventLoop, completion: completion) { runtime, items, done in
            runtime.read({ machine in items.map { body(machine, $0) } }, completion: done)
        }
    }

    /// Has each partition decide once on all of its items. `body` returns one answer per item; answers come in the
    /// order of the items.
    package func writeEach<Item: Sendable, Answer: Sendable>(
        _ items: [Item],
        key: (Item) -> String,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (inout Machine, inout Context, [Item]) -> [Answer],
        completion: @escaping @Sendable ([Result<Answer, CoordinatorError>]) -> Void
    ) {
        self.gather(items, key: key, on: eventLoop, completion: completion) { runtime, items, done in
            runtime.write({ machine, context in body(&machine, &context, items) }, completion: done)
        }
    }

    /// Asks every partition that this broker may serve; completes with their answers in order, none when the topic does
    /// not exist, or with the first reason why one of them cannot tell.
    package func readAll<Answer: Sendable>(
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (Machine) -> Answer,
        completion: @escaping @Sendable (Result<[Answer], CoordinatorError>) -> Void
    ) {
        self.readEvery(on: eventLoop, body) { parts in
            do throws(CoordinatorError) {
                var answers: [Answer] = []
                for part in parts { answers.append(try part.get()) }
                completion(.success(answers))
            } catch {
                completion(.failure(error))
            }
        }
    }

    /// Asks every partition; completes with what each says. Waits for those that are being loaded, up to
    /// `CoordinatorLimits.loadPatience`. Those of other brokers are left out, as in Kafka: their coordinators tell.
    package func readEvery<Answer: Sendable>(
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (Machine) -> Answer,
        completion: @escaping @Sendable ([Result<Answer, CoordinatorError>]) -> Void
    ) {
        let gathering = Gathering<Result<Answer, CoordinatorError>?>(
            count: self.runtimes.count,
            on: eventLoop
        ) { parts in
            completion(parts.compactMap { $0 })
        }
        for (index, runtime) in self.runtimes.enumerated() {
            runtime.eventLoop.cross {
                if runtime.isIdle, !self.topic.exists { return gathering.put([nil], at: [index]) }
                runtime.whenLoaded(within: self.loadPatience) {
                    if runtime.isReleased { return gathering.put([nil], at: [index]) }
                    runtime.read(body) { gathering.put([$0], at: [index]) }
                }
            }
        }
    }

    // MARK: Life

    /// Starts loading a key's partition (FindCoordinator), so that the first request finds it loaded.
    package func prepare(_ key: String) { self.cross(to: key) { $0.prepare() } }

    /// Starts loading a partition: this broker has come to serve it.
    package func prepare(partition: Int32) {
        guard partition >= 0, Int(partition) < self.runtimes.count else { return }
        let runtime = self.runtimes[Int(partition)]
        runtime.eventLoop.cross { runtime.prepare() }
    }

    /// Starts loading every partition: at the start of a broker whose topic exists.
    package func prepareAll() {
        for runtime in self.runtimes { runtime.eventLoop.cross { runtime.prepare() } }
    }

    /// Tells every machine which topics were added, grown or removed.
    package func topicsChanged(_ changes: TopicChanges) {
        for runtime in self.runtimes { runtime.eventLoop.cross { runtime.topicsChanged(changes) } }
    }

    /// Another broker leads a partition of the coordinator's topic now.
    package func leadershipLost(_ partition: Int32) {
        guard partition >= 0, Int(partition) < self.runtimes.count else { return }
        let runtime = self.runtimes[Int(partition)]
        runtime.eventLoop.cross { runtime.leadershipLost() }
    }

    /// Answers everything that waits with `notCoordinator` and serves no more.
    package func close(on eventLoop: any EventLoop, completion: @escaping @Sendable () -> Void) {
        let gathering = Gathering<Bool>(count: self.runtimes.count, on: eventLoop) { _ in completion() }
        for (index, runtime) in self.runtimes.enumerated() {
            runtime.eventLoop.cross {
                runtime.close()
                gathering.put([true], at: [index])
            }
        }
    }

    // MARK: Crossing

    private func cross(to key: String, _ body: @escaping @Sendable (Runtime) -> Void) {
        let runtime = self.runtimes[Int(self.partition(of: key))]
        runtime.eventLoop.cross { body(runtime) }
    }

    private func gather<Item: Sendable, Answer: Sendable>(
        _ items: [Item],
        key: (Item) -> String,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([Result<Answer, CoordinatorError>]) -> Void,
        ask:
            @escaping @Sendable (
                Runtime, [Item], @escaping @Sendable (Result<[Answer], CoordinatorError>) -> Void
            ) -> Void
    ) {
        guard !items.isEmpty else { return eventLoop.cross { completion([]) } }
        let byPartition = Dictionary(grouping: items.indices) { self.partition(of: key(items[$0])) }
        let gathering = Gathering<Result<Answer, CoordinatorError>>(
            count: items.count,
            on: eventLoop,
            completion: completion
        )
        for (partition, indices) in byPartition {
            let runtime = self.runtimes[Int(partition)]
            let asked = indices.map { items[$0] }
            runtime.eventLoop.cross {
                ask(runtime, asked) { result in
                    switch result {
                    case .success(let answers):
                        precondition(answers.count == indices.count, "an answer for each item")
                        gathering.put(answers.map { .success($0) }, at: indices)
                    case .failure(let error):
                        gathering.put(indices.map { _ in .failure(error) }, at: indices)
                    }
                }
            }
        }
    }
}

/// Collects answers from several loops on one.
// SAFETY: `answers` and `missing` are used on `eventLoop` alone.
private final class Gathering<Answer: Sendable>: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let completion: @Sendable ([Answer]) -> Void
    private var answers: [Answer?]
    private var missing: Int

    init(count: Int, on eventLoop: any EventLoop, completion: @escaping @Sendable ([Answer]) -> Void) {
        self.eventLoop = eventLoop
        self.completion = completion
        self.answers = Array(repeating: nil, count: count)
        self.missing = count
    }

    func put(_ answers: [Answer], at indices: [Int]) {
        self.eventLoop.cross {
            for (answer, index) in zip(answers, indices) { self.answers[index] = .some(answer) }
            self.missing -= indices.count
            if self.missing == 0 { self.completion(self.answers.compactMap { $0 }) }
        }
    }
}

extension EventLoop {
    /// Runs `body` on this loop: at once when there already.
    func cross(_ body: @escaping @Sendable () -> Void) {
        if self.inEventLoop { body() } else { self.execute(body) }
    }
}
