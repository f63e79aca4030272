internal import NIOCore

/// `etcdserverpb.WatchRequest`.
enum EtcdWatchRequest: Equatable {
    /// Everything in a range from a revision on, large answers in fragments.
    case create(key: [UInt8], rangeEnd: [UInt8], startRevision: Int64)
    /// Asks for any answer, which shows that the member lives. What it says of revisions is not used (decision 0058).
    case progress

    var encoded: ByteBuffer {
        ProtobufWriter.message { writer in
            switch self {
            case .create(let key, let rangeEnd, let startRevision):
                writer.message(1) { writer in
                    writer.bytes(1, key)
                    writer.bytes(2, rangeEnd)
                    writer.number(3, startRevision)
                    writer.flag(8, true)
                }
            case .progress: writer.message(3) { _ in }
            }
        }
    }
}

/// `mvccpb.Event`.
struct EtcdEvent: Equatable {
    var isDeletion = false
    var entry = EtcdKeyValue()

    init(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: self.isDeletion = try field.number64 == 1
            case 2: self.entry = try EtcdKeyValue(field.message)
            default: break
            }
        }
    }
}

/// `etcdserverpb.WatchResponse`.
struct EtcdWatchResponse: Equatable {
    var created = false
    var canceled = false
    /// Above 0: the watch was cancelled because what it asked for is compacted up to here.
    var compactRevision: Int64 = 0
    var cancelReason = ""
    /// More of the same answer follows.
    var fragment = false
    var events: [EtcdEvent] = []

    init(_ reader: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 3: self.created = try field.flag
            case 4: self.canceled = try field.flag
            case 5: self.compactRevision = try field.number64
            case 6: self.cancelReason = try field.text
            case 7: self.fragment = try field.flag
            case 11: self.events.append(try EtcdEvent(field.message))
            default: break
            }
        }
    }
}
