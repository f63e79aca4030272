internal import NIOCore

/// The head of an HTTP response of ours: constants, numbers and identifiers made here. Of a client's there is
/// only the list of headers in the answer to a preflight request, which is checked.
struct ResponseHead {
    /// How the end of the body is told in HTTP/1.
    enum Framing: Equatable {
        /// `Content-Length`
        case length
        /// `Transfer-Encoding: chunked`
        case chunks
        /// Until the connection ends, for HTTP/1.0.
        case untilClose
    }

    /// What a browser is told that asks for another site (CORS): every site may call, as at AWS.
    enum CrossOrigin: Equatable {
        /// The request names no site.
        case none
        case allowed
        /// May it send such a request? `headers` are those that it would send, printable ASCII.
        case preflight(headers: String)

        /// Fields and their values.
        var fields: [(name: String, value: String)] {
            switch self {
            case .none: []
            case .allowed:
                [
                    ("Access-Control-Allow-Origin", "*"),
                    (
                        "Access-Control-Expose-Headers",
                        "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
                    ),
                ]
            case .preflight(let headers):
                [
                    ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "POST"),
                    ("Access-Control-Allow-Headers", headers), ("Access-Control-Max-Age", "172800"),
                ]
            }
        }
    }

    /// A bound on the length of a head, but that of an answer to a browser.
    static let bytesMax = 512

    var status: Int
    /// HTTP/1.0, as the request was.
    var isHTTP10 = false
    var contentType: String?
    var framing = Framing.length
    /// Of the whole body, in bytes, where the framing is its length.
    var contentLength: Int
    /// The connection ends with this response.
    var closes = false
    var crossOrigin = CrossOrigin.none
    /// Further fields: constants and numbers of ours.
    var fields: [(name: StaticString, value: String)] = []

    /// - Parameter date: as HTTP prints it.
    func write(to buffer: inout ByteBuffer, ids: inout RequestIDs, date: String) {
        Self.writeVersion(isHTTP10: self.isHTTP10, to: &buffer)
        buffer.writeStaticString(self.statusText)
        buffer.writeStaticString("\r\nx-amzn-RequestId: ")
        ids.writeRequestID(to: &buffer)
        buffer.writeStaticString("\r\nx-amz-id-2: ")
        ids.writeExtendedID(to: &buffer)
        buffer.writeStaticString("\r\nDate: ")
        buffer.writeString(date)
        if let contentType {
            buffer.writeStaticString("\r\nContent-Type: ")
            buffer.writeString(contentType)
        }
        switch self.framing {
        case .length:
            buffer.writeStaticString("\r\nContent-Length: ")
            buffer.writeString(String(self.contentLength))
        case .chunks: buffer.writeStaticString("\r\nTransfer-Encoding: chunked")
        case .untilClose: break
        }
        if self.crossOrigin != .none {
            for (name, value) in self.crossOrigin.fields {
                buffer.writeStaticString("\r\n")
                buffer.writeString(name)
                buffer.writeStaticString(": ")
                buffer.writeString(value)
            }
        }
        for (name, value) in self.fields {
            buffer.writeStaticString("\r\n")
            buffer.writeStaticString(name)
            buffer.writeStaticString(": ")
            buffer.writeString(value)
        }
        if self.closes { buffer.writeStaticString("\r\nConnection: close") }
        buffer.writeStaticString("\r\n\r\n")
    }

    /// What invites the client to send the body that it has announced.
    static func writeContinue(isHTTP10: Bool, to buffer: inout ByteBuffer) {
        Self.writeVersion(isHTTP10: isHTTP10, to: &buffer)
        buffer.writeStaticString("100 Continue\r\n\r\n")
    }

    /// What goes before a chunk of a body whose length is not known, and behind it, and the end of the body.
    static func chunkStart(_ chunk: ByteBuffer) -> ByteBuffer {
        ByteBuffer(string: String(chunk.readableBytes, radix: 16) + "\r\n")
    }
    static let chunkEnd: StaticString = "\r\n"
    static let lastChunk: StaticString = "0\r\n\r\n"

    /// The answer to what is not HTTP.
    static let malformed: StaticString = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    private static func writeVersion(isHTTP10: Bool, to buffer: inout ByteBuffer) {
        buffer.writeStaticString(isHTTP10 ? "HTTP/1.0 " : "HTTP/1.1 ")
    }

    private var statusText: StaticString {
        switch self.status {
        case 200: "200 OK"
        case 400: "400 Bad Request"
        case 403: "403 Forbidden"
        case 404: "404 Not Found"
        case 413: "413 Payload Too Large"
        case 503: "503 Service Unavailable"
        default: "500 Internal Server Error"
        }
    }
}
