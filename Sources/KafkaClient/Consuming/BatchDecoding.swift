internal import Model
internal import NIOCore
internal import RecordBatch

/// The records of one partition in a fetch response.
struct DecodedFetch {
    var records: [ConsumedRecord] = []
    /// The offset to fetch next.
    var nextOffset: Offset
}

/// Reads what a broker returned from a partition.
///
/// Batches are checked against their checksums. Control batches, records before `position` and (given `aborted`)
/// records of aborted transactions are left out; a last batch that is not whole is fetched again next time.
struct BatchDecoding {
    var partition: NamedPartition
    var position: Offset
    /// The first offset of each aborted transaction by producer, from the fetch response.
    var aborted: [(producerID: ProducerID, firstOffset: Offset)] = []

    /// - Throws: `ClientError` with `.malformedResponse` for a damaged batch.
    func decode(_ bytes: ByteBuffer) throws(ClientError) -> DecodedFetch {
        var result = DecodedFetch(nextOffset: self.position)
        var cursor = BatchCursor(bytes)
        var pending = self.aborted.sorted { $0.firstOffset < $1.firstOffset }[...]
        var open: Set<ProducerID> = []
        do {
            while let batch = try cursor.nextWhole() {
                let header = batch.header
                while let first = pending.first, first.firstOffset <= header.lastOffset {
                    open.insert(first.producerID)
                    pending = pending.dropFirst()
                }
                defer { result.nextOffset = max(result.nextOffset, header.nextOffset) }
                guard header.nextOffset > self.position else { continue }
                if header.attributes.isControl {
                    // A marker ends its producer's transaction.
                    open.remove(header.producerID)
                    continue
                }
                if header.attributes.isTransactional, open.contains(header.producerID) { continue }
                try batch.verifyChecksum()
                try self.append(batch, to: &result.records)
            }
        } catch {
            throw ClientError(
                .malformedResponse,
                "\(self.partition) holds a damaged batch at or after offset \(result.nextOffset): \(error.message)"
            )
        }
        return result
    }

    private func append(_ batch: StoredBatch, to records: inout [ConsumedRecord]) throws(RecordBatchError) {
        var reader = try batch.records()
        while let record = try reader.next() {
            guard record.offset >= self.position else { continue }
            records.append(
                ConsumedRecord(
                    partition: self.partition,
                    offset: record.offset,
                    timestamp: record.timestamp,
                    key: record.key,
                    value: record.value,
                    headers: record.headers.map { $0 },
                    leaderEpoch: batch.header.partitionLeaderEpoch,
                    producerID: batch.header.producerID,
                    producerEpoch: batch.header.producerEpoch,
                    attributes: batch.header.attributes
                )
            )
        }
    }
}
