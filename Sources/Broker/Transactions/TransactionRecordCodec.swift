package import CoordinatorRuntime
internal import KafkaProtocol
internal import Model
package import NIOCore
package import TransactionCoordinator

/// Translates the coordinator's records into Kafka's `__transaction_state` formats and back.
///
/// Written: `TransactionLogKey` 0 with `TransactionLogValue` 1, which has the tagged fields of KIP-890. Read: values 0
/// and 1.
package enum TransactionRecordCodec: CoordinatorRecordCodec {
    package static func encode(_ record: TransactionRecord, allocator: ByteBufferAllocator) -> EncodedRecord {
        var key = allocator.buffer(capacity: 4 + record.transactionalID.utf8.count)
        TransactionLogKey(transactionalID: record.transactionalID).encodeVersioned(into: &key, version: 0)
        return EncodedRecord(key: key, value: record.value.map { self.encode($0, allocator: allocator) })
    }

    private static func encode(_ metadata: TransactionMetadata, allocator: ByteBufferAllocator) -> ByteBuffer {
        var partitions: [TransactionLogValue.Partitions] = []
        for partition in metadata.partitions.sorted() {
            if partitions.last?.topic != partition.topic {
                partitions.append(.init(topic: partition.topic, partitionIDs: []))
            }
            partitions[partitions.count - 1].partitionIDs.append(partition.partition)
        }
        var buffer = allocator.buffer(capacity: 64 + metadata.partitions.count * 16)
        TransactionLogValue(
            producerID: metadata.producerID,
            previousProducerID: metadata.previousProducerID,
            nextProducerID: metadata.nextProducerID,
            producerEpoch: metadata.producerEpoch,
            timeoutMs: metadata.timeoutMilliseconds,
            status: metadata.status.rawValue,
            // Kafka writes none for a transactional ID without a transaction.
            partitions: metadata.status == .empty ? nil : partitions,
            lastUpdateTimestamp: metadata.lastUpdate,
            startTimestamp: metadata.start,
            clientTransactionVersion: metadata.clientVersion
        ).encodeVersioned(into: &buffer, version: 1)
        return buffer
    }

    /// `nil` for a record without a key or of another kind.
    package static func decode(key: ByteBuffer?, value: ByteBuffer?) throws(DamagedRecord) -> TransactionRecord? {
        guard var key, key.getInteger(at: key.readerIndex, as: Int16.self) == 0 else { return nil }
        let id: String
        let decoded: TransactionLogValue
        do throws(WireError) {
            id = try TransactionLogKey.decodeVersioned(from: &key).1.transactionalID
            guard var value else { return TransactionRecord(transactionalID: id, value: nil) }
            decoded = try TransactionLogValue.decodeVersioned(from: &value).1
        } catch {
            throw DamagedRecord("\(error)")
        }
        switch TransactionStatus(rawValue: decoded.status) {
        case nil, .prepareEpochFence: throw DamagedRecord("status \(decoded.status) of a transaction")
        case .dead: return TransactionRecord(transactionalID: id, value: nil)
        case let status?: return TransactionRecord(transactionalID: id, value: self.metadata(decoded, status))
        }
    }

    private static func metadata(_ value: TransactionLogValue, _ status: TransactionStatus) -> TransactionMetadata {
        var partitions: Set<TransactionPartition> = []
        for topic in value.partitions ?? [] {
            for partition in topic.partitionIDs {
                partitions.insert(TransactionPartition(topic: topic.topic, partition: partition))
            }
        }
        return TransactionMetadata(
            producerID: value.producerID,
            previousProducerID: value.previousProducerID,
            nextProducerID: value.nextProducerID,
            producerEpoch: value.producerEpoch,
            timeoutMilliseconds: value.timeoutMs,
            status: status,
            partitions: partitions,
            lastUpdate: value.lastUpdateTimestamp,
            start: value.startTimestamp,
            clientVersion: value.clientTransactionVersion
        )
    }
}
