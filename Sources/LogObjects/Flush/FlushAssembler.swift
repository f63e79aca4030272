package import LogCore
package import Model
package import NIOCore
internal import RecordBatch

/// When a flush is sealed.
package struct FlushSettings: Sendable, Equatable {
    /// A flush of so many bytes is sealed at once.
    package var bytesMax: Int
    /// The longest time between the first batch of a flush and its seal.
    package var interval: Duration
    /// The time in its place while nothing else is under way: a lone producer does not wait for a whole interval.
    package var idleLinger: Duration
    /// The time in its place for what others wait on: transaction markers and coordinators' records.
    package var urgentInterval: Duration
    /// Runs of one flush: what a commit record holds.
    package var runsMax: Int

    package init(
        bytesMax: Int = 8 << 20,
        interval: Duration = .milliseconds(250),
        idleLinger: Duration = .milliseconds(2),
        urgentInterval: Duration = .milliseconds(25),
        runsMax: Int = 2_048
    ) {
        self.bytesMax = bytesMax
        self.interval = interval
        self.idleLinger = idleLinger
        self.urgentInterval = urgentInterval
        self.runsMax = runsMax
    }
}

/// A flush that takes no more batches, with all that its object and its commit record say.
package struct SealedFlush: Sendable {
    /// Counts the flushes of an incarnation, from 0.
    package var sequence: Int64
    package var runs: [FlushRun]
    /// The whole object.
    package var parts: [ByteBuffer]
    package var size: Int
}

/// Collects the batches of many partitions, in the order of their offsets, and decides when they become one object.
///
/// Sans-IO: it says when it wants `timerFired`; only the earliest of the moments that it named matters.
package struct FlushAssembler: Sendable {
    /// What follows from an event.
    package enum Action: Equatable, Sendable {
        case wait
        /// `timerFired` is wanted at this moment, which may be earlier than the one before.
        case setTimer(Duration)
        /// Take `seal`.
        case seal
    }

    struct OpenRun: Sendable {
        var partition: TopicPartition
        var leaderEpoch: LeaderEpoch
        var baseOffset: Offset
        var endOffset: Offset
        var maxTimestamp: Timestamp
        var batches: [ByteBuffer]
        var producers: [ProducerRun]
    }

    private enum State: Sendable {
        case empty
        case open(since: Duration, deadline: Duration)
    }

    private static let runRecordBytesMax = 64
    private static let producerRecordBytesMax = 56

    package var settings: FlushSettings
    private let writer: Incarnation
    private var state = State.empty
    private var runs: [OpenRun] = []
    private var indexes: [TopicPartition: Int] = [:]
    private var byteCount = 0
    private var recordBytes = 0
    private var nextSequence: Int64

    package init(writer: Incarnation, firstSequence: Int64 = 0, settings: FlushSettings = FlushSettings()) {
        self.writer = writer
        self.nextSequence = firstSequence
        self.settings = settings
    }

    package var isEmpty: Bool { self.runs.isEmpty }
    /// Bytes that wait for the seal.
    package var pendingBytes: Int { self.byteCount }

    /// The leader epoch of the open run of a partition. A batch of another epoch needs a flush of its own.
    package func leaderEpoch(of partition: TopicPartition) -> LeaderEpoch? {
        self.indexes[partition].map { self.runs[$0].leaderEpoch }
    }

    /// Batches got their offsets.
    ///
    /// - Parameters:
    ///   - batches: whole, back to back, in one or several buffers.
    ///   - summaries: of the same batches, with their offsets, which continue the partition's.
    ///   - isUrgent: others wait for it.
    ///   - isIdle: nothing is uploaded or committed now.
    ///   - now: a monotonic time.
    package mutating func appended(
        _ partition: TopicPartition,
        leaderEpoch: LeaderEpoch,
        batches: [ByteBuffer],
        summaries: [BatchSummary],
        isUrgent: Bool,
        isIdle: Bool,
        now: Duration
    ) -> Action {
        guard let first = summaries.first, let last = summaries.last else {
            preconditionFailure("an append has batches")
        }
        self.add(partition, leaderEpoch, batches, summaries, base: first.baseOffset, end: last.lastOffset + 1)
        if self.byteCount >= self.settings.bytesMax || self.runs.count >= self.settings.runsMax
            || self.recordBytes >= CommitRecord.bytesMax / 2
        {
            return .seal
        }
        let patience =
            isIdle
            ? self.settings.idleLinger : isUrgent ? self.settings.urgentInterval : self.settings.interval
        switch self.state {
        case .empty:
            self.state = .open(since: now, deadline: now + patience)
            return .setTimer(now + patience)
        case .open(let since, let deadline):
            guard now + patience < deadline else { return .wait }
            self.state = .open(since: since, deadline: now + patience)
            return .setTimer(now + patience)
        }
    }

    private mutating func add(
        _ partition: TopicPartition,
        _ leaderEpoch: LeaderEpoch,
        _ batches: [ByteBuffer],
        _ summaries: [BatchSummary],
        base: Offset,
        end: Offset
    ) {
        let maxTimestamp = summaries.map(\.maxTimestamp).max() ?? -1
        self.byteCount += batches.reduce(0) { $0 + $1.readableBytes }
        if let index = self.indexes[partition] {
            precondition(self.runs[index].endOffset == base, "offsets of a partition continue")
            precondition(self.runs[index].leaderEpoch == leaderEpoch, "an epoch ends with a flush of its own")
            let producers = summaries.compactMap { ProducerRun($0, base: self.runs[index].baseOffset) }
            self.runs[index].endOffset = end
            self.runs[index].batches += batches
            self.runs[index].producers += producers
            self.runs[index].maxTimestamp = max(self.runs[index].maxTimestamp, maxTimestamp)
            self.recordBytes += producers.count * Self.producerRecordBytesMax
        } else {
            let producers = summaries.compactMap { ProducerRun($0, base: base) }
            self.indexes[partition] = self.runs.count
            self.runs.append(
                OpenRun(
                    partition: partition,
                    leaderEpoch: leaderEpoch,
                    baseOffset: base,
                    endOffset: end,
                    maxTimestamp: maxTimestamp,
                    batches: batches,
                    producers: producers
                )
            )
            self.recordBytes += Self.runRecordBytesMax + producers.count * Self.producerRecordBytesMax
        }
    }

    /// The moment that was named has come.
    package mutating func timerFired(now: Duration) -> Action {
        switch self.state {
        case .empty: return .wait
        case .open(_, let deadline): return now >= deadline ? .seal : .setTimer(deadline)
        }
    }

    /// Nothing is uploaded or committed any more.
    package mutating func becameIdle(now: Duration) -> Action {
        switch self.state {
        case .empty: return .wait
        case .open(let since, let deadline):
            let idle = max(now, since + self.settings.idleLinger)
            guard idle < deadline else { return .wait }
            if idle <= now { return .seal }
            self.state = .open(since: since, deadline: idle)
            return .setTimer(idle)
        }
    }

    /// Ends the flush; the next batch begins another one. Costs nothing for each byte: an event loop may do it. `nil`
    /// when there is nothing in it.
    package mutating func take() -> TakenFlush? {
        guard !self.runs.isEmpty else { return nil }
        let taken = TakenFlush(writer: self.writer, sequence: self.nextSequence, runs: self.runs)
        self.nextSequence += 1
        self.runs = []
        self.indexes = [:]
        self.byteCount = 0
        self.recordBytes = 0
        self.state = .empty
        return taken
    }

    /// `take` and `TakenFlush.sealed` in one.
    package mutating func seal() -> SealedFlush? { self.take()?.sealed() }
}

/// A flush that takes no more batches, before its checksums are computed.
package struct TakenFlush: Sendable {
    package let writer: Incarnation
    /// Counts the flushes of an incarnation, from 0.
    package let sequence: Int64
    let runs: [FlushAssembler.OpenRun]

    /// Reads every byte once.
    package func sealed() -> SealedFlush {
        // Partition by partition in one order, so that readers and audits find neighbours together.
        let sorted = self.runs.sorted { left, right in
            left.partition.topicID == right.partition.topicID
                ? left.partition.partition < right.partition.partition
                : left.partition.topicID < right.partition.topicID
        }
        var runs: [FlushRun] = []
        var batches: [ByteBuffer] = []
        var position = FlushObject.headerBytes
        for run in sorted {
            var checksum: UInt32 = 0
            var length = 0
            for buffer in run.batches {
                checksum = buffer.withUnsafeReadableBytes { CRC32C.checksum($0, initial: checksum) }
                length += buffer.readableBytes
            }
            runs.append(
                FlushRun(
                    partition: run.partition,
                    leaderEpoch: run.leaderEpoch,
                    baseOffset: run.baseOffset,
                    offsetCount: run.endOffset - run.baseOffset,
                    position: position,
                    length: length,
                    checksum: checksum,
                    maxTimestamp: run.maxTimestamp,
                    producers: run.producers
                )
            )
            batches += run.batches
            position += length
        }
        let parts = FlushObject.parts(writer: self.writer, sequence: self.sequence, runs: runs, batches: batches)
        return SealedFlush(
            sequence: self.sequence,
            runs: runs,
            parts: parts,
            size: parts.reduce(0) { $0 + $1.readableBytes }
        )
    }
}
