internal import KinesisProtocol
internal import Model
internal import NIOCore
internal import Serving

/// A message of another broker that is not what this one expects.
struct PeerMessageError: Error {}

/// The fields of messages between brokers: integers big-endian, texts and bytes behind their length (4 bytes).
extension ByteBuffer {
    mutating func writeField(_ text: String) {
        self.writeInteger(UInt32(text.utf8.count))
        self.writeString(text)
    }

    mutating func writeField(optional text: String?) {
        self.writeInteger(UInt8(text == nil ? 0 : 1))
        if let text { self.writeField(text) }
    }

    mutating func writeField(_ bytes: ByteBuffer) {
        self.writeInteger(UInt32(bytes.readableBytes))
        self.writeImmutableBuffer(bytes)
    }

    mutating func readNumber<Number: FixedWidthInteger>(
        as type: Number.Type = Number.self
    ) throws(PeerMessageError) -> Number {
        guard let number = self.readInteger(as: type) else { throw PeerMessageError() }
        return number
    }

    mutating func readFlag() throws(PeerMessageError) -> Bool { try self.readNumber(as: UInt8.self) != 0 }

    mutating func readBytes() throws(PeerMessageError) -> ByteBuffer {
        guard let bytes = self.readSlice(length: Int(try self.readNumber(as: UInt32.self))) else {
            throw PeerMessageError()
        }
        return bytes
    }

    mutating func readText() throws(PeerMessageError) -> String { String(buffer: try self.readBytes()) }

    mutating func readOptionalText() throws(PeerMessageError) -> String? {
        try self.readFlag() ? try self.readText() : nil
    }

    mutating func write(_ id: TopicID) {
        self.writeInteger(id.high)
        self.writeInteger(id.low)
    }

    mutating func readTopicID() throws(PeerMessageError) -> TopicID {
        TopicID(high: try self.readNumber(), low: try self.readNumber())
    }

    // MARK: Whose request it is

    mutating func write(_ caller: Caller) {
        self.writeField(caller.accessKeyID)
        self.writeField(caller.region)
    }

    mutating func readCaller() throws(PeerMessageError) -> Caller {
        Caller(accessKeyID: try self.readText(), region: try self.readText())
    }

    /// What decides about the rights of a request.
    mutating func write(_ session: Session) {
        self.writeField(session.listener)
        self.writeField(session.remote.host)
        self.writeField(session.principal.type)
        self.writeField(session.principal.name)
        self.writeField(optional: session.tls?.version)
    }

    mutating func readSession() throws(PeerMessageError) -> Session {
        let listener = try self.readText()
        let host = try self.readText()
        let principal = Principal(type: try self.readText(), name: try self.readText())
        return Session(
            listener: listener,
            local: Endpoint(host: "localhost", port: 0),
            remote: Endpoint(host: host, port: 0),
            tls: try self.readOptionalText().map { TLSSession(version: $0) },
            principal: principal
        )
    }

    mutating func write(_ error: KinesisError) {
        self.writeField(error.code.rawValue)
        self.writeField(optional: error.message)
    }

    mutating func readError() throws(PeerMessageError) -> KinesisError {
        // A newer broker may know more codes.
        let code = KinesisError.Code(rawValue: try self.readText()) ?? .internalFailure
        return KinesisError(code, try self.readOptionalText())
    }
}
