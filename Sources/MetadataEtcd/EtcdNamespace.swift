internal import Metadata

/// Where a store's keys lie in etcd, and what lies beside them.
///
/// | key | |
/// | --- | --- |
/// | `PREFIX` `m/` | the store's own: written to find out how far the watch is |
/// | `PREFIX` `m/` KEY | the key KEY of the store |
/// | `PREFIX` `x/` INSTANCE `/` SLOT | a `TransactionMarker` |
struct EtcdNamespace: Equatable {
    /// Before each key of the store; also the key that shows progress.
    let data: [UInt8]
    /// Before each marker.
    let markers: [UInt8]

    init(prefix: String) {
        self.data = Array(prefix.utf8) + Array("m/".utf8)
        self.markers = Array(prefix.utf8) + Array("x/".utf8)
    }

    var progressKey: [UInt8] { self.data }

    /// The end of all keys that begin with `data`; `/` has a successor.
    var dataEnd: [UInt8] { self.data.dropLast() + [UInt8(ascii: "/") + 1] }

    func key(_ key: MetadataKey) -> [UInt8] { self.data + key.bytes }

    /// The bounds of a range; never with the key that shows progress.
    func bounds(_ range: MetadataKeyRange) -> (key: [UInt8], end: [UInt8]) {
        let lower = range.lower.bytes.isEmpty ? self.data + [0] : self.key(range.lower)
        let upper = range.upper.map { $0.bytes.isEmpty ? self.data : self.key($0) } ?? self.dataEnd
        return (lower, upper)
    }

    func entry(_ stored: EtcdKeyValue) -> MetadataEntry {
        MetadataEntry(
            key: MetadataKey(bytes: Array(stored.key.dropFirst(self.data.count))),
            value: stored.value,
            createRevision: stored.createRevision,
            modRevision: stored.modRevision,
            version: stored.version,
            session: stored.lease == 0 ? nil : MetadataSessionID(stored.lease)
        )
    }

    func request(_ range: MetadataKeyRange, limit: Int, revision: MetadataRevision = 0) -> EtcdRangeRequest {
        let bounds = self.bounds(range)
        return EtcdRangeRequest(key: bounds.key, rangeEnd: bounds.end, limit: Int64(limit), revision: revision)
    }

    func compare(_ compare: MetadataCompare) -> EtcdCompare {
        let result: EtcdCompare.Result =
            switch compare.relation {
            case .equal: .equal
            case .notEqual: .notEqual
            case .less: .less
            case .greater: .greater
            }
        let target: EtcdCompare.Target =
            switch compare.target {
            case .createRevision(let number): .createRevision(number)
            case .modRevision(let number): .modRevision(number)
            case .version(let number): .version(number)
            case .value(let bytes): .value(bytes)
            }
        return EtcdCompare(key: self.key(compare.key), result: result, target: target)
    }

    func operation(_ operation: MetadataOperation) -> EtcdOperation {
        switch operation {
        case .put(let key, let value, let session):
            return .put(key: self.key(key), value: value, lease: session?.rawValue ?? 0)
        case .delete(let range):
            let bounds = self.bounds(range)
            return .delete(key: bounds.key, rangeEnd: bounds.end)
        case .range(let range, let limit): return .range(self.request(range, limit: limit))
        }
    }

    func transaction(_ transaction: MetadataTransaction) -> EtcdTxnRequest {
        EtcdTxnRequest(
            compares: transaction.compares.map(self.compare),
            success: transaction.success.map(self.operation),
            failure: transaction.failure.map(self.operation)
        )
    }
}
