internal import Metadata
internal import NIOCore

/// `mvccpb.KeyValue`, the key as etcd has it (with the namespace).
struct EtcdKeyValue: Equatable {
    var key: [UInt8] = []
    var createRevision: Int64 = 0
    var modRevision: Int64 = 0
    var version: Int64 = 0
    var value: [UInt8] = []
    var lease: Int64 = 0

    init() {}

    init(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: self.key = try field.bytes
            case 2: self.createRevision = try field.number64
            case 3: self.modRevision = try field.number64
            case 4: self.version = try field.number64
            case 5: self.value = try field.bytes
            case 6: self.lease = try field.number64
            default: break
            }
        }
    }
}

/// `etcdserverpb.RangeRequest`.
struct EtcdRangeRequest: Equatable {
    var key: [UInt8]
    /// Empty: the one key. A single zero byte: to the end of the key space.
    var rangeEnd: [UInt8]
    var limit: Int64 = 0
    /// Of the past; 0 for now.
    var revision: Int64 = 0
    var countOnly = false

    func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, self.key)
        writer.bytes(2, self.rangeEnd)
        writer.number(3, self.limit)
        writer.number(4, self.revision)
        writer.flag(9, self.countOnly)
    }

    var encoded: ByteBuffer { ProtobufWriter.message { self.write(to: &$0) } }
}

/// `etcdserverpb.RangeResponse`.
struct EtcdRangeResponse: Equatable {
    /// Of the header; 0 inside a transaction's answer.
    var revision: Int64 = 0
    var entries: [EtcdKeyValue] = []
    var more = false
    var count: Int64 = 0

    init(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: self.revision = try EtcdHeader.revision(field.message)
            case 2: self.entries.append(try EtcdKeyValue(field.message))
            case 3: self.more = try field.flag
            case 4: self.count = try field.number64
            default: break
            }
        }
    }
}

/// `etcdserverpb.ResponseHeader`, of which the revision is used.
enum EtcdHeader {
    static func revision(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) -> Int64 {
        var reader = reader
        var revision: Int64 = 0
        while let field = try reader.next() {
            if field.number == 3 { revision = try field.number64 }
        }
        return revision
    }

    /// The revision in the header of a message whose other fields do not matter.
    static func revision(ofMessage reader: ProtobufReader) throws(ProtobufReader.Malformed) -> Int64 {
        var reader = reader
        var revision: Int64 = 0
        while let field = try reader.next() {
            if field.number == 1 { revision = try Self.revision(field.message) }
        }
        return revision
    }
}
