internal import NIOCore

/// `LeaseGrantRequest`, `LeaseRevokeRequest` and `LeaseKeepAliveRequest`.
enum EtcdLeaseRequest: Equatable {
    /// The server chooses the ID.
    case grant(seconds: Int64)
    case revoke(Int64)
    case keepAlive(Int64)

    var encoded: ByteBuffer {
        ProtobufWriter.message { writer in
            switch self {
            case .grant(let seconds): writer.number(1, seconds)
            case .revoke(let id), .keepAlive(let id): writer.number(1, id)
            }
        }
    }
}

/// `LeaseGrantResponse` and `LeaseKeepAliveResponse`, which have the same fields.
struct EtcdLeaseResponse: Equatable {
    var id: Int64 = 0
    /// 0 in the answer to `keepAlive`: there is no such lease.
    var seconds: Int64 = 0

    init(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 2: self.id = try field.number64
            case 3: self.seconds = try field.number64
            default: break
            }
        }
    }
}

/// `AuthenticateRequest` and its answer.
enum EtcdAuthentication {
    static func request(name: String, password: String) -> ByteBuffer {
        ProtobufWriter.message { writer in
            writer.text(1, name)
            writer.text(2, password)
        }
    }

    static func token(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) -> String {
        var reader = reader
        var token = ""
        while let field = try reader.next() {
            if field.number == 2 { token = try field.text }
        }
        return token
    }
}
