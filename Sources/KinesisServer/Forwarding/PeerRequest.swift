internal import Broker
internal import KinesisProtocol
internal import Model
internal import NIOCore
internal import Serving

/// What one broker asks another one to do for a client of the Kinesis port.
///
/// Written behind the byte of `PeerSubject.kinesis`: one byte for the kind, then its fields.
enum PeerRequest {
    /// A whole request.
    case operation(ForwardedOperation)
    /// Records of a put whose shards the other broker leads.
    case put(ForwardedPut)
    /// A request for the lease tables.
    case leaseTables(ForwardedLeaseCall)
    /// Where a subscription begins; takes it over from another one.
    case subscription(ForwardedSubscription)
    /// The next event of a subscription.
    case event(EventRequest)

    private enum Kind: UInt8 {
        case operation = 1
        case put = 2
        case leaseTables = 3
        case subscription = 4
        case event = 5
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(PeerSubject.kinesis.rawValue)
        switch self {
        case .operation(let operation): operation.write(Kind.operation.rawValue, to: &buffer)
        case .put(let put): put.write(Kind.put.rawValue, to: &buffer)
        case .leaseTables(let call): call.write(Kind.leaseTables.rawValue, to: &buffer)
        case .subscription(let subscription): subscription.write(Kind.subscription.rawValue, to: &buffer)
        case .event(let request): request.write(Kind.event.rawValue, to: &buffer)
        }
        return buffer
    }

    /// - Parameter buffer: without the subject.
    init(_ buffer: ByteBuffer) throws(PeerMessageError) {
        var buffer = buffer
        guard let kind = Kind(rawValue: try buffer.readNumber()) else { throw PeerMessageError() }
        switch kind {
        case .operation: self = .operation(try ForwardedOperation(&buffer))
        case .put: self = .put(try ForwardedPut(&buffer))
        case .leaseTables: self = .leaseTables(try ForwardedLeaseCall(&buffer))
        case .subscription: self = .subscription(try ForwardedSubscription(&buffer))
        case .event: self = .event(try EventRequest(&buffer))
        }
    }
}

/// A whole request of the Kinesis port.
struct ForwardedOperation {
    var request: KinesisRequest
    var session: Session
    /// What the answer to a GetRecords may hold.
    var answerBytesMax: Int

    func write(_ kind: UInt8, to buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: self.request.body.readableBytes + 512)
        buffer.writeInteger(kind)
        buffer.writeField(self.request.operation.rawValue)
        buffer.writeField(self.request.contentType.rawValue)
        buffer.write(self.request.caller)
        buffer.writeField(optional: self.request.userAgent)
        buffer.write(self.session)
        buffer.writeInteger(UInt32(clamping: self.answerBytesMax))
        buffer.writeField(self.request.body)
    }

    init(request: KinesisRequest, session: Session, answerBytesMax: Int) {
        self.request = request
        self.session = session
        self.answerBytesMax = answerBytesMax
    }

    init(_ buffer: inout ByteBuffer) throws(PeerMessageError) {
        guard let operation = Operation(rawValue: try buffer.readText()),
            let contentType = ContentType(rawValue: try buffer.readText())
        else { throw PeerMessageError() }
        let caller = try buffer.readCaller()
        let userAgent = try buffer.readOptionalText()
        self.session = try buffer.readSession()
        self.answerBytesMax = Int(try buffer.readNumber(as: UInt32.self))
        self.request = KinesisRequest(
            operation: operation,
            contentType: contentType,
            caller: caller,
            body: try buffer.readBytes(),
            userAgent: userAgent
        )
    }
}

/// Records of a put. Their rights, sizes and form were looked at; the shards' limits are the other broker's to hold.
struct ForwardedPut {
    /// AWS's, for one PutRecords.
    static let entriesMax = 500

    var stream: TopicID
    var caller: Caller
    /// Chooses the shard of records without a partition key, as it chose this broker.
    var keylessHash: UInt32
    /// Ranges of `payload`.
    var entries: [PutEntry]
    var payload: ByteBuffer

    private struct Flags: OptionSet {
        var rawValue: UInt8
        static let partitionKey = Flags(rawValue: 1)
        static let explicitHashKey = Flags(rawValue: 2)
    }

    init(stream: TopicID, caller: Caller, keylessHash: UInt32, entries: [PutEntry], payload: ByteBuffer) {
        self.stream = stream
        self.caller = caller
        self.keylessHash = keylessHash
        self.entries = entries
        self.payload = payload
    }

    func write(_ kind: UInt8, to buffer: inout ByteBuffer) {
        buffer.reserveCapacity(
            minimumWritableBytes: self.entries.reduce(256) { $0 + $1.bytes + 64 }
        )
        buffer.writeInteger(kind)
        buffer.write(self.stream)
        buffer.write(self.caller)
        buffer.writeInteger(self.keylessHash)
        buffer.writeInteger(UInt16(self.entries.count))
        for entry in self.entries {
            var flags = Flags()
            if entry.partitionKey != nil { flags.insert(.partitionKey) }
            if entry.explicitHashKey != nil { flags.insert(.explicitHashKey) }
            buffer.writeInteger(flags.rawValue)
            if let key = entry.partitionKey { self.write(key, to: &buffer) }
            if let key = entry.explicitHashKey { self.write(key, to: &buffer) }
            self.write(entry.data ?? ByteRange(start: 0, count: 0), to: &buffer)
        }
    }

    private func write(_ text: TextRange, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(clamping: text.scalarCount))
        self.write(text.bytes, to: &buffer)
    }

    private func write(_ range: ByteRange, to buffer: inout ByteBuffer) {
        let bytes = self.payload.getSlice(at: Int(range.start), length: Int(range.count)) ?? ByteBuffer()
        buffer.writeField(bytes)
    }

    /// The records stay where they came: the payload is the message itself.
    init(_ buffer: inout ByteBuffer) throws(PeerMessageError) {
        self.stream = try buffer.readTopicID()
        self.caller = try buffer.readCaller()
        self.keylessHash = try buffer.readNumber()
        let count = Int(try buffer.readNumber(as: UInt16.self))
        guard (1...Self.entriesMax).contains(count) else { throw PeerMessageError() }
        var entries: [PutEntry] = []
        for _ in 0..<count {
            let flags = Flags(rawValue: try buffer.readNumber())
            var entry = PutEntry()
            if flags.contains(.partitionKey) { entry.partitionKey = try Self.readText(&buffer) }
            if flags.contains(.explicitHashKey) { entry.explicitHashKey = try Self.readText(&buffer) }
            entry.data = try Self.readRange(&buffer)
            entries.append(entry)
        }
        self.entries = entries
        // Ranges are of the whole message, and slices are taken of what is readable.
        buffer.moveReaderIndex(to: 0)
        self.payload = buffer
    }

    private static func readText(_ buffer: inout ByteBuffer) throws(PeerMessageError) -> TextRange {
        let scalarCount = try buffer.readNumber(as: UInt16.self)
        return TextRange(bytes: try Self.readRange(&buffer), scalarCount: Int32(scalarCount))
    }

    private static func readRange(_ buffer: inout ByteBuffer) throws(PeerMessageError) -> ByteRange {
        let count = Int(try buffer.readNumber(as: UInt32.self))
        let range = ByteRange(start: buffer.readerIndex, count: count)
        guard count <= buffer.readableBytes else { throw PeerMessageError() }
        buffer.moveReaderIndex(forwardBy: count)
        return range
    }
}

/// A request for the lease tables.
struct ForwardedLeaseCall {
    var operation: LeaseTableOperation
    var caller: Caller
    var session: Session
    var body: ByteBuffer

    func write(_ kind: UInt8, to buffer: inout ByteBuffer) {
        buffer.writeInteger(kind)
        buffer.writeField(self.operation.rawValue)
        buffer.write(self.caller)
        buffer.write(self.session)
        buffer.writeField(self.body)
    }

    init(operation: LeaseTableOperation, caller: Caller, session: Session, body: ByteBuffer) {
        self.operation = operation
        self.caller = caller
        self.session = session
        self.body = body
    }

    init(_ buffer: inout ByteBuffer) throws(PeerMessageError) {
        guard let operation = LeaseTableOperation(rawValue: try buffer.readText()) else { throw PeerMessageError() }
        self.operation = operation
        self.caller = try buffer.readCaller()
        self.session = try buffer.readSession()
        self.body = try buffer.readBytes()
    }
}

/// A subscription that another broker's client has: one for each consumer and shard in the whole cluster, which the
/// broker that leads the shard sees to.
struct SubscriberID: Equatable {
    var stream: TopicID
    var shard: Int32
    var consumer: StreamConsumer
    /// Random, of this subscription.
    var ticket: UInt64

    var key: Subscriptions.Key {
        Subscriptions.Key(
            stream: self.stream,
            consumer: self.consumer.name,
            consumerCreated: self.consumer.created,
            shard: self.shard
        )
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.write(self.stream)
        buffer.writeInteger(self.shard)
        buffer.writeField(self.consumer.name)
        buffer.writeInteger(self.consumer.created)
        buffer.writeInteger(self.ticket)
    }

    init(stream: TopicID, shard: Int32, consumer: StreamConsumer, ticket: UInt64) {
        self.stream = stream
        self.shard = shard
        self.consumer = consumer
        self.ticket = ticket
    }

    init(_ buffer: inout ByteBuffer) throws(PeerMessageError) {
        self.stream = try buffer.readTopicID()
        self.shard = try buffer.readNumber()
        self.consumer = StreamConsumer(name: try buffer.readText(), created: try buffer.readNumber())
        self.ticket = try buffer.readNumber()
    }
}

/// Where a subscription begins.
struct ForwardedSubscription {
    var subscriber: SubscriberID
    var caller: Caller
    var position: GetShardIteratorInput

    func write(_ kind: UInt8, to buffer: inout ByteBuffer) {
        buffer.writeInteger(kind)
        self.subscriber.write(to: &buffer)
        buffer.write(self.caller)
        buffer.writeField(optional: self.position.stream.name)
        buffer.writeField(optional: self.position.shardID)
        buffer.writeField(optional: self.position.shardIteratorType)
        buffer.writeField(optional: self.position.startingSequenceNumber)
        buffer.writeInteger(UInt8(self.position.timestamp == nil ? 0 : 1))
        if let timestamp = self.position.timestamp { buffer.writeInteger(timestamp) }
    }

    init(subscriber: SubscriberID, caller: Caller, position: GetShardIteratorInput) {
        self.subscriber = subscriber
        self.caller = caller
        self.position = position
    }

    init(_ buffer: inout ByteBuffer) throws(PeerMessageError) {
        self.subscriber = try SubscriberID(&buffer)
        self.caller = try buffer.readCaller()
        var position = GetShardIteratorInput()
        position.stream.name = try buffer.readOptionalText()
        position.shardID = try buffer.readOptionalText()
        position.shardIteratorType = try buffer.readOptionalText()
        position.startingSequenceNumber = try buffer.readOptionalText()
        if try buffer.readFlag() { position.timestamp = try buffer.readNumber() }
        self.position = position
    }
}

/// The next event of a subscription, from an offset on.
struct EventRequest {
    var subscriber: SubscriberID
    var contentType: ContentType
    var offset: Offset
    /// How long the other broker waits for records, in milliseconds.
    var waitMilliseconds: UInt32

    func write(_ kind: UInt8, to buffer: inout ByteBuffer) {
        buffer.writeInteger(kind)
        self.subscriber.write(to: &buffer)
        buffer.writeField(self.contentType.rawValue)
        buffer.writeInteger(self.offset)
        buffer.writeInteger(self.waitMilliseconds)
    }

    init(subscriber: SubscriberID, contentType: ContentType, offset: Offset, waitMilliseconds: UInt32) {
        self.subscriber = subscriber
        self.contentType = contentType
        self.offset = offset
        self.waitMilliseconds = waitMilliseconds
    }

    init(_ buffer: inout ByteBuffer) throws(PeerMessageError) {
        self.subscriber = try SubscriberID(&buffer)
        guard let contentType = ContentType(rawValue: try buffer.readText()) else { throw PeerMessageError() }
        self.contentType = contentType
        self.offset = try buffer.readNumber()
        self.waitMilliseconds = try buffer.readNumber()
    }
}
