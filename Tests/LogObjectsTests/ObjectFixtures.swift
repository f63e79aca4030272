import LogCore
import Model
import NIOCore
import RecordBatch

@testable import LogObjects

let topicA = TopicID(high: 1, low: 2)
let topicB = TopicID(high: 3, low: 4)
let writer = Incarnation(broker: BrokerID(7), number: 0xAB)

/// A batch as a client sends it: base offset 0.
func batch(_ values: [String], producer: Int64 = -1, sequence: Int32 = -1) -> ByteBuffer {
    var builder = RecordBatchBuilder(
        options: .init(
            producerID: ProducerID(producer),
            producerEpoch: ProducerEpoch(producer < 0 ? -1 : 0),
            baseSequence: sequence
        )
    )
    for value in values { builder.append(key: nil, value: ByteBuffer(string: value), timestamp: 1_000) }
    return builder.finishUncompressed().buffer
}

func summary(
    _ bytes: ByteBuffer,
    base: Offset,
    count: Int64,
    producer: Int64 = -1,
    sequence: Int32 = -1
) -> BatchSummary {
    BatchSummary(
        baseOffset: base,
        lastOffset: base + count - 1,
        sizeBytes: bytes.readableBytes,
        maxTimestamp: 1_000,
        producerID: ProducerID(producer),
        producerEpoch: ProducerEpoch(producer < 0 ? -1 : 0),
        baseSequence: sequence
    )
}
