package import NIOCore

/// What stands before every request.
///
/// | version | fields |
/// | --- | --- |
/// | 0 | API key `int16`, API version `int16`, correlation ID `int32` |
/// | 1 | the same, then the client ID as nullable string |
/// | 2 | the same as 1, then tagged fields; the client ID stays non-compact (KIP-511) |
///
/// Requests in flexible versions have header 2, all others header 1; header 0 belonged to an API that is gone.
package struct RequestHeader: Sendable, Equatable {
    package var apiKey: APIKey
    package var apiVersion: Int16
    /// Chosen by the client and repeated in the response.
    package var correlationID: Int32
    /// `client.id`; `nil` when the client sends none.
    package var clientID: String?

    package init(apiKey: APIKey, apiVersion: Int16, correlationID: Int32 = 0, clientID: String? = nil) {
        self.apiKey = apiKey
        self.apiVersion = apiVersion
        self.correlationID = correlationID
        self.clientID = clientID
    }

    /// Which header a request has; `nil` for keys that Kafka does not define.
    ///
    /// Works for versions beyond the newest known one too, which is how an ApiVersions request from a newer
    /// client can be understood and answered (KIP-511).
    package static func version(for apiKey: APIKey, apiVersion: Int16) -> Int16? {
        guard let isFlexible = apiKey.isFlexible(in: apiVersion) else { return nil }
        return isFlexible ? 2 : 1
    }

    /// Reads the header that the API and its version call for; the body follows.
    ///
    /// - Throws: `WireError`; `.unknownAPI` when the key is not one of Kafka's.
    package static func decode(from buffer: inout ByteBuffer) throws(WireError) -> RequestHeader {
        let position = buffer.readerIndex
        let apiKey = try APIKey.decode(from: &buffer, flexible: false)
        let apiVersion = try Int16.decode(from: &buffer, flexible: false)
        guard let headerVersion = Self.version(for: apiKey, apiVersion: apiVersion) else {
            throw WireError(.unknownAPI, position: position, value: Int64(apiKey.rawValue))
        }
        return try Self.decodeRest(
            from: &buffer,
            apiKey: apiKey,
            apiVersion: apiVersion,
            headerVersion: headerVersion
        )
    }

    /// Reads a header of a given version (0 to 2).
    package static func decode(
        from buffer: inout ByteBuffer,
        headerVersion: Int16
    ) throws(WireError) -> RequestHeader {
        let apiKey = try APIKey.decode(from: &buffer, flexible: false)
        let apiVersion = try Int16.decode(from: &buffer, flexible: false)
        return try Self.decodeRest(
            from: &buffer,
            apiKey: apiKey,
            apiVersion: apiVersion,
            headerVersion: headerVersion
        )
    }

    private static func decodeRest(
        from buffer: inout ByteBuffer,
        apiKey: APIKey,
        apiVersion: Int16,
        headerVersion: Int16
    ) throws(WireError) -> RequestHeader {
        var header = RequestHeader(apiKey: apiKey, apiVersion: apiVersion)
        header.correlationID = try Int32.decode(from: &buffer, flexible: false)
        if headerVersion >= 1 {
            header.clientID = try String.decodeNullable(from: &buffer, flexible: false)
        }
        if headerVersion >= 2 { try buffer.skipTaggedFields() }
        return header
    }

    /// The API that a frame's header names, without decoding it; `nil`: the frame is too short.
    ///
    /// - Parameter frame: header and body, without the length.
    package static func apiKey(ofFrame frame: ByteBuffer) -> APIKey? {
        frame.getInteger(at: frame.readerIndex, as: Int16.self).map(APIKey.init(rawValue:))
    }

    /// Writes the header that the API and its version call for.
    package func encode(into buffer: inout ByteBuffer) {
        let version = Self.version(for: self.apiKey, apiVersion: self.apiVersion) ?? 1
        self.encode(into: &buffer, headerVersion: version)
    }

    /// Writes a header of a given version (0 to 2).
    package func encode(into buffer: inout ByteBuffer, headerVersion: Int16) {
        buffer.writeInteger(self.apiKey.rawValue)
        buffer.writeInteger(self.apiVersion)
        buffer.writeInteger(self.correlationID)
        if headerVersion >= 1 { String.encodeNullable(self.clientID, into: &buffer, flexible: false) }
        if headerVersion >= 2 { buffer.writeNoTaggedFields() }
    }
}

/// What stands before every response: the correlation ID, and in header version 1 tagged fields.
package struct ResponseHeader: Sendable, Equatable {
    package var correlationID: Int32

    package init(correlationID: Int32) {
        self.correlationID = correlationID
    }

    /// Which header a response has: 1 in flexible versions, else 0.
    ///
    /// ApiVersions always has 0: a client reads that response before it knows what the server speaks (KIP-511).
    package static func version(for apiKey: APIKey, apiVersion: Int16) -> Int16 {
        guard apiKey != .apiVersions else { return 0 }
        return apiKey.isFlexible(in: apiVersion) == true ? 1 : 0
    }

    /// Readdresses an encoded response: the correlation ID stands first in every version of the header.
    ///
    /// - Parameter frame: a whole frame with its length. Its storage is copied if it is shared.
    package static func setCorrelationID(_ correlationID: Int32, ofFrame frame: inout ByteBuffer) {
        frame.setInteger(correlationID, at: frame.readerIndex + MemoryLayout<Int32>.size)
    }

    package static func decode(
        from buffer: inout ByteBuffer,
        apiKey: APIKey,
        apiVersion: Int16
    ) throws(WireError) -> ResponseHeader {
        let header = ResponseHeader(correlationID: try Int32.decode(from: &buffer, flexible: false))
        if Self.version(for: apiKey, apiVersion: apiVersion) >= 1 { try buffer.skipTaggedFields() }
        return header
    }

    package func encode(into buffer: inout ByteBuffer, apiKey: APIKey, apiVersion: Int16) {
        buffer.writeInteger(self.correlationID)
        if Self.version(for: apiKey, apiVersion: apiVersion) >= 1 { buffer.writeNoTaggedFields() }
    }
}

extension KafkaRequest {
    /// Appends a whole request frame: length, header, body.
    package func encodeFrame(
        into buffer: inout ByteBuffer,
        version: Int16,
        correlationID: Int32,
        clientID: String?
    ) {
        let start = buffer.writerIndex
        buffer.writeInteger(0, as: Int32.self)
        RequestHeader(
            apiKey: Self.apiKey,
            apiVersion: version,
            correlationID: correlationID,
            clientID: clientID
        )
        .encode(into: &buffer)
        self.encode(into: &buffer, version: version)
        buffer.setInteger(Int32(buffer.writerIndex - start - 4), at: start)
    }
}
