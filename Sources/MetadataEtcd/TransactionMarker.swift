internal import Metadata

/// Tells of a transaction whose answer was lost whether it was carried out.
///
/// A marker is a key of one store instance, used by one transaction at a time, with a number that grows. A transaction
/// that may write is sent as
///
///     if marker < N  then { if compares  then success, marker := N·1  else failure, marker := N·0 }
///                    else  read marker
///
/// so that it is carried out at most once however often it is sent, also by a copy that the network delivers long after
/// the answer to another. The marker is written only in the branches that write something, while there is one attempt;
/// an attempt that follows another one writes it always, since the earlier one may still come and find other values.
struct TransactionMarker: Equatable, Sendable {
    var slot: Int
    var number: UInt64

    /// What a marker begins with; smaller than that of any transaction.
    static let initialValue = [UInt8](repeating: 0, count: 9)

    /// The key of a marker.
    func key(in namespace: EtcdNamespace, instance: String) -> [UInt8] {
        namespace.markers + Array("\(instance)/\(self.slot)".utf8)
    }

    private var numberBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self.number >> (56 - 8 * $0)) } }

    func value(succeeded: Bool) -> [UInt8] { self.numberBytes + [succeeded ? 1 : 0] }

    /// Whether the transaction was carried out, by the marker's value, and by which branch; `nil` when it was not.
    func outcome(_ value: [UInt8]) -> Bool? {
        guard value.count == 9, value[..<8].elementsEqual(self.numberBytes) else { return nil }
        return value[8] == 1
    }

    /// The transaction to send.
    ///
    /// - Parameter isRepeated: an earlier attempt may have been carried out, or may still be.
    func guarding(
        _ transaction: MetadataTransaction,
        key: [UInt8],
        lease: Int64,
        in namespace: EtcdNamespace,
        isRepeated: Bool
    ) -> EtcdTxnRequest {
        var inner = namespace.transaction(transaction)
        if isRepeated || transaction.success.contains(where: \.isWrite) {
            inner.success.append(.put(key: key, value: self.value(succeeded: true), lease: lease))
        }
        if isRepeated || transaction.failure.contains(where: \.isWrite) {
            inner.failure.append(.put(key: key, value: self.value(succeeded: false), lease: lease))
        }
        // etcd reckons a transaction inside another one as free, so that it would be carried out beyond the quota. The
        // write beside it is what etcd counts; one that only deletes is let through, as it should be.
        let counted = (transaction.success + transaction.failure).contains(where: \.isPut)
        return EtcdTxnRequest(
            compares: [EtcdCompare(key: key, result: .less, target: .value(self.numberBytes))],
            success: [.txn(inner)] + (counted ? [.put(key: key + Array("/".utf8), value: [], lease: lease)] : []),
            failure: [.range(EtcdRangeRequest(key: key, rangeEnd: []))]
        )
    }
}

/// The markers of one store: as many as there were transactions at a time.
struct TransactionMarkers: Sendable {
    private var free: [TransactionMarker] = []
    private var slotCount = 0

    /// A marker for one transaction.
    ///
    /// - Returns: `isNew`: its key has to be made first.
    mutating func take() -> (marker: TransactionMarker, isNew: Bool) {
        if var marker = self.free.popLast() {
            marker.number += 1
            return (marker, false)
        }
        self.slotCount += 1
        return (TransactionMarker(slot: self.slotCount, number: 1), true)
    }

    /// The transaction is decided. One that never was keeps its marker: an attempt may be carried out much later.
    mutating func release(_ marker: TransactionMarker) { self.free.append(marker) }

    /// The keys are gone with their lease: they must be made again, under new names.
    mutating func forget() { self.free = [] }
}

extension MetadataOperation {
    var isPut: Bool {
        if case .put = self { true } else { false }
    }

    var isWrite: Bool {
        switch self {
        case .put, .delete: true
        case .range: false
        }
    }
}
