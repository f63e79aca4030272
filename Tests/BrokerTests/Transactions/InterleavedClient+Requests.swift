import Coordination
import CoordinatorRuntime
import GroupCoordinator
import LogCore
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import TransactionCoordinator

@testable import Broker

extension CoordinatorInterleaving {
    typealias Waiting = InterleavedClient.Waiting

    private static func answer(to error: TransactionError) -> InterleavedClient.Answer {
        switch error {
        case .concurrentTransactions, .coordinatorNotAvailable, .notCoordinator, .coordinatorLoadInProgress: .again
        default: .refused
        }
    }

    private func identity(_ client: InterleavedClient) -> TransactionalIdentity {
        var producer = client.producer
        if self.fault == .skipsEpochCheck { producer = self.current[client.transactionalID] ?? producer }
        return TransactionalIdentity(
            transactionalID: client.transactionalID,
            producerID: producer.id,
            epoch: producer.epoch
        )
    }

    // MARK: Transaction coordinator

    func initProducer(_ id: String, fresh: ProducerID?, _ waiting: Waiting) {
        let request = InitProducerRequest(transactionalID: id, timeoutMilliseconds: 60_000)
        self.transactions.write(id, on: self.loop) { machine, context in
            let outcome = machine.initProducerRequested(request, fresh: fresh, now: context.now)
            context.append(outcome.write)
            return outcome.answer
        } completion: { [unowned self] result in
            switch result {
            case .success(.producer(let producer)): waiting.answer = .producer(producer)
            case .success(.refused(let error)): waiting.answer = Self.answer(to: error)
            case .success(.needsProducerID): self.initProducer(id, fresh: self.freshProducerID(), waiting)
            case .failure(let error): waiting.answer = Self.answer(to: TransactionError(error))
            }
        }
    }

    func end(_ client: InterleavedClient, commits: Bool, fresh: ProducerID?, _ waiting: Waiting) {
        let request = EndTransactionRequest(
            identity: self.identity(client),
            commits: commits,
            clientVersion: client.version
        )
        // A client that keeps its epoch never sends a second one: that may end its next transaction.
        if client.version >= 2, self.chance(15) { self.late.append(request) }
        self.transactions.park(client.transactionalID, on: self.loop) { machine, context, token in
            context.perform(machine.endRequested(request, fresh: fresh, token: token, now: context.now))
        } completion: { [unowned self] result in
            switch result {
            case .success(.producer(let producer)): waiting.answer = .producer(producer)
            case .success(.refused(let error)): waiting.answer = Self.answer(to: error)
            case .success(.needsProducerID):
                self.end(client, commits: commits, fresh: self.freshProducerID(), waiting)
            case .failure(let error): waiting.answer = Self.answer(to: TransactionError(error))
            }
        }
    }

    // MARK: Group coordinator

    func readOffset(of place: InputPlace, _ waiting: Waiting) {
        waiting.seenBefore = self.history.seen[place] ?? -1
        let query = OffsetQuery(
            groupID: GroupID(place.group),
            topics: [.init(name: Self.inputTopic.name, partitions: [place.partition])],
            requireStable: true
        )
        self.groups.read(place.group, on: self.loop) { machine in
            machine.offsetsRequested(query)
        } completion: { result in
            guard case .success(let answer) = result, answer.error == nil,
                let partition = answer.topics.first?.partitions.first, partition.error == nil
            else {
                waiting.answer = .again
                return
            }
            waiting.answer = .offset(partition.offset)
        }
    }

    func heartbeat(_ client: InterleavedClient, _ waiting: Waiting) {
        guard let member = client.member else { return }
        let isJoining = client.memberEpoch == 0
        let request = ConsumerHeartbeat(
            groupID: GroupID(InterleavedClient.membersGroup),
            memberID: member,
            memberEpoch: client.memberEpoch,
            rebalanceTimeoutMilliseconds: isJoining ? 60_000 : -1,
            topicNames: isJoining ? [Self.inputTopic.name] : nil,
            owned: isJoining ? PartitionSet() : client.owned
        )
        self.groups.write(request.groupID.rawValue, on: self.loop) { machine, context in
            let (response, actions) = machine.consumerHeartbeatReceived(
                request,
                uuid: context.makeUUID(),
                now: context.now
            )
            context.perform(actions)
            return response
        } completion: { result in
            waiting.answer = (try? result.get()).map { .membership($0) } ?? .again
        }
    }

    // MARK: Writing

    /// - Returns: the work with what a repetition must say again.
    func write(
        _ client: inout InterleavedClient,
        _ work: InterleavedClient.Work,
        _ waiting: Waiting
    ) -> InterleavedClient.Work {
        guard work.step < 2 else {
            let (client, offsets) = (client, self.offsets)
            self.admit(client, Self.offsetsPlace, offsets, waiting) { [unowned self] in
                self.commitOffset(client, work, offsets, waiting)
            }
            return work
        }
        var work = work
        let read = Int.random(in: 0..<Self.partitionCount, using: &self.random)
        self.history.reads[work.number, default: []].formUnion(self.committedRecords(of: read).suffix(4).map(\.number))
        if work.sequence == nil {
            work.partition = Int.random(in: 0..<Self.partitionCount, using: &self.random)
            let sequence = client.sequences[work.partition] ?? 0
            client.sequences[work.partition] = sequence + 1
            work.sequence = sequence
        }
        let place = TransactionPartition(topic: "p", partition: Int32(work.partition))
        let (partition, producer) = (self.partitions[work.partition], client.producer)
        self.admit(client, place, partition, waiting) { [unowned self, work] in
            self.trace?("append \(work) as \(producer)")
            self.append(work, as: producer, to: partition, waiting)
        }
        return work
    }

    private func append(
        _ work: InterleavedClient.Work,
        as producer: TransactionalProducer,
        to partition: HostedPartition,
        _ waiting: Waiting
    ) {
        var builder = RecordBatchBuilder(
            options: .init(
                producerID: producer.id,
                producerEpoch: producer.epoch,
                baseSequence: work.sequence ?? 0,
                isTransactional: true
            )
        )
        var value = ByteBuffer(integer: work.number)
        value.writeInteger(work.step)
        builder.append(key: nil, value: value, timestamp: self.now)
        let waiter = ClosureWaiter(self.loop) { error in waiting.answer = error == nil ? .done : .again }
        do throws(BrokerError) {
            _ = try partition.appendFromClient(
                .init(
                    builder.finishUncompressed().buffer,
                    produceVersion: 12,
                    acknowledge: .durable,
                    now: self.now
                ),
                waiter: waiter
            )
        } catch {
            switch error.code {
            case .log(.diskFull), .log(.overloaded): waiting.answer = .again
            default: waiting.answer = .refused
            }
        }
    }

    /// Has the partition in the transaction. Clients of version 1 add it themselves, before each record, and the broker
    /// verifies that; for later ones the broker adds it, unless it is known to be in it.
    private func admit(
        _ client: InterleavedClient,
        _ place: TransactionPartition,
        _ partition: HostedPartition,
        _ waiting: Waiting,
        _ body: @escaping @Sendable () -> Void
    ) {
        let identity = self.identity(client)
        guard client.version < 2 else {
            return self.appendWhenKnown(client, partition, waiting, body) { [unowned self] known in
                self.transactions.add([place], to: identity, clientVersion: 2, on: self.loop, completion: known)
            }
        }
        self.transactions.add([place], to: identity, clientVersion: 0, on: self.loop) { [unowned self] error in
            guard waiting.life == self.life else { return }
            if let error {
                waiting.answer = Self.answer(to: error)
                return
            }
            self.appendWhenKnown(client, partition, waiting, body) { known in
                self.transactions.verify([place], in: identity, on: self.loop) { error, missing in
                    known(error ?? (missing.isEmpty ? nil : .transactionAbortable))
                }
            }
        }
    }

    private func appendWhenKnown(
        _ client: InterleavedClient,
        _ partition: HostedPartition,
        _ waiting: Waiting,
        _ body: @escaping @Sendable () -> Void,
        ask: (_ known: @escaping @Sendable (TransactionError?) -> Void) -> Void
    ) {
        let admission = partition.admitTransaction(of: client.producer) { waiting.answer = .again }
        switch admission {
        case .open: body()
        case .wait: break
        case .ask(let question):
            ask { [unowned self] error in
                guard waiting.life == self.life else { return }
                let others = partition.transactionKnown(question, isOpen: error == nil)
                if let error { waiting.answer = Self.answer(to: error) } else { body() }
                for resume in others { resume() }
            }
        }
    }

    private func commitOffset(
        _ client: InterleavedClient,
        _ work: InterleavedClient.Work,
        _ offsets: HostedPartition,
        _ waiting: Waiting
    ) {
        var commit = CommitRequest(
            groupID: GroupID(work.place.group),
            topics: [
                .init(
                    name: Self.inputTopic.name,
                    partitions: [.init(index: work.place.partition, offset: work.input + 1)]
                )
            ]
        )
        if let member = client.member {
            commit.memberID = member
            commit.generationID = GenerationID(client.memberEpoch)
            if self.fault == .skipsMemberEpochCheck, let live = self.history.newestMember(of: work.place, self.clients)
            {
                (commit.memberID, commit.generationID) = live
            }
        }
        let producer = client.producer
        self.groups.write(work.place.group, on: self.loop) { [commit] machine, context in
            guard offsets.hasOpenTransaction(of: producer) else { return commit.refused(.invalidTransactionState) }
            let outcome = machine.transactionalOffsetCommitRequested(commit, producer: producer, now: context.now)
            context.append(outcome.write)
            return outcome.response
        } completion: { result in
            switch result {
            case .success(let response):
                let isTaken =
                    response.error == nil && response.topics.allSatisfy { $0.partitions.allSatisfy { $0.error == nil } }
                waiting.answer = isTaken ? .done : .refused
            case .failure: waiting.answer = .again
            }
        }
    }
}

extension InterleavedHistory {
    /// A member that the coordinator would take offsets from.
    fileprivate func newestMember(
        of place: InputPlace,
        _ clients: [InterleavedClient]
    ) -> (MemberID, GenerationID)? {
        clients.filter { $0.memberEpoch > 0 }.max { $0.memberEpoch < $1.memberEpoch }
            .flatMap { client in client.member.map { ($0, GenerationID(client.memberEpoch)) } }
    }
}
