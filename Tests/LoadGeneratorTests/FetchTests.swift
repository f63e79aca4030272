import KafkaProtocol
import Model
import NIOCore
import RecordBatch
import Testing

@testable import LoadGenerator

@Suite struct FetchTests {
    /// Batches of `counts` records each, from offset 0 on.
    private func batches(_ counts: [Int], spoiled: Bool = false) throws -> ByteBuffer {
        var templates = try BatchTemplates(recordBytes: 30, batchBytes: 4096, compression: .none)
        var all = ByteBuffer()
        var offset: Int64 = 0
        for count in counts {
            let template = try templates.template(records: count)
            var header = template.header(timestamp: 1)
            header.baseOffset = offset
            if spoiled { header.crc ^= 1 }
            header.write(to: &all)
            all.writeImmutableBuffer(template.payload)
            offset += Int64(count)
        }
        return all
    }

    private func response(_ partitions: [(index: Int32, records: ByteBuffer?)], sessionID: Int32 = 5) -> ByteBuffer {
        let response = FetchResponse(
            sessionID: sessionID,
            topics: [
                .init(
                    name: "topic",
                    partitions: partitions.map { partition in
                        .init(
                            partitionIndex: partition.index,
                            highWatermark: 100,
                            abortedTransactions: [.init(producerID: ProducerID(1), firstOffset: 2)],
                            records: partition.records.map { RecordsParts($0) }
                        )
                    }
                )
            ]
        )
        return OutputParts.frame(response, correlationID: 9, version: FetchScanner.version).joined()
    }

    private func events(
        _ bytes: ByteBuffer,
        pieces: Int,
        scanner: FetchScanner = FetchScanner()
    ) throws -> [FetchScanner.Event] {
        var scanner = scanner
        var events: [FetchScanner.Event] = []
        var rest = bytes
        while rest.readableBytes > 0 {
            guard var piece = rest.readSlice(length: min(pieces, rest.readableBytes)) else { break }
            while let event = try scanner.next(in: &piece) { events.append(event) }
            #expect(piece.readableBytes == 0)
        }
        return events
    }

    @Test(arguments: [1, 2, 3, 7, 60, 61, 62, 1000, 100_000])
    func `records are counted however the bytes are cut`(pieces: Int) throws {
        let first = try self.batches([3, 1, 20])
        let bytes = self.response([(0, first), (1, nil), (2, ByteBuffer()), (3, try self.batches([2]))])
        // Two responses in a row, as on a connection.
        var twice = bytes
        twice.writeImmutableBuffer(bytes)
        let events = try self.events(twice, pieces: pieces, scanner: FetchScanner(checksCRC: true, keepsBatches: true))
        #expect(events.count == 10)
        #expect(Array(events[..<5]) == Array(events[5...]))
        guard case .partition(let partition) = events[0], case .end(let end) = events[4] else {
            Issue.record("the events are \(events)")
            return
        }
        #expect(partition.recordCount == 24 && partition.nextOffset == 24 && partition.highWatermark == 100)
        #expect(partition.batchBytes == first.readableBytes && partition.batches == first)
        #expect(end == FetchEnd(correlationID: 9, errorCode: 0, sessionID: 5))
        guard case .partition(let empty) = events[1] else { return }
        #expect(empty.recordCount == 0 && empty.nextOffset == nil)
    }

    @Test(arguments: [0, 1, 60, 61, 62, 200])
    func `a last batch that is cut off is left for the next fetch`(kept: Int) throws {
        var records = try self.batches([3, 20])
        let whole = try self.batches([3]).readableBytes
        let cut = records.readSlice(length: whole + kept)
        records = try #require(cut)
        let events = try self.events(self.response([(0, records)]), pieces: 50)
        guard case .partition(let partition) = events.first else {
            Issue.record("the events are \(events)")
            return
        }
        #expect(partition.recordCount == 3 && partition.nextOffset == 3)
        #expect(events.count == 2)
    }

    @Test func `a wrong checksum is found only when it is looked for`() throws {
        let bytes = self.response([(0, try self.batches([3], spoiled: true))])
        #expect(try self.events(bytes, pieces: 1000).count == 2)
        #expect(throws: LoadFailure.self) {
            try self.events(bytes, pieces: 1000, scanner: FetchScanner(checksCRC: true))
        }
    }

    @Test func `bytes that are not a response are refused and never trap`() throws {
        let good = self.response([(0, try self.batches([2]))])
        // The head of the response and of its first batch: every length and count is there.
        for position in 0..<min(good.readableBytes, 160) {
            for value in [UInt8(0), 0x7F, 0xFF] {
                var bytes = good
                bytes.setInteger(value, at: bytes.readerIndex + position)
                _ = try? self.events(bytes, pieces: 33)
            }
        }
        #expect(throws: LoadFailure.self) { try self.events(ByteBuffer(repeating: 0xFF, count: 30), pieces: 30) }
    }

    private let limits = FetchSession.Limits(partitionBytesMax: 10, responseBytesMax: 20)

    private func end(_ sessionID: Int32, error: ErrorCode = .none) -> FetchEnd {
        FetchEnd(correlationID: 1, errorCode: error.rawValue, sessionID: sessionID)
    }

    @Test func `a session names only what has moved`() throws {
        var session = FetchSession(
            topic: "t",
            partitions: [
                .init(index: 0, position: 0), .init(index: 1, position: 5, end: 7), .init(index: 2, position: 3),
            ],
            limits: self.limits
        )
        let first = session.request()
        #expect(first.sessionID == 0 && first.sessionEpoch == 0)
        #expect(first.topics[0].partitions.map(\.partitionIndex) == [0, 1, 2])
        session.advance(2, to: 9)
        session.advance(1, to: 7)
        try session.ended(self.end(77))
        let second = session.request()
        #expect(second.sessionID == 77 && second.sessionEpoch == 1)
        #expect(second.topics[0].partitions.map(\.partitionIndex) == [2])
        #expect(second.topics[0].partitions[0].fetchOffset == 9)
        #expect(second.forgottenTopics[0].partitions == [1])
        try session.ended(self.end(77))
        let third = session.request()
        #expect(third.sessionEpoch == 2 && third.topics.isEmpty && third.forgottenTopics.isEmpty)
        #expect(!session.isDone)
    }

    @Test(arguments: [ErrorCode.fetchSessionIDNotFound, .invalidFetchSessionEpoch])
    func `a lost session is begun again`(error: ErrorCode) throws {
        var session = FetchSession(topic: "t", partitions: [.init(index: 0, position: 4)], limits: self.limits)
        _ = session.request()
        try session.ended(self.end(3))
        _ = session.request()
        try session.ended(self.end(0, error: error))
        let request = session.request()
        #expect(request.sessionID == 0 && request.sessionEpoch == 0 && request.topics[0].partitions.count == 1)
        #expect(throws: LoadFailure.self) { try session.ended(self.end(0, error: .unknownServerError)) }
    }

    @Test func `without a session everything is named each time`() throws {
        var session = FetchSession(
            topic: "t",
            partitions: [.init(index: 0, position: 0), .init(index: 1, position: 0, end: 2)],
            limits: self.limits
        )
        _ = session.request()
        session.advance(1, to: 2)
        try session.ended(self.end(0))
        let request = session.request()
        #expect(request.topics[0].partitions.map(\.partitionIndex) == [0] && request.forgottenTopics.isEmpty)
        session.advance(0, to: 1)
        #expect(!session.isDone)
    }

    @Test func `an empty topic is read at once`() {
        let session = FetchSession(topic: "t", partitions: [.init(index: 0, position: 4, end: 4)], limits: self.limits)
        #expect(session.isDone)
    }

    @Test func `partitions are dealt to the readers of their leaders`() {
        let partitions = (0..<5).map { FetchSession.Partition(index: $0, position: 0) }
        let readers = FetchEngine.ReaderPlan.deal(
            partitions,
            leaders: [1, 2, 1, 2, 1],
            connectionsPerBroker: 2,
            groups: 2
        )
        #expect(readers.count == 8)
        for group in 0..<2 {
            let read = readers.filter { $0.group == group }.flatMap(\.partitions).map(\.index)
            #expect(read.sorted() == [0, 1, 2, 3, 4])
        }
    }
}
