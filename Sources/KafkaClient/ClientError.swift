package import KafkaProtocol

/// Why an operation of the client failed. The description is one line that names the cause and, where there is one,
/// the next step.
package struct ClientError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// No connection could be made.
        case unreachable
        /// The broker was reached, but the TLS handshake failed.
        case insecure
        /// The broker was reached, but the client cannot authenticate there.
        case unauthenticated
        /// The connection ended before the response came.
        case connectionLost
        /// The response did not come in time.
        case timedOut
        /// The broker speaks no version of the API that this client speaks.
        case unsupportedVersion
        /// The peer's bytes are not Kafka's protocol, or a batch is damaged.
        case malformedResponse
        /// The broker answered with this error.
        case server(ErrorCode)
        /// The client was closed.
        case closed
        /// The caller asked for something impossible.
        case invalidArgument
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The broker's error, with its own words when it sent some.
    ///
    /// - Parameter subject: what was asked for, as the beginning of a sentence: `topic orders`.
    package static func server(_ code: ErrorCode, _ subject: String, message: String? = nil) -> ClientError {
        let words = message.flatMap { $0.isEmpty ? nil : $0 } ?? code.message
        return ClientError(.server(code), "\(subject): \(words) (\(code.name))")
    }

    /// The error code that the broker sent, if it was the broker's error.
    package var serverCode: ErrorCode? {
        if case .server(let code) = self.code { code } else { nil }
    }

    /// Whether trying again, perhaps at another broker, can help.
    package var isRetriable: Bool {
        switch self.code {
        case .unreachable, .connectionLost, .timedOut: true
        case .server(let code): code.isRetriable
        case .insecure, .unauthenticated, .unsupportedVersion, .malformedResponse, .closed, .invalidArgument: false
        }
    }
}

extension ClientError: CustomStringConvertible {
    package var description: String { self.message }
}
