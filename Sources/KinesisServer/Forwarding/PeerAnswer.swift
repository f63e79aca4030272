internal import KinesisProtocol
internal import Model
internal import NIOCore

/// What another broker answered.
enum PeerAnswer {
    /// The fields of what was asked for.
    case done(ByteBuffer)
    case refused(KinesisError)
    /// The other broker does not lead it (any more), and did nothing.
    case notServed

    private enum Kind: UInt8 {
        case done = 0
        case refused = 1
        case notServed = 2
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .done(let fields):
            buffer.reserveCapacity(fields.readableBytes + 1)
            buffer.writeInteger(Kind.done.rawValue)
            buffer.writeImmutableBuffer(fields)
        case .refused(let error):
            buffer.writeInteger(Kind.refused.rawValue)
            buffer.write(error)
        case .notServed: buffer.writeInteger(Kind.notServed.rawValue)
        }
        return buffer
    }

    /// Nothing at all comes from a broker that does not serve the Kinesis face.
    init(_ buffer: ByteBuffer) throws(PeerMessageError) {
        var buffer = buffer
        guard buffer.readableBytes > 0 else {
            self = .notServed
            return
        }
        guard let kind = Kind(rawValue: try buffer.readNumber()) else { throw PeerMessageError() }
        switch kind {
        case .done: self = .done(buffer)
        case .refused: self = .refused(try buffer.readError())
        case .notServed: self = .notServed
        }
    }
}

/// What became of one record of a put.
enum PutOutcome: Equatable {
    case stored(SequenceNumber)
    case refused(KinesisError)
    /// Nothing was stored: the record's shard is led by another broker, or by nobody at the moment.
    case misplaced

    private enum Kind: UInt8 {
        case stored = 0
        case refused = 1
        case misplaced = 2
    }

    static func encode(_ outcomes: [PutOutcome]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(outcomes.count * 21)
        for outcome in outcomes {
            switch outcome {
            case .stored(let number):
                buffer.writeInteger(Kind.stored.rawValue)
                buffer.writeInteger(number.shardCreated)
                buffer.writeInteger(number.ordinal)
                buffer.writeInteger(number.offset)
            case .refused(let error):
                buffer.writeInteger(Kind.refused.rawValue)
                buffer.write(error)
            case .misplaced: buffer.writeInteger(Kind.misplaced.rawValue)
            }
        }
        return buffer
    }

    /// - Parameter count: of the records that were sent.
    static func decode(_ buffer: ByteBuffer, count: Int) throws(PeerMessageError) -> [PutOutcome] {
        var buffer = buffer
        guard buffer.readableBytes >= count else { throw PeerMessageError() }
        var outcomes: [PutOutcome] = []
        outcomes.reserveCapacity(count)
        for _ in 0..<count {
            guard let kind = Kind(rawValue: try buffer.readNumber()) else { throw PeerMessageError() }
            switch kind {
            case .stored:
                let (created, ordinal) = (
                    try buffer.readNumber(as: UInt64.self), try buffer.readNumber(as: UInt32.self)
                )
                let offset = try buffer.readNumber(as: Int64.self)
                guard created < 1 << 36, offset >= 0 else { throw PeerMessageError() }
                outcomes.append(.stored(SequenceNumber(shardCreated: created, ordinal: ordinal, offset: offset)))
            case .refused: outcomes.append(.refused(try buffer.readError()))
            case .misplaced: outcomes.append(.misplaced)
            }
        }
        return outcomes
    }
}

/// The next event of a subscription, as the broker that leads the shard made it.
struct EventAnswer {
    /// Where the next event begins.
    var nextOffset: Offset
    var recordCount: Int
    /// Data and keys.
    var bytes: Int
    /// The shard has no more records, ever.
    var isAtEnd: Bool
    var millisBehindLatest: Int64
    /// How long the consumer has to wait for the next event with records: the budget of the shard is used up.
    var pauseMilliseconds: Int64
    /// The event, in the encoding that was asked for.
    var payload: ByteBuffer

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(self.payload.readableBytes + 32)
        buffer.writeInteger(self.nextOffset)
        buffer.writeInteger(UInt32(clamping: self.recordCount))
        buffer.writeInteger(UInt32(clamping: self.bytes))
        buffer.writeInteger(UInt8(self.isAtEnd ? 1 : 0))
        buffer.writeInteger(self.millisBehindLatest)
        buffer.writeInteger(self.pauseMilliseconds)
        buffer.writeImmutableBuffer(self.payload)
        return buffer
    }

    init(
        nextOffset: Offset,
        recordCount: Int,
        bytes: Int,
        isAtEnd: Bool,
        millisBehindLatest: Int64,
        pauseMilliseconds: Int64,
        payload: ByteBuffer
    ) {
        self.nextOffset = nextOffset
        self.recordCount = recordCount
        self.bytes = bytes
        self.isAtEnd = isAtEnd
        self.millisBehindLatest = millisBehindLatest
        self.pauseMilliseconds = pauseMilliseconds
        self.payload = payload
    }

    init(_ buffer: ByteBuffer) throws(PeerMessageError) {
        var buffer = buffer
        self.nextOffset = try buffer.readNumber()
        self.recordCount = Int(try buffer.readNumber(as: UInt32.self))
        self.bytes = Int(try buffer.readNumber(as: UInt32.self))
        self.isAtEnd = try buffer.readFlag()
        self.millisBehindLatest = max(0, try buffer.readNumber())
        // A debt is of seconds at most; nobody else's number may stop a subscription for long.
        self.pauseMilliseconds = min(max(0, try buffer.readNumber()), 60_000)
        self.payload = buffer
        guard self.nextOffset >= 0 else { throw PeerMessageError() }
    }
}
