package import KafkaProtocol
package import NIOCore

/// Envelope request (key 58), version 0, KIP-590: a broker passes something on to another one. Here the data is a call
/// of `PeerCalls`; Kafka's brokers put requests of clients in it.
package struct EnvelopeRequest: KafkaRequest {
    package typealias Response = EnvelopeResponse

    package static var apiKey: APIKey { .envelope }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 4 }

    package var requestData: ByteBuffer
    package var requestPrincipal: ByteBuffer?
    package var clientHostAddress: ByteBuffer

    package init(
        requestData: ByteBuffer,
        requestPrincipal: ByteBuffer? = nil,
        clientHostAddress: ByteBuffer = ByteBuffer()
    ) {
        self.requestData = requestData
        self.requestPrincipal = requestPrincipal
        self.clientHostAddress = clientHostAddress
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let message = Self(
            requestData: try ByteBuffer.decode(from: &buffer, flexible: true),
            requestPrincipal: try ByteBuffer.decodeNullable(from: &buffer, flexible: true),
            clientHostAddress: try ByteBuffer.decode(from: &buffer, flexible: true)
        )
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.requestData.encode(into: &buffer, flexible: true)
        ByteBuffer.encodeNullable(self.requestPrincipal, into: &buffer, flexible: true)
        self.clientHostAddress.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

/// Envelope response, version 0.
package struct EnvelopeResponse: KafkaResponse {
    package static var apiKey: APIKey { .envelope }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 4 }

    package var responseData: ByteBuffer?
    package var errorCode: ErrorCode

    package init(responseData: ByteBuffer? = nil, errorCode: ErrorCode = .none) {
        self.responseData = responseData
        self.errorCode = errorCode
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let message = Self(
            responseData: try ByteBuffer.decodeNullable(from: &buffer, flexible: true),
            errorCode: try ErrorCode.decode(from: &buffer, flexible: true)
        )
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        ByteBuffer.encodeNullable(self.responseData, into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }

    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}
