internal import KinesisProtocol
internal import NIOCore
internal import NIOHTTP1

/// A request of which everything but the body's shape is known to be right.
struct KinesisRequest {
    var operation: Operation
    var contentType: ContentType
    var caller: Caller
    var body: ByteBuffer
    /// Of a request whose caller is followed as a reader.
    var userAgent: String?

    enum Reading {
        case accepted(KinesisRequest)
        /// Answered in the encoding of the request.
        case refused(KinesisError, ContentType)
        /// An encoding or a protocol that is not served.
        case notServed(Answer)
    }

    /// Looks at method, content type, target, body and authorization, in the order in which AWS does.
    ///
    /// - Parameter lastCaller: of the request before on the same connection.
    static func read(_ head: HTTPRequestHead, _ body: ByteBuffer, lastCaller: inout LastCaller) -> Reading {
        guard head.method == .POST else { return Self.notKinesis(status: 403, xml: Self.accessDenied) }
        let target = head.headers.first(name: "x-amz-target") ?? ""
        let operation = Operation(target: target)
        let contentType = head.headers.first(name: "content-type").flatMap(ContentType.init(header:))
        guard body.readableBytes > 0 else {
            let code: KinesisError.Code = operation == nil ? .unknownOperation : .serialization
            return .refused(KinesisError(code), contentType ?? .json)
        }
        guard let contentType else {
            return target.contains(".")
                ? Self.notKinesis(status: 404, xml: "<UnknownOperationException/>\n")
                : Self.notKinesis(status: 403, xml: Self.accessDenied)
        }
        guard let operation else {
            // AWS sends no message; here one tells what a newcomer would look for.
            let name = target.prefix(128)
            return .refused(KinesisError(.unknownOperation, "\(name) is not served by this server."), contentType)
        }
        let query = head.uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { head.uri[head.uri.index(after: $0)...] }
        let credentials = Credentials(
            authorization: head.headers.first(name: "authorization"),
            query: String(query ?? ""),
            hasDate: head.headers.contains(name: "x-amz-date") || head.headers.contains(name: "date"),
            regionSet: head.headers.first(name: "x-amz-region-set")
        )
        do {
            let caller = try credentials.caller(after: &lastCaller)
            return .accepted(
                KinesisRequest(
                    operation: operation,
                    contentType: contentType,
                    caller: caller,
                    body: body,
                    userAgent: operation == .getRecords ? head.headers.first(name: "user-agent") : nil
                )
            )
        } catch {
            return .refused(error, contentType)
        }
    }

    /// Not this protocol at all: AWS answers in XML.
    private static func notKinesis(status: Int, xml: String) -> Reading {
        let body = AnswerBody.whole(ByteBuffer(string: xml))
        return .notServed(Answer(status: status, contentType: nil, body: body))
    }

    private static let accessDenied = """
        <AccessDeniedException>
          <Message>Unable to determine service/operation name to be authorized</Message>
        </AccessDeniedException>

        """
}
