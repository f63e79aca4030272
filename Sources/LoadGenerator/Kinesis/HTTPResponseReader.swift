package import NIOCore

/// One HTTP/1.1 response.
package struct HTTPResponse: Sendable, Equatable {
    package var status: Int
    package var body: ByteBuffer
    /// Whether the connection may carry another request.
    package var isKeptAlive: Bool
}

/// Puts the responses of one connection together, one request at a time (RFC 9112).
///
/// Knows bodies of a given length, chunked ones and none; interim (1xx) responses are dropped.
package struct HTTPResponseReader {
    private static let headBytesMax = 64 << 10
    private static let bodyBytesMax = 256 << 20

    private struct Head {
        var status: Int
        var length: Int?
        var isChunked: Bool
        var isKeptAlive: Bool
    }

    private var bytes = ByteBuffer()
    private var head: Head?
    /// The body as far as chunks have been taken from `bytes`.
    private var chunks = ByteBuffer()

    package init() {}

    package mutating func append(_ chunk: inout ByteBuffer) {
        if self.bytes.readableBytes == 0 { self.bytes.clear() }
        self.bytes.writeBuffer(&chunk)
    }

    /// The next whole response.
    ///
    /// - Throws: `LoadFailure` for bytes that are not HTTP/1.1.
    package mutating func next() throws(LoadFailure) -> HTTPResponse? {
        while true {
            if self.head == nil { self.head = try self.readHead() }
            guard let head = self.head else { return nil }
            if head.status < 200 {
                self.head = nil
                continue
            }
            guard let body = try self.readBody(head) else { return nil }
            self.head = nil
            return HTTPResponse(status: head.status, body: body, isKeptAlive: head.isKeptAlive)
        }
    }

    private mutating func readHead() throws(LoadFailure) -> Head? {
        guard let end = self.position(of: Array("\r\n\r\n".utf8)) else {
            guard self.bytes.readableBytes <= Self.headBytesMax else { throw Self.malformed("its head does not end") }
            return nil
        }
        let text = self.bytes.readString(length: end) ?? ""
        self.bytes.moveReaderIndex(forwardBy: 4)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (100...599).contains(status)
        else { throw Self.malformed("it begins with \"\(lines[0].prefix(40))\"") }
        var head = Head(status: status, length: nil, isChunked: false, isKeptAlive: words[0] == "HTTP/1.1")
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { throw Self.malformed("a header has no colon") }
            let value = pair[1].drop { $0 == " " || $0 == "\t" }
            switch pair[0].lowercased() {
            case "content-length":
                guard let length = Int(value), length >= 0, length <= Self.bodyBytesMax else {
                    throw Self.malformed("its length is \(value.prefix(40))")
                }
                head.length = length
            case "transfer-encoding": head.isChunked = value.lowercased().contains("chunked")
            case "connection": head.isKeptAlive = value.lowercased() != "close"
            default: break
            }
        }
        if let length = head.length, length > self.bytes.readableBytes {
            self.bytes.reserveCapacity(minimumWritableBytes: length - self.bytes.readableBytes)
        }
        return head
    }

    private mutating func readBody(_ head: Head) throws(LoadFailure) -> ByteBuffer? {
        guard head.isChunked else { return self.bytes.readSlice(length: head.length ?? 0) }
        while true {
            guard let end = self.position(of: Array("\r\n".utf8)) else { return nil }
            let line = self.bytes.getString(at: self.bytes.readerIndex, length: end) ?? ""
            guard let length = Int(line.prefix { $0 != ";" && $0 != " " }, radix: 16), length >= 0,
                length <= Self.bodyBytesMax - self.chunks.readableBytes
            else { throw Self.malformed("a chunk has the length \(line.prefix(40))") }
            // The chunk and the line end after it; after the last one there may be trailers; no known server sends any.
            guard self.bytes.readableBytes >= end + 2 + length + 2 else { return nil }
            self.bytes.moveReaderIndex(forwardBy: end + 2)
            if var chunk = self.bytes.readSlice(length: length) { self.chunks.writeBuffer(&chunk) }
            self.bytes.moveReaderIndex(forwardBy: 2)
            guard length > 0 else {
                defer { self.chunks = ByteBuffer() }
                return self.chunks
            }
        }
    }

    private func position(of pattern: [UInt8]) -> Int? {
        self.bytes.withUnsafeReadableBytes { bytes in
            var start = 0
            while start + pattern.count <= bytes.count {
                guard let found = bytes[start...].firstIndex(of: pattern[0]) else { return nil }
                guard found + pattern.count <= bytes.count else { return nil }
                if bytes[found..<(found + pattern.count)].elementsEqual(pattern) { return found }
                start = found + 1
            }
            return nil
        }
    }

    private static func malformed(_ what: String) -> LoadFailure {
        LoadFailure("the endpoint does not speak HTTP/1.1: \(what); give the address of a Kinesis listener")
    }
}
