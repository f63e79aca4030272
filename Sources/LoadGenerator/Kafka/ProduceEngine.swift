internal import KafkaClient
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import RecordBatch

/// Where the batches of a load come from.
enum BatchSource {
    case templates(BatchTemplates)
    case stamped(StampedBatches)

    var batchRecords: Int {
        switch self {
        case .templates(let templates): templates.batchRecords
        case .stamped(let batches): batches.batchRecords
        }
    }
}

/// Sends record batches over connections of its own and counts their answers; on one event loop.
///
/// Without a rate every connection keeps its requests in flight full (closed loop). With one, records leave by the
/// schedule, gathered into batches for at most `linger` (open loop): what has to wait for a free request counts from
/// the moment it was meant to leave.
final class ProduceEngine {
    /// What the engine needs of the broker, found out before.
    struct Target: Sendable {
        var topic: TopicTarget
        var plan: LanePlan
        var frame: ProduceFrame
        /// For each connection.
        var producers: [BatchSequence]
    }

    private struct InFlight {
        var lane: Int
        /// The schedule's number of the first record.
        var first: Int
        var count: Int
        var entered: UInt64
        var correlationID: Int32
    }

    private final class Connection {
        let wire: Wire
        let producer: BatchSequence
        var lanes: [Int] = []
        var nextLane = 0
        var inFlight = CircularBuffer<InFlight>()
        var reader = FrameReader()
        var correlationID: Int32 = 0

        init(wire: Wire, producer: BatchSequence) {
            self.wire = wire
            self.producer = producer
        }
    }

    /// Payloads up to this size are copied behind their header: cheaper than three entries of a gathering write.
    private static let copyBytesMax = 4096

    private let settings: ProduceSettings
    private let target: Target
    private let loop: any EventLoop
    private var source: BatchSource
    private let tail: ByteBuffer
    private var connections: [Connection] = []
    private var lanes: [Lane]
    private var sequences: [Int32]
    private var schedule: SendSchedule?
    private var linger: UInt64
    private var unsentCount: Int
    private var deadline: UInt64?
    private var timer: Scheduled<Void>?
    private var timerTime = UInt64.max
    private var isEnded = false

    private(set) var recordCount = 0
    private(set) var failedCount = 0
    private(set) var firstError: String?
    private(set) var lastAnswer: UInt64 = 0
    /// Latencies of acknowledged records; set by `start`.
    private(set) var recorder: LatencyRecorder?
    /// Called once: everything that was to be sent has been answered, or the load has failed.
    var onFinished: ((Result<Void, LoadFailure>) -> Void)?
    var onProgress: ((UInt64) -> Void)?

    init(settings: ProduceSettings, target: Target, loop: any EventLoop) throws(LoadFailure) {
        self.settings = settings
        self.target = target
        self.loop = loop
        if settings.isStamped {
            self.source = .stamped(
                StampedBatches(
                    recordBytes: settings.recordBytes,
                    batchBytes: settings.batchBytes,
                    compression: settings.compression
                )
            )
        } else {
            self.source = .templates(
                try BatchTemplates(
                    recordBytes: settings.recordBytes,
                    batchBytes: settings.batchBytes,
                    compression: settings.compression
                )
            )
        }
        var tail = ByteBuffer()
        target.frame.writeTail(to: &tail)
        self.tail = tail
        let count = target.plan.lanes.count
        self.lanes = (0..<count).map { Lane(index: $0, of: count) }
        self.sequences = Array(repeating: 0, count: count)
        self.linger = UInt64(settings.lingerMilliseconds * 1e6)
        self.unsentCount = settings.volume.recordCountMax ?? .max
    }

    var connectionCount: Int { self.target.plan.connections.count }

    /// Opens the connections; `ready` tells when they are there.
    func connect(_ ready: @escaping (Result<Void, LoadFailure>) -> Void) {
        let addresses = self.target.plan.connections.compactMap { self.target.topic.addresses[$0] }
        precondition(addresses.count == self.connectionCount, "every leader has an address")
        Wire.connectAll(to: addresses, tls: self.target.topic.tls, on: self.loop) { result in
            ready(result.map { self.install($0) })
        }
    }

    private func install(_ wires: [Wire]) {
        self.connections = zip(wires, self.target.producers).map { Connection(wire: $0, producer: $1) }
        for (lane, entry) in self.target.plan.lanes.enumerated() {
            self.connections[entry.connection].lanes.append(lane)
        }
        for connection in self.connections {
            connection.wire.onBytes = { [unowned connection] in try self.received(&$0, on: connection) }
            connection.wire.onEnd = { self.finish(.failure($0)) }
        }
    }

    /// Begins to send. The first record is meant to leave at `start`.
    func start(at start: UInt64) {
        self.recorder = LatencyRecorder(
            start: start,
            volume: self.settings.volume,
            hasTimeline: self.settings.hasTimeline
        )
        self.lastAnswer = start
        if let rate = self.settings.rate {
            let count = self.settings.volume.recordCount(atRate: rate)
            self.schedule = SendSchedule(start: start, rate: rate, count: count)
            self.unsentCount = count
        } else {
            self.deadline = self.settings.volume.nanoseconds.map { start + $0 }
        }
        for connection in self.connections { self.pump(connection) }
        self.arm()
    }

    func close() {
        self.isEnded = true
        self.timer?.cancel()
        for connection in self.connections { connection.wire.close() }
        self.connections = []
        self.onFinished = nil
        self.onProgress = nil
    }

    // MARK: - Sending

    private func pump(_ connection: Connection) {
        guard !self.isEnded, connection.inFlight.count < self.settings.requestsInFlight else { return }
        if let schedule = self.schedule {
            self.pumpScheduled(connection, schedule)
        } else {
            self.pumpFull(connection)
        }
        connection.wire.flush()
    }

    private func pumpFull(_ connection: Connection) {
        while connection.inFlight.count < self.settings.requestsInFlight {
            let now = LoadClock.now
            if let deadline, now >= deadline { self.unsentCount = 0 }
            let count = min(self.source.batchRecords, self.unsentCount)
            guard count > 0 else { break }
            let lane = connection.lanes[connection.nextLane]
            connection.nextLane = (connection.nextLane + 1) % connection.lanes.count
            self.send(count, in: lane, on: connection, now: now)
        }
        self.finishIfDone()
    }

    private func pumpScheduled(_ connection: Connection, _ schedule: SendSchedule) {
        let now = LoadClock.now
        let due = schedule.due(at: now)
        var lookedAt = 0
        while connection.inFlight.count < self.settings.requestsInFlight, lookedAt < connection.lanes.count {
            let lane = connection.lanes[connection.nextLane]
            connection.nextLane = (connection.nextLane + 1) % connection.lanes.count
            let waiting = self.lanes[lane].waitingCount(due: due)
            let isReady =
                waiting >= self.source.batchRecords
                || (waiting > 0 && schedule.intended(self.lanes[lane].nextIndex) + self.linger <= now)
            if isReady {
                self.send(min(waiting, self.source.batchRecords), in: lane, on: connection, now: now)
                lookedAt = 0
            } else {
                lookedAt += 1
            }
        }
    }

    /// Wakes when the next lane with a free request becomes ready.
    private func arm() {
        guard let schedule = self.schedule, !self.isEnded, self.unsentCount > 0 else { return }
        var earliest = UInt64.max
        for connection in self.connections where connection.inFlight.count < self.settings.requestsInFlight {
            for lane in connection.lanes {
                let ready = self.lanes[lane].readyTime(
                    schedule,
                    batchRecords: self.source.batchRecords,
                    linger: self.linger
                )
                if let ready, ready < earliest { earliest = ready }
            }
        }
        guard earliest < .max, earliest != self.timerTime else { return }
        self.timer?.cancel()
        self.timerTime = earliest
        let deadline = NIODeadline.uptimeNanoseconds(earliest)
        self.timer = self.loop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timerTime = .max
            for connection in self.connections { self.pump(connection) }
            self.arm()
        }
    }

    private func send(_ count: Int, in lane: Int, on connection: Connection, now: UInt64) {
        let first = self.lanes[lane].nextIndex
        let partition = self.target.plan.lanes[lane].partition
        connection.correlationID = connection.correlationID == .max ? 1 : connection.correlationID + 1
        var sequence = connection.producer
        if self.settings.isIdempotent {
            sequence.baseSequence = self.sequences[lane]
            self.sequences[lane] = RecordBatchHeader.sequence(self.sequences[lane], advancedBy: Int32(count))
        }
        let last: ByteBuffer
        do {
            last = try self.writeBatch(count, first: first, lane, partition, sequence, on: connection)
        } catch {
            self.finish(.failure(error))
            return
        }
        self.lanes[lane].sent(count)
        self.unsentCount -= count
        let entry = InFlight(
            lane: lane,
            first: first,
            count: count,
            entered: now,
            correlationID: connection.correlationID
        )
        connection.inFlight.append(entry)
        if self.settings.acks == 0 {
            connection.wire.write(last) { [unowned connection] isWritten in
                if isWritten { self.posted(on: connection) }
            }
        } else {
            connection.wire.write(last)
        }
    }

    /// Writes the request except its last buffer, which it returns.
    private func writeBatch(
        _ count: Int,
        first: Int,
        _ lane: Int,
        _ partition: Int32,
        _ sequence: BatchSequence,
        on connection: Connection
    ) throws(LoadFailure) -> ByteBuffer {
        let timestamp = LoadClock.wallMilliseconds
        switch self.source {
        case .templates(var templates):
            let template = try templates.template(records: count)
            self.source = .templates(templates)
            let payload = template.payload
            let isCopied = payload.readableBytes <= Self.copyBytesMax
            var head = connection.wire.buffer(capacity: 256 + (isCopied ? payload.readableBytes : 0))
            self.target.frame.writeHead(
                to: &head,
                correlationID: connection.correlationID,
                partition: partition,
                batchBytes: template.sizeInBytes
            )
            template.header(timestamp: timestamp, sequence: sequence).write(to: &head)
            if isCopied {
                head.writeImmutableBuffer(payload)
                self.target.frame.writeTail(to: &head)
                return head
            }
            connection.wire.write(head)
            guard self.tail.readableBytes > 0 else { return payload }
            connection.wire.write(payload)
            return self.tail
        case .stamped(var batches):
            let batch = try batches.batch(
                first: first,
                count: count,
                stride: self.lanes.count,
                timestamp: timestamp,
                sequence: sequence
            )
            self.source = .stamped(batches)
            var head = connection.wire.buffer(capacity: 256 + batch.readableBytes)
            self.target.frame.writeHead(
                to: &head,
                correlationID: connection.correlationID,
                partition: partition,
                batchBytes: batch.readableBytes
            )
            head.writeImmutableBuffer(batch)
            self.target.frame.writeTail(to: &head)
            return head
        }
    }

    // MARK: - Answers

    private func received(_ bytes: inout ByteBuffer, on connection: Connection) throws {
        connection.reader.append(&bytes)
        while var frame = try connection.reader.next() {
            guard let entry = connection.inFlight.popFirst(),
                frame.readInteger(as: Int32.self) == entry.correlationID
            else {
                throw LoadFailure("\(connection.wire.address) answered a request that was not sent")
            }
            self.answered(entry, try self.error(in: &frame))
        }
        self.pump(connection)
        self.arm()
    }

    /// What the broker said against a batch; `nil` when it took it.
    private func error(in frame: inout ByteBuffer) throws(LoadFailure) -> String? {
        let version = self.target.frame.version
        do {
            if ResponseHeader.version(for: .produce, apiVersion: version) >= 1 { try frame.skipTaggedFields() }
            let response = try ProduceResponse.decode(from: &frame, version: version)
            guard let partition = response.topics.first?.partitions.first else {
                throw LoadFailure("the broker did not answer for a batch of topic \(self.target.topic.name)")
            }
            guard partition.errorCode != .none else { return nil }
            let name = "partition \(self.target.topic.name)-\(partition.partitionIndex)"
            return ClientError.server(partition.errorCode, name, message: partition.errorMessage).message
        } catch let failure as LoadFailure {
            throw failure
        } catch {
            throw LoadFailure("the broker sent a malformed Produce v\(version) response: \(error)")
        }
    }

    private func posted(on connection: Connection) {
        guard !self.isEnded, let entry = connection.inFlight.popFirst() else { return }
        self.answered(entry, nil)
        self.pump(connection)
        self.arm()
    }

    private func answered(_ entry: InFlight, _ error: String?) {
        let now = LoadClock.now
        self.lastAnswer = now
        self.onProgress?(now)
        if let error {
            self.failedCount += entry.count
            if self.firstError == nil { self.firstError = error }
        } else {
            self.recordCount += entry.count
            if let schedule = self.schedule {
                for index in 0..<entry.count {
                    let intended = schedule.intended(entry.first + index * self.lanes.count)
                    self.recorder?.record(nanoseconds: now &- intended, at: now)
                }
            } else {
                self.recorder?.record(nanoseconds: now - entry.entered, count: entry.count, at: now)
            }
        }
        self.finishIfDone()
    }

    private func finishIfDone() {
        guard self.unsentCount == 0, self.connections.allSatisfy(\.inFlight.isEmpty) else { return }
        self.finish(.success(()))
    }

    private func finish(_ result: Result<Void, LoadFailure>) {
        guard !self.isEnded else { return }
        self.isEnded = true
        self.onFinished?(result)
    }
}
