internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model
internal import NIOCore
internal import Serving

/// One put in a cluster under way: its records are appended by the brokers that lead their shards, and its answer is
/// joined in the order of the request. `SplitPutMachine` decides.
///
/// Lives on the event loop of its connection. Completes exactly once.
final class SplitPut {
    /// How long records wait for a leader. A broker that is killed is replaced after about ten seconds.
    static let patience: Int64 = 15_000

    private let service: KinesisService
    private let peers: any PeerCalls
    private let stream: TopicID
    private let streamName: String
    private let caller: Caller
    private let entries: [PutEntry]
    private let payload: ByteBuffer
    private let keylessHash: UInt32
    private let eventLoop: any EventLoop
    private var machine: SplitPutMachine
    private var respond: Respond<[PutRecordsOutput.Result]>?

    private init(
        service: KinesisService,
        peers: any PeerCalls,
        hosted: HostedTopic,
        caller: Caller,
        entries: [PutEntry],
        payload: ByteBuffer,
        keylessHash: UInt32,
        eventLoop: any EventLoop,
        respond: @escaping Respond<[PutRecordsOutput.Result]>
    ) {
        self.service = service
        self.peers = peers
        self.stream = hosted.id
        self.streamName = hosted.name
        self.caller = caller
        self.entries = entries
        self.payload = payload
        self.keylessHash = keylessHash
        self.eventLoop = eventLoop
        self.respond = respond
        self.machine = SplitPutMachine(
            count: entries.count,
            deadline: Self.now + Self.patience,
            unavailable: KinesisError(
                .internalFailure,
                "No server leads the record's shard of stream \(hosted.name) now. Try again."
            )
        )
    }

    /// - Throws: `InvalidArgumentException` for a record that cannot be routed. Nothing is stored then.
    static func start(
        _ entries: [PutEntry],
        payload: ByteBuffer,
        hosted: HostedTopic,
        caller: Caller,
        router: StreamRouter,
        keylessHash: UInt32,
        service: KinesisService,
        peers: any PeerCalls,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<[PutRecordsOutput.Result]>
    ) throws(KinesisError) {
        // Also the check that all records can be routed.
        let shards = try PutBatches.shardIndexes(
            of: entries,
            payload: payload,
            router: router,
            keylessHash: keylessHash
        )
        let put = SplitPut(
            service: service,
            peers: peers,
            hosted: hosted,
            caller: caller,
            entries: entries,
            payload: payload,
            keylessHash: keylessHash,
            eventLoop: eventLoop,
            respond: respond
        )
        _ = put.machine.started()
        put.place(shards.indices.map(Int32.init), by: shards, router, hosted)
    }

    private static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    private func carryOut(_ actions: [SplitPutMachine.Action]) {
        for action in actions {
            switch action {
            case .place(let indices): self.place(indices)
            case .putHere(let indices): self.putHere(indices)
            case .ask(let broker, let indices, let milliseconds): self.ask(broker, indices, milliseconds)
            case .wait(let milliseconds): self.wait(milliseconds)
            case .finish(let outcomes): self.finish(outcomes)
            }
        }
    }

    private func place(_ indices: [Int32]) {
        guard let hosted = self.service.backend.topic(id: self.stream) else {
            let error = KinesisError.streamNotFound(self.streamName, account: self.caller.account)
            return self.carryOut(self.machine.refused(indices, error, now: Self.now))
        }
        let router = StreamRouter(hosted.topic)
        do throws(KinesisError) {
            let shards = try PutBatches.shardIndexes(
                of: indices.map { self.entries[Int($0)] },
                payload: self.payload,
                router: router,
                keylessHash: self.keylessHash
            )
            self.place(indices, by: shards, router, hosted)
        } catch {
            self.carryOut(self.machine.refused(indices, error, now: Self.now))
        }
    }

    private func place(_ indices: [Int32], by shards: [Int], _ router: StreamRouter, _ hosted: HostedTopic) {
        let places = zip(indices, shards).map { index, shard in
            (index: index, place: hosted.place(of: router.shards[shard].partition))
        }
        self.carryOut(self.machine.placed(places, now: Self.now))
    }

    private func putHere(_ indices: [Int32]) {
        let misplaced = MisplacedRecords()
        do throws(KinesisError) {
            guard let hosted = self.service.backend.topic(id: self.stream) else {
                throw KinesisError.streamNotFound(self.streamName, account: self.caller.account)
            }
            try self.service.putHere(
                indices.map { self.entries[Int($0)] },
                payload: self.payload,
                hosted,
                self.caller,
                StreamRouter(hosted.topic),
                keylessHash: self.keylessHash,
                misplaced: misplaced,
                self.eventLoop
            ) { result in
                let outcomes = PutOutcome.outcomes(of: result, count: indices.count, misplaced)
                self.carryOut(self.machine.answered(indices, outcomes, now: Self.now))
            }
        } catch {
            let outcomes = [PutOutcome](repeating: .refused(error), count: indices.count)
            self.carryOut(self.machine.answered(indices, outcomes, now: Self.now))
        }
    }

    private func ask(_ broker: BrokerID, _ indices: [Int32], _ milliseconds: Int64) {
        let put = ForwardedPut(
            stream: self.stream,
            caller: self.caller,
            keylessHash: self.keylessHash,
            entries: indices.map { self.entries[Int($0)] },
            payload: self.payload
        )
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        self.peers.call(
            broker,
            PeerRequest.put(put).encoded,
            within: .milliseconds(milliseconds),
            on: self.eventLoop
        ) { result in
            bound.value.answered(indices, result)
        }
    }

    private func answered(_ indices: [Int32], _ result: Result<ByteBuffer, PeerCallError>) {
        let actions: [SplitPutMachine.Action]
        switch result {
        case .failure(let error): actions = self.machine.lost(indices, mayHaveRun: error.mayHaveRun, now: Self.now)
        case .success(let bytes):
            do throws(PeerMessageError) {
                switch try PeerAnswer(bytes) {
                case .done(let fields):
                    let outcomes = try PutOutcome.decode(fields, count: indices.count)
                    actions = self.machine.answered(indices, outcomes, now: Self.now)
                case .refused(let error):
                    let outcomes = [PutOutcome](repeating: .refused(error), count: indices.count)
                    actions = self.machine.answered(indices, outcomes, now: Self.now)
                case .notServed: actions = self.machine.lost(indices, mayHaveRun: false, now: Self.now)
                }
            } catch {
                actions = self.machine.lost(indices, mayHaveRun: true, now: Self.now)
            }
        }
        self.carryOut(actions)
    }

    private func wait(_ milliseconds: Int64) {
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        self.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
            let put = bound.value
            put.carryOut(put.machine.waited(now: Self.now))
        }
    }

    private func finish(_ outcomes: [PutOutcome]) {
        guard let respond = self.respond.take() else { return }
        respond(PutOutcome.answer(outcomes))
    }
}

/// Records of a put that no shard of this broker takes: nothing of them was stored. Lives on one event loop.
final class MisplacedRecords {
    /// Of the put's records.
    var indices: [Int32] = []
}

extension PutOutcome {
    /// What a put to shards of this broker came to, for each of its records.
    static func outcomes(
        of result: Result<[PutRecordsOutput.Result], KinesisError>,
        count: Int,
        _ misplaced: MisplacedRecords
    ) -> [PutOutcome] {
        var outcomes: [PutOutcome]
        switch result {
        case .failure(let error): outcomes = [PutOutcome](repeating: .refused(error), count: count)
        case .success(let results):
            outcomes = results.map { result in
                switch result {
                case .stored(_, let number): .stored(number)
                case .failed(let code, let message):
                    .refused(KinesisError(KinesisError.Code(rawValue: code) ?? .internalFailure, message))
                }
            }
        }
        for index in misplaced.indices { outcomes[Int(index)] = .misplaced }
        return outcomes
    }

    /// The same as a put on a single node answers.
    static func answer(_ outcomes: [PutOutcome]) -> Result<[PutRecordsOutput.Result], KinesisError> {
        if outcomes.count == 1, case .refused(let error) = outcomes[0] { return .failure(error) }
        return .success(
            outcomes.map { outcome in
                switch outcome {
                case .stored(let number): .stored(ordinal: number.ordinal, number)
                case .refused(let error): PutOperation.failure(error)
                case .misplaced: PutOperation.failure(.internalFailure)
                }
            }
        )
    }
}
