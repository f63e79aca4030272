internal import Model
internal import NIOCore

/// The runs of a flush as they are written, in the commit record and in the footer of the object.
///
/// | part | |
/// | --- | --- |
/// | topics | count, then 16 bytes for each ID |
/// | runs | count, then for each: index of the topic, partition, leader epoch, base offset, offsets, length, |
/// | | CRC-32C (4 bytes), max timestamp, its producers |
/// | producers | count, then for each: kind (1 byte), ID, epoch, base sequence, offset delta, offsets, |
/// | | max timestamp, coordinator epoch of a marker |
///
/// Numbers are LEB128; base sequences, timestamps and coordinator epochs are zigzag. Runs lie one behind the other, so
/// positions follow from the lengths. The footer leaves out leader epoch and base offset: objects know no offsets,
/// readers patch them in.
enum RunTable {
    static let runsMax = 4_096

    static func write(_ runs: [FlushRun], withOffsets: Bool, to buffer: inout ByteBuffer) {
        let topics = TopicColumn(runs.lazy.map(\.partition.topicID))
        topics.write(to: &buffer)
        buffer.writeNumber(runs.count)
        for run in runs {
            buffer.writeNumber(topics.index(of: run.partition.topicID))
            buffer.writeNumber(run.partition.partition)
            if withOffsets {
                buffer.writeNumber(run.leaderEpoch.rawValue)
                buffer.writeNumber(run.baseOffset)
            }
            buffer.writeNumber(run.offsetCount)
            buffer.writeNumber(run.length)
            buffer.writeInteger(run.checksum)
            buffer.writeSigned(run.maxTimestamp)
            Self.write(run.producers, to: &buffer)
        }
    }

    private static func write(_ producers: [ProducerRun], to buffer: inout ByteBuffer) {
        buffer.writeNumber(producers.count)
        for producer in producers {
            buffer.writeInteger(producer.kind.rawValue)
            buffer.writeNumber(producer.producerID.rawValue)
            buffer.writeNumber(producer.producerEpoch.rawValue)
            buffer.writeSigned(producer.baseSequence)
            buffer.writeNumber(producer.offsetDelta)
            buffer.writeNumber(producer.offsetCount)
            buffer.writeSigned(producer.maxTimestamp)
            if producer.kind.isMarker { buffer.writeSigned(producer.coordinatorEpoch) }
        }
    }

    /// - Parameter start: the position of the first run in the object.
    static func read(
        from buffer: inout ByteBuffer,
        withOffsets: Bool,
        start: Int
    ) throws(ObjectCodingError) -> [FlushRun] {
        let topics = try TopicColumn.read(from: &buffer)
        var runs: [FlushRun] = []
        var position = start
        for _ in 0..<(try buffer.readCount(bytesEach: 10)) {
            let topic = try buffer.readNumber(as: Int.self)
            guard topic < topics.count else { throw .damaged("A run is of a topic that is not in the table.") }
            let partition = TopicPartition(topicID: topics[topic], partition: try buffer.readNumber(as: Int32.self))
            let epoch = withOffsets ? try buffer.readNumber(as: Int32.self) : 0
            let base = withOffsets ? try buffer.readNumber(as: Int64.self) : 0
            let offsetCount = try buffer.readNumber(as: Int64.self)
            let length = try buffer.readNumber(as: Int.self)
            let (end, isTooLong) = position.addingReportingOverflow(length)
            guard !isTooLong, offsetCount > 0, length > 0, !base.addingReportingOverflow(offsetCount).overflow else {
                throw .damaged("A run has no offsets or no bytes, or too many.")
            }
            let checksum = try buffer.readFixed(as: UInt32.self)
            let maxTimestamp = try buffer.readSigned(as: Int64.self)
            runs.append(
                FlushRun(
                    partition: partition,
                    leaderEpoch: LeaderEpoch(epoch),
                    baseOffset: base,
                    offsetCount: offsetCount,
                    position: position,
                    length: length,
                    checksum: checksum,
                    maxTimestamp: maxTimestamp,
                    producers: try Self.readProducers(from: &buffer, offsetCount: offsetCount)
                )
            )
            position = end
        }
        return runs
    }

    private static func readProducers(
        from buffer: inout ByteBuffer,
        offsetCount: Int64
    ) throws(ObjectCodingError) -> [ProducerRun] {
        var producers: [ProducerRun] = []
        for _ in 0..<(try buffer.readCount(bytesEach: 7)) {
            guard let kind = ProducerRun.Kind(rawValue: try buffer.readFixed(as: UInt8.self)) else {
                throw .damaged("A batch is of a kind that is not known.")
            }
            var producer = ProducerRun(
                kind: kind,
                producerID: ProducerID(try buffer.readNumber(as: Int64.self)),
                producerEpoch: ProducerEpoch(try buffer.readNumber(as: Int16.self)),
                baseSequence: try buffer.readSigned(as: Int32.self),
                offsetDelta: try buffer.readNumber(as: Int64.self),
                offsetCount: try buffer.readNumber(as: Int64.self),
                maxTimestamp: try buffer.readSigned(as: Int64.self)
            )
            if kind.isMarker { producer.coordinatorEpoch = try buffer.readSigned(as: Int32.self) }
            guard producer.offsetCount > 0, producer.offsetCount <= offsetCount,
                producer.offsetDelta <= offsetCount - producer.offsetCount
            else { throw .damaged("A batch lies outside its run.") }
            producers.append(producer)
        }
        return producers
    }
}

extension ProducerRun.Kind {
    package var isMarker: Bool { self == .commitMarker || self == .abortMarker }
}
