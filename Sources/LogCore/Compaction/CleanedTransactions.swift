internal import Model
package import NIOCore
package import RecordBatch

/// What compaction knows of transactions while it passes through a log, in offset order: which batches were aborted,
/// and which markers nobody needs any more (Kafka's `CleanedTransactionMetadata`).
///
/// A marker may go once no batch of its transaction is left. An aborted transaction stays in the transaction index as
/// long as one of its batches was seen in this pass, although that batch is removed in it: the next pass drops both.
package struct CleanedTransactions: Sendable {
    /// What a control batch holds.
    package enum Control: Sendable, Equatable {
        case commit
        case abort
        /// A control record that ends no transaction.
        case other
        /// An earlier run took the record out.
        case empty

        /// - Parameter whole: the batch.
        ///
        /// Throws when the control record cannot be read.
        package init(_ header: RecordBatchHeader, _ whole: ByteBuffer) throws(RecordBatchError) {
            guard header.recordCount > 0 else {
                self = .empty
                return
            }
            switch try ControlRecord.read(from: whole)?.kind {
            case .commit: self = .commit
            case .abort: self = .abort
            case nil: self = .other
            }
        }
    }

    private struct Aborted: Sendable {
        var entry: AbortedTransactions.Entry
        var hasBatches = false
    }

    /// Not begun yet where the pass is, by first offset; those before `nextPending` are.
    private var pending: [AbortedTransactions.Entry] = []
    private var nextPending = 0
    private var ongoingAborted: [ProducerID: Aborted] = [:]
    private var ongoingCommitted: Set<ProducerID> = []
    /// Aborted transactions whose markers were passed and that still belong to the index, in marker order.
    private var kept: [AbortedTransactions.Entry] = []

    package init() {}

    /// Learns of aborted transactions that overlap what comes next. One may be named more than once.
    package mutating func add(_ entries: [AbortedTransactions.Entry]) {
        if entries.isEmpty { return }
        self.pending.removeFirst(self.nextPending)
        self.nextPending = 0
        self.pending += entries
        self.pending.sort { $0.firstOffset < $1.firstOffset }
    }

    /// A batch of records comes.
    ///
    /// - Returns: whether its transaction was aborted, so that its records go.
    package mutating func passed(_ header: RecordBatchHeader) -> Bool {
        self.begin(upTo: header.lastOffset)
        guard header.attributes.isTransactional else { return false }
        if self.ongoingAborted[header.producerID] != nil {
            self.ongoingAborted[header.producerID]?.hasBatches = true
            return true
        }
        self.ongoingCommitted.insert(header.producerID)
        return false
    }

    /// A control batch comes.
    ///
    /// - Returns: whether nobody needs it any more.
    package mutating func passed(_ header: RecordBatchHeader, _ control: Control) -> Bool {
        self.begin(upTo: header.lastOffset)
        switch control {
        case .empty:
            return true
        case .other:
            return false
        case .commit:
            return self.ongoingCommitted.remove(header.producerID) == nil
        case .abort:
            guard let aborted = self.ongoingAborted.removeValue(forKey: header.producerID), aborted.hasBatches else {
                return true
            }
            self.kept.append(aborted.entry)
            return false
        }
    }

    /// Entries of the transaction index of what was passed since the last call.
    package mutating func takeKept() -> [AbortedTransactions.Entry] {
        defer { self.kept.removeAll(keepingCapacity: true) }
        return self.kept
    }

    private mutating func begin(upTo offset: Offset) {
        while self.nextPending < self.pending.count, self.pending[self.nextPending].firstOffset <= offset {
            let entry = self.pending[self.nextPending]
            self.nextPending += 1
            if self.ongoingAborted[entry.producerID] == nil {
                self.ongoingAborted[entry.producerID] = Aborted(entry: entry)
            }
        }
    }
}
