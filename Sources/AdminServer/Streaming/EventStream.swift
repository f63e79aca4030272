package import NIOCore

/// Server-sent events (the HTML standard's `text/event-stream`): `id`, `event` and `data` of each, a blank line behind.
package struct EventText {
    package static let contentType = "text/event-stream; charset=utf-8"

    package private(set) var buffer = ByteBuffer()

    package init() {}

    package var isEmpty: Bool { self.buffer.readableBytes == 0 }

    /// Tells the client after how long to come back when the connection ends.
    package mutating func retry(milliseconds: Int) { self.buffer.writeString("retry: \(milliseconds)\n\n") }

    /// - Parameters:
    ///   - id: comes back in `Last-Event-ID`; without line breaks.
    ///   - data: one line, as JSON is.
    package mutating func event(_ name: String, id: String? = nil, data: some Sequence<UInt8>) {
        if let id { self.buffer.writeString("id: \(id)\n") }
        self.buffer.writeString("event: \(name)\ndata: ")
        self.buffer.writeBytes(data)
        self.buffer.writeString("\n\n")
    }

    /// Nothing to an application; keeps the connection alive.
    package mutating func heartbeat() { self.buffer.writeString(": alive\n\n") }

    /// What was written so far; it is empty afterwards.
    package mutating func take() -> ByteBuffer {
        defer { self.buffer = ByteBuffer() }
        return self.buffer
    }
}
