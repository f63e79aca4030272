internal import NIOCore
internal import NIOHTTP1

/// How a client of CloudWatch writes its request.
enum MetricsEncoding {
    /// A form, answered in XML: SDKs up to 2025.
    case query
    /// `application/x-amz-json-1.0`
    case json
    /// `smithy-protocol: rpc-v2-cbor`
    case cbor
}

/// PutMetricData, which KCL and KPL send every few seconds: taken and dropped.
///
/// What they say of themselves is not read: the server has figures of its own on its metrics port, and the lag of
/// consumers in `millrace group list`.
enum MetricsCall {
    /// Of one request, CloudWatch's limit, in bytes as they were sent.
    static let bodyBytesMax = 1 << 20

    private static let target = "GraniteServiceVersion20100801."
    private static let path = "/service/GraniteServiceVersion20100801/operation/"
    private static let operation = "PutMetricData"

    enum Recognized: Equatable {
        case putMetricData(MetricsEncoding)
        /// Another operation of CloudWatch.
        case other(String, MetricsEncoding)
    }

    /// `nil` for what is not a request of CloudWatch.
    static func recognize(_ head: HTTPRequestHead, _ body: ByteBuffer) -> Recognized? {
        if let target = head.headers.first(name: "x-amz-target") {
            guard target.hasPrefix(Self.target) else { return nil }
            return self.recognize(String(target.dropFirst(Self.target.count)), .json)
        }
        if head.uri.hasPrefix(Self.path) {
            let name = head.uri.dropFirst(Self.path.count)
            return self.recognize(String(name.prefix { $0 != "?" }), .cbor)
        }
        guard let type = head.headers.first(name: "content-type"),
            type.lowercased().hasPrefix("application/x-www-form-urlencoded")
        else { return nil }
        // A compressed form cannot be looked at without being unpacked, and nothing else comes compressed.
        if head.headers.contains(name: "content-encoding") { return .putMetricData(.query) }
        return self.action(body).map { self.recognize($0, .query) }
    }

    private static func recognize(_ name: String, _ encoding: MetricsEncoding) -> Recognized {
        name == Self.operation ? .putMetricData(encoding) : .other(name, encoding)
    }

    /// The value of `Action` in a form.
    private static func action(_ body: ByteBuffer) -> String? {
        let field = Array("Action=".utf8)
        for part in body.readableBytesView.split(separator: UInt8(ascii: "&")) where part.starts(with: field) {
            return String(decoding: part.dropFirst(field.count), as: UTF8.self)
        }
        return nil
    }

    static func answer(_ body: ByteBuffer, _ encoding: MetricsEncoding) -> Answer {
        guard body.readableBytes <= Self.bodyBytesMax else {
            return Self.refusal("RequestEntityTooLarge", "A request has a mebibyte at most.", encoding, status: 413)
        }
        switch encoding {
        case .query:
            return Self.answer(
                """
                <PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><ResponseMetadata>\
                <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></PutMetricDataResponse>
                """,
                encoding
            )
        case .json: return Self.answer("{}", encoding)
        case .cbor: return Self.answer(ByteBuffer(bytes: [0xA0]), encoding, status: 200)
        }
    }

    static func refusal(
        _ code: String,
        _ message: String?,
        _ encoding: MetricsEncoding,
        status: Int = 400
    ) -> Answer {
        // Codes and messages are our own text, without characters that need escapes.
        let message = message ?? code
        switch encoding {
        case .query:
            return Self.answer(
                "<ErrorResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><Error><Type>Sender</Type>"
                    + "<Code>\(code)</Code><Message>\(Self.plain(message))</Message></Error></ErrorResponse>",
                encoding,
                status: status
            )
        case .json:
            return Self.answer(
                "{\"__type\":\"\(code)\",\"message\":\"\(Self.plain(message))\"}",
                encoding,
                status: status
            )
        case .cbor:
            var body = ByteBuffer(bytes: [0xA2])
            for text in ["__type", code, "message", Self.plain(message)] { Self.write(text, to: &body) }
            return Self.answer(body, encoding, status: status)
        }
    }

    /// Letters, digits and plain signs: what needs no escapes in any encoding.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 && !"<>&\"\\".unicodeScalars.contains($0) }
            )
        )
    }

    private static func write(_ text: String, to cbor: inout ByteBuffer) {
        let count = text.utf8.count
        if count < 24 {
            cbor.writeInteger(UInt8(0x60 | count))
        } else {
            cbor.writeInteger(UInt8(0x79))
            cbor.writeInteger(UInt16(clamping: count))
        }
        cbor.writeString(String(text.prefix(Int(UInt16.max))))
    }

    private static func answer(_ text: String, _ encoding: MetricsEncoding, status: Int = 200) -> Answer {
        self.answer(ByteBuffer(string: text), encoding, status: status)
    }

    private static func answer(_ body: ByteBuffer, _ encoding: MetricsEncoding, status: Int) -> Answer {
        switch encoding {
        case .query: return Answer(status: status, contentType: "text/xml", body: .whole(body))
        case .json: return Answer(status: status, contentType: "application/x-amz-json-1.0", body: .whole(body))
        case .cbor:
            var answer = Answer(status: status, contentType: "application/cbor", body: .whole(body))
            answer.headers = [("smithy-protocol", "rpc-v2-cbor")]
            return answer
        }
    }
}
