import Model
import NIOCore
import Testing

@testable import RecordBatch

@Suite struct BatchFilterTests {
    private struct Sent {
        var key: String?
        var value: String?
        var timestamp: Timestamp
    }

    private static let sent: [Sent] = (0..<9).map { number in
        Sent(
            key: number == 4 ? nil : "key\(number)",
            value: number == 6 ? nil : String(repeating: "v\(number)", count: number * 40),
            timestamp: 1_000 + Timestamp((number * 37) % 11)
        )
    }

    private static func batch(
        _ codec: CompressionCodec,
        baseOffset: Offset = 100,
        records: [Sent] = sent,
        logAppendTime: Timestamp? = nil
    ) throws -> (RecordBatchHeader, ByteBuffer) {
        var builder = RecordBatchBuilder(
            options: .init(
                compression: codec,
                baseOffset: baseOffset,
                leaderEpoch: LeaderEpoch(3),
                producerID: ProducerID(9),
                producerEpoch: ProducerEpoch(2),
                baseSequence: 40,
                logAppendTime: logAppendTime
            )
        )
        for record in records {
            builder.append(
                key: record.key.map { ByteBuffer(string: $0) },
                value: record.value.map { ByteBuffer(string: $0) },
                headers: [("a", nil), ("b", ByteBuffer(string: "c"))],
                timestamp: record.timestamp
            )
        }
        let whole = try builder.finish()
        return (try RecordBatchHeader(reading: whole, at: whole.readerIndex), whole)
    }

    private static func filter(
        _ header: RecordBatchHeader,
        _ whole: ByteBuffer,
        whenEmpty: BatchFilter.WhenEmpty = .drop,
        isHorizonDue: Bool = false,
        keeping: Set<Offset>
    ) throws -> (BatchFilter.Outcome, ByteBuffer) {
        var filter = BatchFilter()
        var output = ByteBuffer(string: "before")
        let outcome = try filter.filter(
            header,
            whole,
            into: &output,
            whenEmpty: whenEmpty,
            deleteHorizon: 777_777,
            isHorizonDue: isHorizonDue
        ) { keeping.contains($0.offset) }
        output.moveReaderIndex(forwardBy: 6)
        return (outcome, output)
    }

    private static func records(_ whole: ByteBuffer) throws -> [Record] {
        _ = try RecordBatchValidation.validate(whole, limits: .unlimited, context: .replay)
        var reader = try RecordReader(whole)
        var records: [Record] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }

    @Test(arguments: CompressionCodec.allCases)
    func `what stays has its offset, timestamp, key, value and headers`(codec: CompressionCodec) throws {
        let (header, whole) = try Self.batch(codec)
        for keeping in [[100], [101, 103, 104], [108], [100, 108], [102, 103, 105, 107]] as [Set<Offset>] {
            let (outcome, output) = try Self.filter(header, whole, keeping: keeping)
            let records = try Self.records(output)
            #expect(records.map(\.offset) == keeping.sorted())
            for record in records {
                let sent = Self.sent[Int(record.offset - 100)]
                #expect(record.key == sent.key.map { ByteBuffer(string: $0) })
                #expect(record.value == sent.value.map { ByteBuffer(string: $0) })
                #expect(record.timestamp == sent.timestamp)
                #expect(Array(record.headers).map(\.key) == ["a", "b"])
            }
            var expected = header
            expected.recordCount = Int32(keeping.count)
            expected.maxTimestamp = records.map(\.timestamp).max() ?? -1
            expected.batchLength = Int32(output.readableBytes - 12)
            expected.crc = outcome.header?.crc ?? 0
            #expect(outcome.header == expected)
            #expect(outcome.recordsRead == 9 && outcome.recordsKept == keeping.count && !outcome.isUnchanged)
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func `a batch that loses nothing keeps every byte`(codec: CompressionCodec) throws {
        let records = Self.sent.filter { $0.value != nil }
        let (header, whole) = try Self.batch(codec, records: records)
        let (outcome, output) = try Self.filter(header, whole, keeping: Set(100..<109))
        #expect(outcome.isUnchanged && output == whole && outcome.header == header)
    }

    @Test(arguments: CompressionCodec.allCases, [nil, 5_000] as [Timestamp?])
    func `a tombstone gives its batch a horizon, once, and no timestamp changes`(
        codec: CompressionCodec,
        logAppendTime: Timestamp?
    ) throws {
        let (header, whole) = try Self.batch(codec, logAppendTime: logAppendTime)
        let (outcome, output) = try Self.filter(header, whole, keeping: Set(100..<109))
        let rewritten = try #require(outcome.header)
        #expect(rewritten.attributes.hasDeleteHorizon && rewritten.baseTimestamp == 777_777)
        #expect(rewritten.maxTimestamp == header.maxTimestamp)
        #expect(try Self.records(output).map(\.timestamp) == Self.sent.map { logAppendTime ?? $0.timestamp })
        var filter = BatchFilter()
        var again = ByteBuffer()
        let second = try filter.filter(
            rewritten,
            output,
            into: &again,
            whenEmpty: .drop,
            deleteHorizon: 1,
            isHorizonDue: false
        ) { _ in true }
        #expect(second.isUnchanged && again == output)
        // A part of it keeps the horizon.
        let (third, rest) = try Self.filter(rewritten, output, keeping: [106, 107])
        #expect(third.header?.baseTimestamp == 777_777 && third.header?.attributes.hasDeleteHorizon == true)
        #expect(try Self.records(rest).map(\.timestamp) == [6, 7].map { logAppendTime ?? Self.sent[$0].timestamp })
    }

    @Test(arguments: CompressionCodec.allCases)
    func `without records a batch goes, or its header stays`(codec: CompressionCodec) throws {
        let (header, whole) = try Self.batch(codec)
        let (gone, nothing) = try Self.filter(header, whole, keeping: [])
        #expect(gone.header == nil && nothing.readableBytes == 0 && gone.recordsRead == 9)
        let (outcome, output) = try Self.filter(header, whole, whenEmpty: .keep, keeping: [])
        let empty = try #require(outcome.header)
        #expect(output.readableBytes == 61 && empty.recordCount == 0)
        #expect(empty.attributes.compression == CompressionCodec.none)
        #expect(empty.lastOffset == header.lastOffset && empty.baseOffset == header.baseOffset)
        #expect(empty.lastSequence == header.lastSequence && empty.producerID == header.producerID)
        #expect(empty.maxTimestamp == header.maxTimestamp && empty.baseTimestamp == -1)
        #expect(try Self.records(output).isEmpty)
        let (second, same) = try Self.filter(empty, output, whenEmpty: .keep, keeping: [])
        #expect(same == output && second.header == empty)
    }

    @Test func `a marker that may go gets a horizon`() throws {
        let marker = ControlRecord(kind: .abort, coordinatorEpoch: 4)
            .encodeBatch(producerID: ProducerID(1), producerEpoch: ProducerEpoch(0), timestamp: 50)
        let header = marker.headers[0]
        let (outcome, output) = try Self.filter(header, marker.buffer, isHorizonDue: true, keeping: [0])
        #expect(outcome.header?.attributes.hasDeleteHorizon == true && outcome.header?.baseTimestamp == 777_777)
        #expect(try ControlRecord.read(from: output) == ControlRecord(kind: .abort, coordinatorEpoch: 4))
        #expect(try Self.records(output).map(\.timestamp) == [50])
    }

    @Test(arguments: CompressionCodec.allCases)
    func `damaged records throw and leave the output as it was`(codec: CompressionCodec) throws {
        let (header, whole) = try Self.batch(codec)
        for position in stride(from: RecordBatchHeader.encodedLength, to: whole.readableBytes, by: 3) {
            var bytes = whole
            bytes.setInteger(UInt8(0xFF), at: bytes.readerIndex + position)
            var filter = BatchFilter(decompressedBytesMax: 1 << 20)
            var output = ByteBuffer(string: "before")
            do {
                _ = try filter.filter(
                    header,
                    bytes,
                    into: &output,
                    whenEmpty: .drop,
                    deleteHorizon: 1,
                    isHorizonDue: false
                ) { $0.offset % 2 == 0 }
            } catch {
                #expect(output == ByteBuffer(string: "before"))
            }
        }
    }

    @Test func `what expands beyond the bound is refused`() throws {
        let (header, whole) = try Self.batch(.gzip)
        var filter = BatchFilter(decompressedBytesMax: 500)
        var output = ByteBuffer()
        let error = #expect(throws: RecordBatchError.self) {
            _ = try filter.filter(
                header,
                whole,
                into: &output,
                whenEmpty: .drop,
                deleteHorizon: 1,
                isHorizonDue: false
            ) { _ in true }
        }
        #expect(error?.code == .decompressedTooLarge)
    }
}
