/// Why bytes are not the record batch that they claim to be. Always the peer's fault (or the disk's), never ours.
package struct RecordBatchError: Error, Sendable, Equatable {
    /// What is wrong. The comment names the error that Kafka 4 answers to Produce in this case.
    package enum Code: Sendable, Equatable, CaseIterable {
        /// The bytes end before the batch does. INVALID_RECORD.
        case truncated
        /// No batch where one is required. INVALID_RECORD.
        case noBatch
        /// A second batch, or stray bytes, after the only one that Produce allows. INVALID_RECORD.
        case trailingBytes
        /// Magic 0 or 1: the message formats before 0.11, which Kafka 4 no longer takes. INVALID_RECORD.
        case unsupportedMagic
        /// Magic below 0 or above 2. CORRUPT_MESSAGE.
        case badMagic
        /// A batch length below the size of the header. CORRUPT_MESSAGE.
        case badLength
        /// The stored checksum is not that of the bytes. CORRUPT_MESSAGE.
        case badCRC
        /// A record that is malformed, or whose offset delta is not its index. INVALID_RECORD.
        case badRecord
        /// The record count is not positive, or disagrees with the last offset delta or the records. INVALID_RECORD.
        case badCount
        /// A client's base offset is not 0, or a stored batch does not follow the one before. INVALID_RECORD.
        case badBaseOffset
        /// Producer ID, epoch and sequence contradict each other. INVALID_RECORD.
        case badProducer
        /// Larger than `max.message.bytes`. MESSAGE_TOO_LARGE.
        case tooLarge
        /// An unknown codec, or zstd before Produce v7. UNSUPPORTED_COMPRESSION_TYPE.
        case unsupportedCompression
        /// Outside the topic's range, not representable, or LogAppendTime claimed by a client. INVALID_TIMESTAMP.
        case invalidTimestamp
        /// A control batch from a client. INVALID_RECORD.
        case controlFromClient
        /// A record without a key in a compacted topic. INVALID_RECORD.
        case missingKey
        /// The codec rejects the payload. CORRUPT_MESSAGE (Kafka lets an UNKNOWN_SERVER_ERROR escape).
        case decompressionFailed
        /// The payload expands beyond the stated bound (Kafka has none). MESSAGE_TOO_LARGE.
        case decompressedTooLarge
    }

    package var code: Code
    /// A sentence for logs and for the response's error message.
    package var message: String
    /// The records that are to blame (`RecordErrors` of Produce v8), at most `RecordRefusals.namedRecordsMax`; empty
    /// when the fault is the batch's.
    package var invalidRecords: [InvalidRecord] = []

    package init(_ code: Code, _ message: String, recordIndex: Int32? = nil) {
        self.code = code
        self.message = message
        if let recordIndex {
            self.invalidRecords = [InvalidRecord(index: recordIndex, code: code, message: message)]
        }
    }
}

extension RecordBatchError: CustomStringConvertible {
    package var description: String { "\(self.code): \(self.message)" }
}

/// A record of a batch that was refused.
package struct InvalidRecord: Sendable, Equatable {
    /// From 0, in the batch.
    package var index: Int32
    package var code: RecordBatchError.Code
    /// A sentence for the response.
    package var message: String
}
