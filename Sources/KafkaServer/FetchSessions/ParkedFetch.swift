internal import Broker
internal import KafkaProtocol
internal import NIOCore

/// A fetch that found nothing in time and waits on, in case its connection asks for the same again: an idle consumer
/// does so twice a second. Then no partition is looked at.
///
/// Without a session the request must ask for the same of the same partitions, in whatever order; one that is the same
/// to the byte is not even decoded. With a session it must change nothing: only its epoch counts on. Lives on the
/// connection's event loop.
final class ParkedFetch {
    /// - Parameters:
    ///   - call: what is answered now.
    ///   - order: in which to look at the partitions of the parked request; `nil`: as that one named them.
    typealias Resume = @Sendable (_ call: Call<FetchResponse>, _ order: [Int]?) -> Void

    let operation: FetchOperation
    private let answer: FetchAnswer
    private let waitMax: TimeAmount
    /// The request without its header, in memory of its own; empty for one too large to be worth it.
    private let body: ByteBuffer
    private var partitions: AskedPartitions
    /// What is answered when there is nothing again, encoded; `nil` with a session, which tells nothing twice.
    private let idleFrame: ByteBuffer?
    private let resume: Resume

    /// A request larger than this is decoded each time.
    private static let bodyBytesMax = 256 << 10

    /// - Parameters:
    ///   - body: the request as it came, without its header.
    ///   - resume: has the operation wait on, and what comes answered by its argument.
    init(
        _ operation: FetchOperation,
        of answer: FetchAnswer,
        _ body: ByteBuffer,
        waitMax: TimeAmount,
        idleFrame: ByteBuffer?,
        resume: @escaping Resume
    ) {
        self.operation = operation
        self.answer = answer
        self.waitMax = waitMax
        let isSmall = body.readableBytes <= Self.bodyBytesMax
        self.body = isSmall ? ByteBuffer(bytes: body.readableBytesView) : ByteBuffer()
        self.partitions = AskedPartitions(answer.asked)
        self.idleFrame = answer.session.id == 0 ? idleFrame : nil
        self.resume = resume
    }

    /// - Returns: whether the request is in hand; `false`: it must be carried out from the beginning.
    func goOn(_ body: ByteBuffer, _ call: Call<FetchResponse>) -> Bool {
        guard self.operation.isParked, call.version == self.answer.call.version,
            let sameness = self.sameness(of: body, call)
        else { return false }
        let order: [Int]? = if case .reordered(let order) = sameness { order } else { nil }
        self.resume(call, order)
        call.onClose { [operation] in operation.cancel() }
        call.onDeadline(at: Self.deadline(after: self.waitMax, .now())) {
            [operation, idleFrame, session = self.answer.session] in
            guard operation.park() else {
                operation.timedOut()
                return
            }
            if let idleFrame {
                call.answer(frame: idleFrame)
            } else {
                call.answer(FetchResponse(sessionID: session.id))
            }
        }
        return true
    }

    /// When to answer with nothing again: up to an eighth of the wait late, at a time that many connections have in
    /// common. They are then answered, and ask again, together, which wakes the event loop less often.
    static func deadline(after wait: TimeAmount, _ now: NIODeadline) -> NIODeadline {
        let exact = now + wait
        let grain = UInt64(max(1, wait.nanoseconds / 8))
        // Powers of two, so that waits of different lengths meet too.
        let step = UInt64(1) << (63 - UInt64(grain.leadingZeroBitCount))
        let (ahead, overflows) = exact.uptimeNanoseconds.addingReportingOverflow(step - 1)
        return overflows ? exact : .uptimeNanoseconds(ahead & ~(step - 1))
    }

    private enum Sameness {
        case same
        case reordered([Int])
    }

    private func sameness(of body: ByteBuffer, _ call: Call<FetchResponse>) -> Sameness? {
        guard self.body.readableBytes > 0 else { return nil }
        guard self.answer.session.id != 0 else {
            guard self.idleFrame != nil else { return nil }
            return body == self.body ? .same : self.order(of: body).map(Sameness.reordered)
        }
        guard body.readableBytes == self.body.readableBytes, let epoch = self.epoch(of: body) else { return nil }
        do throws(FetchSessionCache.Refusal) {
            try call.services.fetchSessions.goOn(
                self.answer.session.id,
                epoch: epoch,
                usesTopicIDs: call.version >= 13,
                now: call.broker.environment.monotonicMilliseconds()
            )
            return .same
        } catch {
            return nil
        }
    }

    /// The order of partitions in a request that is the parked one but for that; `nil` for any other.
    private func order(of body: ByteBuffer) -> [Int]? {
        let version = self.answer.call.version
        // Up to version 14 the replica ID, then max wait, min and max bytes, isolation level; from 7 on session ID and
        // epoch.
        let fixed = (version >= 15 ? 0 : 4) + 4 + 4 + 4 + 1 + (version >= 7 ? 8 : 0)
        guard self.answer.asked.count > 1, body.readableBytes <= Self.bodyBytesMax,
            self.body.readableBytesView.prefix(fixed).elementsEqual(body.readableBytesView.prefix(fixed))
        else { return nil }
        var rest = body
        // One that cannot be decoded is refused when it is carried out.
        guard let request = try? FetchRequest.decode(from: &rest, version: version),
            request.replicaState == self.answer.request.replicaState, request.forgottenTopics.isEmpty
        else { return nil }
        return self.partitions.order(of: request.topics)
    }

    /// The session epoch of a request that is the parked one but for it and changes nothing; `nil` for any other.
    private func epoch(of body: ByteBuffer) -> Int32? {
        guard self.answer.request.topics.isEmpty, self.answer.request.forgottenTopics.isEmpty else { return nil }
        // Up to version 14 the replica ID, then max wait, min and max bytes, isolation level and session ID.
        let position = (self.answer.call.version >= 15 ? 0 : 4) + 4 + 4 + 4 + 1 + 4
        let (mine, theirs) = (self.body.readableBytesView, body.readableBytesView)
        guard mine.prefix(position).elementsEqual(theirs.prefix(position)),
            mine.dropFirst(position + 4).elementsEqual(theirs.dropFirst(position + 4))
        else { return nil }
        return body.getInteger(at: body.readerIndex + position)
    }
}
