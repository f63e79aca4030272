internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model
internal import NIOCore

/// A whole request in a cluster under way: it is carried out by the broker that leads its shard, or the lease tables.
/// `ForwardMachine` decides.
///
/// Lives on the event loop of its connection. Completes exactly once, by `here` or by `respond`.
final class ForwardedCall {
    /// As `SplitPut.patience`.
    private static let patience: Int64 = 15_000

    enum Outcome {
        /// The fields of the other broker's answer.
        case done(ByteBuffer)
        case refused(KinesisError)
        /// Nobody leads it; nothing was done.
        case unavailable
        /// It may have been carried out.
        case unknown
    }

    private let request: PeerRequest
    private let peers: any PeerCalls
    private let eventLoop: any EventLoop
    private let place: () -> LedPlace
    private let here: () -> Void
    private let respond: (Outcome) -> Void
    private var machine: ForwardMachine

    private init(
        request: PeerRequest,
        peers: any PeerCalls,
        isRepeatable: Bool,
        eventLoop: any EventLoop,
        place: @escaping () -> LedPlace,
        here: @escaping () -> Void,
        respond: @escaping (Outcome) -> Void
    ) {
        self.request = request
        self.peers = peers
        self.eventLoop = eventLoop
        self.place = place
        self.here = here
        self.respond = respond
        self.machine = ForwardMachine(deadline: Self.now + Self.patience, isRepeatable: isRepeatable)
    }

    /// - Parameters:
    ///   - isRepeatable: carrying the request out twice does no harm.
    ///   - place: where it is to be carried out now.
    ///   - here: carries it out on this broker and answers.
    ///   - respond: called with what another broker answered.
    static func start(
        _ request: PeerRequest,
        peers: any PeerCalls,
        isRepeatable: Bool,
        on eventLoop: any EventLoop,
        place: @escaping () -> LedPlace,
        here: @escaping () -> Void,
        respond: @escaping (Outcome) -> Void
    ) {
        // Most often, and then nothing of the rest is needed.
        let first = place()
        if first == .here { return here() }
        let call = ForwardedCall(
            request: request,
            peers: peers,
            isRepeatable: isRepeatable,
            eventLoop: eventLoop,
            place: place,
            here: here,
            respond: respond
        )
        call.carryOut(call.machine.looked(first, now: Self.now))
    }

    private static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    private func carryOut(_ action: ForwardMachine.Action) {
        switch action {
        case .look: self.carryOut(self.machine.looked(self.place(), now: Self.now))
        case .runHere: self.here()
        case .ask(let broker, let milliseconds): self.ask(broker, milliseconds)
        case .wait(let milliseconds):
            let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
            self.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                let call = bound.value
                call.carryOut(call.machine.waited())
            }
        case .failUnavailable: self.respond(.unavailable)
        case .failUnknown: self.respond(.unknown)
        case .ignore: break
        }
    }

    private func ask(_ broker: BrokerID, _ milliseconds: Int64) {
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        self.peers.call(
            broker,
            self.request.encoded,
            within: .milliseconds(milliseconds),
            on: self.eventLoop
        ) { result in
            bound.value.answered(result)
        }
    }

    private func answered(_ result: Result<ByteBuffer, PeerCallError>) {
        switch result {
        case .failure(let error):
            self.carryOut(self.machine.lost(mayHaveRun: error.mayHaveRun, now: Self.now))
        case .success(let bytes):
            do throws(PeerMessageError) {
                let answer = try PeerAnswer(bytes)
                if case .notServed = answer { return self.carryOut(self.machine.notServed(now: Self.now)) }
                guard self.machine.answered() else { return }
                switch answer {
                case .done(let fields): self.respond(.done(fields))
                case .refused(let error): self.respond(.refused(error))
                case .notServed: break
                }
            } catch {
                self.carryOut(self.machine.lost(mayHaveRun: true, now: Self.now))
            }
        }
    }
}

extension KinesisService {
    /// Where the shard of an iterator is led. What is wrong with the iterator is found out where it is read.
    func place(ofIterator token: String) -> LedPlace {
        let now = self.backend.now()
        guard
            let iterator = try? ShardIterator(
                token,
                sealer: self.sealer,
                now: now,
                validity: self.settings.iteratorValidityMilliseconds
            ),
            let hosted = self.backend.topic(id: iterator.streamID),
            let shard = hosted.topic.shard(ordinal: Int32(bitPattern: iterator.ordinal))
        else { return .here }
        return hosted.place(of: shard.partition)
    }

    func place(of shardID: String?, in stream: StreamReference) -> LedPlace {
        guard let name = try? stream.resolved(), let hosted = self.backend.topic(named: name),
            let ordinal = shardID.flatMap(ShardID.init(text:))?.ordinal,
            let shard = hosted.topic.shard(ordinal: Int32(bitPattern: ordinal))
        else { return .here }
        return hosted.place(of: shard.partition)
    }

    /// The lease tables are one partition; without it there are no tables, and CreateTable makes it.
    func place(ofLeaseTablesFor operation: LeaseTableOperation) -> LedPlace {
        guard let hosted = self.backend.topic(named: TopicName.leaseTables) else {
            guard operation == .createTable, let tables = self.backend.leaseTableService else { return .here }
            tables.prepareTopic()
            return .unsettled
        }
        return hosted.place(of: 0)
    }
}
