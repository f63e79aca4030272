package import LogCore
package import Model
internal import NIOCore
internal import RecordBatch

/// Looks through partitions for records: decides what is read next, which records match, and when to stop. Sans-IO.
///
/// ```
///  next ──► read(partition, request) ── received / failed ──► next … ──► end(reason)
/// ```
///
/// Partitions are read in turn, a piece each, from where they are asked for to what could be read when the scan began:
/// `total` does not grow, so that what it says of its progress is true. Control records and records of aborted
/// transactions are passed over, as by a consumer that reads what is committed. What cannot be decoded is counted.
///
/// Results and work are bounded apart: a scan ends after so many matches, or after it looked at so many records or
/// bytes; `positions` then say where to continue.
package struct ScanMachine: Sendable {
    /// Where the next record of a partition is read.
    package struct Position: Sendable, Equatable {
        package var partition: Int32
        package var next: Offset
        /// The first offset that is not looked at.
        package var end: Offset

        package init(partition: Int32, next: Offset, end: Offset) {
            self.partition = partition
            self.next = next
            self.end = end
        }

        var left: Int64 { max(0, self.end - self.next) }
    }

    package struct Limits: Sendable {
        package var results: Int
        package var scannedRecords: Int64
        package var scannedBytes: Int64
        /// Bytes of keys and values of the results.
        package var resultBytes: Int

        package init(results: Int, scannedRecords: Int64, scannedBytes: Int64, resultBytes: Int) {
            self.results = results
            self.scannedRecords = scannedRecords
            self.scannedBytes = scannedBytes
            self.resultBytes = resultBytes
        }
    }

    package enum EndReason: String, Sendable, CaseIterable {
        /// Every partition was read to its end.
        case end
        case results
        case scannedRecords = "scanned"
        case scannedBytes = "bytes"
        case resultBytes = "size"
    }

    package enum Step: Sendable {
        case read(partition: Int32, ReadRequest)
        case end(EndReason)
    }

    /// What was found so far.
    package struct Progress: Sendable, Equatable {
        /// Records that were looked at.
        package var scanned: Int64 = 0
        /// Offsets that are left, as far as the scan goes.
        package var left: Int64 = 0
        package var bytes: Int64 = 0
        package var matched = 0
        /// Records that the filter does not fit.
        package var errors: Int64 = 0
        /// Records that would have taken too much work.
        package var tooMuchWork: Int64 = 0
        /// Batches that cannot be decoded, and pieces that cannot be read.
        package var unreadable: Int64 = 0
    }

    /// Bytes of one read.
    package static let readBytesMax = 1 << 20

    private let filter: RecordFilter?
    private let limits: Limits
    private var places: [Position]
    private var turn = 0
    private var reason: EndReason?
    private var resultBytes = 0
    package private(set) var progress = Progress()

    /// - Parameter filter: `nil` for all records.
    package init(_ positions: [Position], filter: RecordFilter?, limits: Limits) {
        self.places = positions
        self.filter = filter
        self.limits = limits
        self.progress.left = positions.reduce(0) { $0 + $1.left }
    }

    /// Where each partition is continued.
    package var positions: [Position] { self.places }

    package func next() -> Step {
        if let reason { return .end(reason) }
        guard let place = self.current else { return .end(.end) }
        return .read(
            partition: place.partition,
            ReadRequest(
                offset: place.next,
                bytesMax: Self.readBytesMax,
                atLeastOneBatch: true,
                isolation: .readCommitted
            )
        )
    }

    private var current: Position? {
        for offset in self.places.indices {
            let index = (self.turn + offset) % self.places.count
            if self.places[index].left > 0 { return self.places[index] }
        }
        return nil
    }

    private func index(of partition: Int32) -> Int {
        guard let index = self.places.firstIndex(where: { $0.partition == partition }) else {
            preconditionFailure("a partition was read that is not scanned")
        }
        return index
    }

    // MARK: Events

    /// What was read of a partition.
    ///
    /// - Returns: the records that match, in order.
    package mutating func received(_ fetched: FetchedRecords, of partition: Int32) -> [SearchRecord] {
        let index = self.index(of: partition)
        self.turn = (index + 1) % self.places.count
        self.progress.bytes += Int64(fetched.bytes)
        var found: [SearchRecord] = []
        let before = self.places[index].next
        var transactions = AbortedTransactionFilter(fetched.abortedTransactions)
        do throws(RecordBatchError) {
            var cursor = fetched.batches
            while self.reason == nil, self.places[index].left > 0, let batch = try cursor.next() {
                self.take(batch, at: index, &transactions, &found)
            }
        } catch {
            self.progress.unreadable += 1
        }
        // Nothing more can be read there now: the log became shorter, or the rest is not committed yet.
        if self.reason == nil, self.places[index].next == before { self.skip(to: self.places[index].end, at: index) }
        if self.reason == nil {
            if self.progress.scanned >= self.limits.scannedRecords {
                self.reason = .scannedRecords
            } else if self.progress.bytes >= self.limits.scannedBytes {
                self.reason = .scannedBytes
            }
        }
        if self.current == nil, self.reason != .results, self.reason != .resultBytes { self.reason = .end }
        return found
    }

    /// A piece of a partition cannot be read.
    ///
    /// - Parameter resume: where readable records begin again; `nil` when that is not known, so that the rest of the
    ///   partition is passed over.
    package mutating func failed(_ partition: Int32, resume: Offset? = nil) {
        let index = self.index(of: partition)
        self.turn = (index + 1) % self.places.count
        self.progress.unreadable += 1
        let target = min(resume ?? self.places[index].end, self.places[index].end)
        self.skip(to: max(target, self.places[index].next + 1), at: index)
        if self.current == nil, self.reason == nil { self.reason = .end }
    }

    private mutating func skip(to offset: Offset, at index: Int) {
        let target = min(offset, self.places[index].end)
        guard target > self.places[index].next else { return }
        self.progress.left -= target - self.places[index].next
        self.places[index].next = target
    }

    private mutating func take(
        _ batch: StoredBatch,
        at index: Int,
        _ transactions: inout AbortedTransactionFilter,
        _ found: inout [SearchRecord]
    ) {
        let header = batch.header
        guard header.lastOffset >= self.places[index].next else { return }
        if header.attributes.isControl {
            if case .abort? = try? ControlRecord.read(header, batch.payload)?.kind {
                transactions.ended(header.producerID)
            }
        } else if !(header.attributes.isTransactional && transactions.isAborted(header)) {
            do throws(RecordBatchError) {
                var reader = try batch.records(decompressedBytesMax: Self.decompressedBytesMax)
                while let record = try reader.next() {
                    guard record.offset >= self.places[index].next else { continue }
                    guard record.offset < self.places[index].end, record.offset <= header.lastOffset else { break }
                    self.take(record, at: index, &found)
                    guard self.reason == nil else { return }
                }
            } catch {
                self.progress.unreadable += 1
            }
        }
        self.skip(to: header.lastOffset + 1, at: index)
    }

    /// What one batch may expand to; of a larger one the records are passed over, and counted as unreadable.
    private static let decompressedBytesMax = 64 << 20

    private mutating func take(_ record: Record, at index: Int, _ found: inout [SearchRecord]) {
        self.progress.scanned += 1
        for part in SearchRecord.records(in: record, of: self.places[index].partition) {
            switch self.filter?.verdict(on: part) ?? .match {
            case .noMatch: continue
            case .error: self.progress.errors += 1
            case .tooMuchWork: self.progress.tooMuchWork += 1
            case .match:
                found.append(part)
                self.progress.matched += 1
                self.resultBytes += (part.key?.readableBytes ?? 0) + (part.value?.readableBytes ?? 0)
            }
        }
        self.skip(to: record.offset + 1, at: index)
        // Parts of one record stay together.
        if self.progress.matched >= self.limits.results {
            self.reason = .results
        } else if self.resultBytes >= self.limits.resultBytes {
            self.reason = .resultBytes
        } else if self.progress.scanned >= self.limits.scannedRecords {
            self.reason = .scannedRecords
        }
    }
}

/// Tells records of aborted transactions, as Kafka's consumer does: one begins for its producer at its first offset and
/// lasts until that producer's abort marker.
struct AbortedTransactionFilter: Sendable {
    private var waiting: ArraySlice<AbortedTransaction>
    private var active: Set<ProducerID> = []

    init(_ transactions: [AbortedTransaction]) {
        self.waiting = transactions.sorted { $0.firstOffset < $1.firstOffset }[...]
    }

    mutating func isAborted(_ header: RecordBatchHeader) -> Bool {
        while let first = self.waiting.first, first.firstOffset <= header.lastOffset {
            self.active.insert(first.producerID)
            self.waiting.removeFirst()
        }
        return self.active.contains(header.producerID)
    }

    mutating func ended(_ producerID: ProducerID) { self.active.remove(producerID) }
}
