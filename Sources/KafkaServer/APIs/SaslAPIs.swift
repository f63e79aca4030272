internal import KafkaProtocol
internal import NIOCore

/// SaslHandshake (key 17), versions 0–1: chooses a mechanism. After version 0 tokens come as frames without a header.
///
/// On a listener without SASL, and on a connection that may not authenticate again yet: ILLEGAL_SASL_STATE.
enum SaslHandshakeAPI: KafkaAPI {
    typealias Request = SaslHandshakeRequest
    typealias Response = SaslHandshakeResponse

    static func start(_ request: SaslHandshakeRequest, _ call: Call<SaslHandshakeResponse>) {
        call.connection.value.saslHandshake(request.mechanism, call)
    }

    static func errorResponse(
        to request: SaslHandshakeRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> SaslHandshakeResponse? {
        SaslHandshakeResponse(errorCode: error, mechanisms: [])
    }
}

/// SaslAuthenticate (key 36), versions 0–2: one token; from version 1 the answer says how long the session lasts.
enum SaslAuthenticateAPI: KafkaAPI {
    typealias Request = SaslAuthenticateRequest
    typealias Response = SaslAuthenticateResponse

    static func start(_ request: SaslAuthenticateRequest, _ call: Call<SaslAuthenticateResponse>) {
        call.connection.value.receiveToken(Array(request.authBytes.readableBytesView), .request(call))
    }

    static func errorResponse(
        to request: SaslAuthenticateRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> SaslAuthenticateResponse? {
        SaslAuthenticateResponse(errorCode: error, authBytes: ByteBuffer())
    }
}
