internal import NIOCore

/// `etcdserverpb.Compare`.
struct EtcdCompare: Equatable {
    enum Result: Int64 {
        case equal = 0
        case greater = 1
        case less = 2
        case notEqual = 3
    }

    enum Target: Equatable {
        case version(Int64)
        case createRevision(Int64)
        case modRevision(Int64)
        case value([UInt8])
    }

    var key: [UInt8]
    var result: Result
    var target: Target

    func write(to writer: inout ProtobufWriter) {
        writer.number(1, self.result.rawValue)
        switch self.target {
        case .version(let number):
            writer.bytes(3, self.key)
            writer.number(4, number, always: true)
        case .createRevision(let number):
            writer.number(2, 1)
            writer.bytes(3, self.key)
            writer.number(5, number, always: true)
        case .modRevision(let number):
            writer.number(2, 2)
            writer.bytes(3, self.key)
            writer.number(6, number, always: true)
        case .value(let bytes):
            writer.number(2, 3)
            writer.bytes(3, self.key)
            writer.bytes(7, bytes, always: true)
        }
    }
}

/// `etcdserverpb.RequestOp`.
indirect enum EtcdOperation: Equatable {
    case range(EtcdRangeRequest)
    case put(key: [UInt8], value: [UInt8], lease: Int64)
    case delete(key: [UInt8], rangeEnd: [UInt8])
    case txn(EtcdTxnRequest)

    func write(to writer: inout ProtobufWriter) {
        switch self {
        case .range(let request): writer.message(1) { request.write(to: &$0) }
        case .put(let key, let value, let lease):
            writer.message(2) { writer in
                writer.bytes(1, key)
                writer.bytes(2, value)
                writer.number(3, lease)
            }
        case .delete(let key, let rangeEnd):
            writer.message(3) { writer in
                writer.bytes(1, key)
                writer.bytes(2, rangeEnd)
            }
        case .txn(let request): writer.message(4) { request.write(to: &$0) }
        }
    }
}

/// `etcdserverpb.TxnRequest`.
struct EtcdTxnRequest: Equatable {
    var compares: [EtcdCompare] = []
    var success: [EtcdOperation] = []
    var failure: [EtcdOperation] = []

    func write(to writer: inout ProtobufWriter) {
        for compare in self.compares { writer.message(1) { compare.write(to: &$0) } }
        for operation in self.success { writer.message(2) { operation.write(to: &$0) } }
        for operation in self.failure { writer.message(3) { operation.write(to: &$0) } }
    }

    var encoded: ByteBuffer { ProtobufWriter.message { self.write(to: &$0) } }
}

/// `etcdserverpb.ResponseOp`.
indirect enum EtcdOperationResponse: Equatable {
    case range(EtcdRangeResponse)
    case put
    case deleted(count: Int64)
    case txn(EtcdTxnResponse)

    fileprivate init(_ reader: ProtobufReader, depth: Int) throws(ProtobufReader.Malformed) {
        var reader = reader
        var response: Self?
        while let field = try reader.next() {
            switch field.number {
            case 1: response = .range(try EtcdRangeResponse(field.message))
            case 2: response = .put
            case 3:
                var count: Int64 = 0
                var inner = try field.message
                while let field = try inner.next() {
                    if field.number == 2 { count = try field.number64 }
                }
                response = .deleted(count: count)
            case 4:
                // We nest one transaction in another; deeper ones are not an answer of ours.
                guard depth < 2 else { throw ProtobufReader.Malformed() }
                response = .txn(try EtcdTxnResponse(field.message, depth: depth + 1))
            default: break
            }
        }
        guard let response else { throw ProtobufReader.Malformed() }
        self = response
    }
}

/// `etcdserverpb.TxnResponse`.
struct EtcdTxnResponse: Equatable {
    /// Of the header; 0 inside another transaction's answer.
    var revision: Int64 = 0
    var succeeded = false
    var responses: [EtcdOperationResponse] = []

    init(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) { try self.init(reader, depth: 0) }

    fileprivate init(_ reader: ProtobufReader, depth: Int) throws(ProtobufReader.Malformed) {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: self.revision = try EtcdHeader.revision(field.message)
            case 2: self.succeeded = try field.flag
            case 3: self.responses.append(try EtcdOperationResponse(field.message, depth: depth))
            default: break
            }
        }
    }
}
