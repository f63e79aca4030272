internal import Coordination
internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Reads a partition from its start to the end that it had at the beginning, and replays it.
///
/// Linear in the partition's size, one chunk in memory at a time, and a bounded number of records per turn of the event
/// loop. Stops without a word when its life is over.
// SAFETY: `replay` and `waiter` are used on the runtime's event loop alone.
final class CoordinatorLoad<Machine: CoordinatorMachine, Codec: CoordinatorRecordCodec>: @unchecked Sendable
where Codec.Record == Machine.Record {
    private typealias Replay = CoordinatorReplay<Machine, Codec>

    private let runtime: CoordinatorRuntime<Machine, Codec>
    private let life: UInt64
    private var replay: Replay

    /// When the engine's readers are busy with others, a read is tried again after this time.
    private static var busyDelay: TimeAmount { .milliseconds(20) }

    init(runtime: CoordinatorRuntime<Machine, Codec>, life: UInt64, machine: Machine) {
        self.runtime = runtime
        self.life = life
        self.replay = Replay(machine: machine, from: 0)
    }

    func start() {
        let eventLoop = self.runtime.eventLoop
        self.runtime.topic.open(self.runtime.partition) { result in
            eventLoop.execute {
                guard self.isCurrent else { return }
                switch result {
                case .failure(let error):
                    self.fail(error)
                case .success(let partition):
                    let offsets = partition.log.offsets
                    self.replay = Replay(machine: self.replay.machine, from: offsets.logStart)
                    self.read(partition, to: offsets.logEnd)
                }
            }
        }
    }

    private var isCurrent: Bool { self.runtime.isCurrent(self.life) }

    private func fail(_ error: LogError) { self.runtime.loadFailed(error, life: self.life) }

    private func read(_ partition: CoordinatorPartition, to end: Offset) {
        guard self.isCurrent else { return }
        guard self.replay.position < end else {
            return self.runtime.loaded(
                self.replay.takeMachine(leaving: self.runtime.makeMachine()),
                from: partition,
                damagedCount: self.replay.damagedCount,
                life: self.life
            )
        }
        let request = ReadRequest(
            offset: self.replay.position,
            bytesMax: self.runtime.limits.loadBytesMax,
            atLeastOneBatch: true,
            isolation: .readUncommitted
        )
        do throws(LogError) {
            switch try partition.log.read(request) {
            case .records(let records):
                self.take(records, partition, to: end)
            case .deferred(let read):
                self.runtime.engine.perform([read]) { results in
                    self.runtime.eventLoop.execute { self.performed(results.first, partition, to: end) }
                }
            }
        } catch {
            self.fail(error)
        }
    }

    private func performed(
        _ result: Result<FetchedRecords, LogError>?,
        _ partition: CoordinatorPartition,
        to end: Offset
    ) {
        guard self.isCurrent else { return }
        switch result {
        case .success(let records)?:
            self.take(records, partition, to: end)
        case .failure(let error)? where error.code == .overloaded || error.code == .readersBusy:
            self.runtime.eventLoop.scheduleTask(in: Self.busyDelay) { self.read(partition, to: end) }
        case .failure(let error)?:
            self.fail(error)
        case nil:
            self.fail(LogError(.storage, "the engine answered nothing"))
        }
    }

    private func take(_ records: FetchedRecords, _ partition: CoordinatorPartition, to end: Offset) {
        guard records.bytes > 0 else {
            // Records that are assigned and not durable yet, after a failure: readers see them later, or never.
            let waiter = ReadWaiter(eventLoop: self.runtime.eventLoop) { self.read(partition, to: end) }
            if !partition.log.addReadWaiter(waiter, after: self.replay.position, isolation: .readUncommitted) {
                self.runtime.eventLoop.scheduleTask(in: Self.busyDelay) { self.read(partition, to: end) }
            }
            return
        }
        self.replay.take(records)
        self.advance(from: self.replay.position, partition, to: end)
    }

    /// - Parameter before: the position at which the present chunk was read.
    private func advance(from before: Offset, _ partition: CoordinatorPartition, to end: Offset) {
        guard self.isCurrent else { return }
        do throws(RecordBatchError) {
            try self.replay.advance(records: self.runtime.limits.loadRecordsPerTurnMax)
        } catch {
            return self.fail(LogError(.corruptBatch, "offset \(self.replay.position): \(error)"))
        }
        guard self.replay.isDry else {
            return self.runtime.eventLoop.execute { self.advance(from: before, partition, to: end) }
        }
        guard self.replay.position > before else {
            return self.fail(LogError(.corruptBatch, "a read at offset \(before) led nowhere"))
        }
        self.runtime.eventLoop.execute { self.read(partition, to: end) }
    }
}
