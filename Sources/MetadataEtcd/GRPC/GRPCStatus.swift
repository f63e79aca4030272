/// How a call ended: gRPC's status, from the server or made here when there was no answer.
struct GRPCStatus: Error, Equatable, CustomStringConvertible {
    struct Code: RawRepresentable, Hashable {
        var rawValue: Int

        static let ok = Code(rawValue: 0)
        static let cancelled = Code(rawValue: 1)
        static let unknown = Code(rawValue: 2)
        static let invalidArgument = Code(rawValue: 3)
        static let deadlineExceeded = Code(rawValue: 4)
        static let notFound = Code(rawValue: 5)
        static let permissionDenied = Code(rawValue: 7)
        static let resourceExhausted = Code(rawValue: 8)
        static let failedPrecondition = Code(rawValue: 9)
        static let aborted = Code(rawValue: 10)
        static let outOfRange = Code(rawValue: 11)
        static let `internal` = Code(rawValue: 13)
        static let unavailable = Code(rawValue: 14)
        static let unauthenticated = Code(rawValue: 16)
    }

    var code: Code
    var message: String
    /// No answer came over this connection: another one should be tried.
    var isOfTheConnection = false

    var description: String { self.message.isEmpty ? "gRPC status \(self.code.rawValue)" : self.message }

    /// The connection failed or ended.
    static func disconnected(_ reason: String) -> GRPCStatus {
        GRPCStatus(code: .unavailable, message: reason, isOfTheConnection: true)
    }

    /// Nothing was heard in time.
    static let silent = GRPCStatus(
        code: .deadlineExceeded,
        message: "the server has not answered in time",
        isOfTheConnection: true
    )

    /// From the trailers of an answer. Messages are percent-encoded.
    init(code: String?, message: String?) {
        guard let code, let number = Int(code) else {
            self.init(code: .internal, message: "the answer has no gRPC status", isOfTheConnection: true)
            return
        }
        self.init(code: Code(rawValue: number), message: Self.decoded(message ?? ""))
    }

    init(code: Code, message: String, isOfTheConnection: Bool = false) {
        self.code = code
        self.message = message
        self.isOfTheConnection = isOfTheConnection
    }

    private static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(Substring(rest.prefix(2))), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
