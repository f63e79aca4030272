internal import Broker
internal import KafkaProtocol
internal import NIOCore

/// A fetch that found nothing in time and waits on, in case its connection asks for the same again: an idle consumer
/// does so twice a second. Then neither the request is decoded nor a partition looked at.
///
/// Without a session the request must be the same to the byte. With one it must change nothing: only its epoch counts
/// on. Lives on the connection's event loop.
struct ParkedFetch: Sendable {
    typealias Resume = @Sendable (FetchAnswer) -> Void

    let operation: FetchOperation
    private let answer: FetchAnswer
    private let waitMax: TimeAmount
    /// The request without its header, in memory of its own; empty for one too large to be worth it.
    private let body: ByteBuffer
    /// What is answered when there is nothing again, encoded; `nil` with a session, which tells nothing twice.
    private let idleFrame: ByteBuffer?
    private let resume: Resume

    /// A request larger than this is decoded each time.
    private static let bodyBytesMax = 256 << 10

    /// - Parameter resume: has the operation wait on, and what comes answered by its argument.
    init(
        _ operation: FetchOperation,
        of answer: FetchAnswer,
        waitMax: TimeAmount,
        idleFrame: ByteBuffer?,
        resume: @escaping Resume
    ) {
        self.operation = operation
        self.answer = answer
        self.waitMax = waitMax
        let isSmall = answer.body.readableBytes <= Self.bodyBytesMax
        self.body = isSmall ? ByteBuffer(bytes: answer.body.readableBytesView) : ByteBuffer()
        self.idleFrame = answer.session.id == 0 ? idleFrame : nil
        self.resume = resume
    }

    /// - Returns: whether the request is in hand; `false`: it must be carried out from the beginning.
    func goOn(_ body: ByteBuffer, _ call: Call<FetchResponse>) -> Bool {
        guard self.operation.isParked, call.version == self.answer.call.version, self.isSame(body, call) else {
            return false
        }
        self.resume(self.answer.again(call))
        call.onClose { self.operation.cancel() }
        call.onDeadline(after: self.waitMax) {
            guard self.operation.park() else {
                self.operation.timedOut()
                return
            }
            if let idleFrame = self.idleFrame {
                call.answer(frame: idleFrame)
            } else {
                call.answer(FetchResponse(sessionID: self.answer.session.id))
            }
        }
        return true
    }

    private func isSame(_ body: ByteBuffer, _ call: Call<FetchResponse>) -> Bool {
        guard self.body.readableBytes > 0, body.readableBytes == self.body.readableBytes else { return false }
        guard self.answer.session.id != 0 else { return body == self.body && self.idleFrame != nil }
        guard let epoch = self.epoch(of: body) else { return false }
        do throws(FetchSessionCache.Refusal) {
            try call.services.fetchSessions.goOn(
                self.answer.session.id,
                epoch: epoch,
                usesTopicIDs: call.version >= 13,
                now: call.broker.environment.monotonicMilliseconds()
            )
            return true
        } catch {
            return false
        }
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
