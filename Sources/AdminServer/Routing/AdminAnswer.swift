package import NIOCore
package import Text

/// What a handler answers. The headers that every answer has are added on the way out.
package struct AdminAnswer: Sendable {
    package var status: Int
    package var contentType: String
    /// In addition to the content type and to those that every answer has.
    package var headers: [(name: String, value: String)] = []
    package var body: ByteBuffer

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

    /// `{"error":{"code":…,"message":…}}`
    ///
    /// - Parameters:
    ///   - code: for programs, in kebab case.
    ///   - message: what happened and what helps, for people.
    package static func error(_ status: Int, _ code: String, _ message: String) -> AdminAnswer {
        .json(status: status) { json in
            json.object { json in
                json.key("error")
                json.object { json in
                    json.key("code")
                    json.string(code)
                    json.key("message")
                    json.string(message)
                }
            }
        }
    }

    package static let noContent = AdminAnswer(status: 204, contentType: "", body: ByteBuffer())
}
