package import NIOCore
package import Text

/// What a handler answers. The headers that every answer has are added on the way out.
package struct AdminAnswer: Sendable {
    package var status: Int
    package var contentType: String
    /// In addition to the content type and to those that every answer has.
    package var headers: [(name: String, value: String)] = []
    package var body: ByteBuffer
    /// In place of `body`, which is empty then.
    package var stream: AdminBodyStream?

    package init(status: Int, contentType: String, body: ByteBuffer) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package static func text(_ text: String, status: Int = 200) -> AdminAnswer {
        AdminAnswer(status: status, contentType: "text/plain; charset=utf-8", body: ByteBuffer(string: text))
    }

    package static func json(status: Int = 200, _ write: (inout JSONLine) -> Void) -> AdminAnswer {
        var line = JSONLine()
        write(&line)
        line.endLine()
        return AdminAnswer(status: status, contentType: "application/json", body: ByteBuffer(bytes: line.bytes))
    }

    /// A body that `produce` makes while it is sent.
    package static func stream(
        _ contentType: String,
        _ produce: @escaping @Sendable (AdminBodyWriter) async -> Void
    ) -> AdminAnswer {
        var answer = AdminAnswer(status: 200, contentType: contentType, body: ByteBuffer())
        answer.stream = AdminBodyStream(produce)
        return answer
    }

    /// `{"error":{"code":…,"message":…,"hint":…}}`
    ///
    /// - Parameters:
    ///   - code: for programs, in kebab case.
    ///   - message: what happened, for people.
    ///   - hint: what helps, where `message` does not say it.
    package static func error(_ status: Int, _ code: String, _ message: String, hint: String = "") -> AdminAnswer {
        .json(status: status) { json in
            json.object { json in
                json.key("error")
                json.object { json in
                    json.key("code")
                    json.string(code)
                    json.key("message")
                    json.string(message)
                    if !hint.isEmpty {
                        json.key("hint")
                        json.string(hint)
                    }
                }
            }
        }
    }

    package static let noContent = AdminAnswer(status: 204, contentType: "", body: ByteBuffer())
}
