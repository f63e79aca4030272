import NIOCore
import Testing

@testable import LogCore
@testable import Model

@Suite struct ProducerTableTests {
    private func batch(
        _ offset: Offset,
        count: Int32 = 1,
        sequence: Int32,
        epoch: Int16 = 0,
        id: Int64 = 1,
        transactional: Bool = false,
        timestamp: Timestamp = 100
    ) -> BatchSummary {
        BatchSummary(
            baseOffset: offset,
            lastOffset: offset + Offset(count) - 1,
            sizeBytes: 100,
            maxTimestamp: timestamp,
            producerID: ProducerID(id),
            producerEpoch: ProducerEpoch(epoch),
            baseSequence: sequence,
            isTransactional: transactional
        )
    }

    private func marker(
        _ offset: Offset,
        epoch: Int16 = 0,
        abort: Bool = false,
        coordinatorEpoch: Int32 = 0
    ) -> BatchSummary {
        BatchSummary(
            baseOffset: offset,
            lastOffset: offset,
            sizeBytes: 78,
            maxTimestamp: 100,
            producerID: ProducerID(1),
            producerEpoch: ProducerEpoch(epoch),
            isTransactional: true,
            isControl: true,
            marker: TransactionMarker(isAbort: abort, coordinatorEpoch: coordinatorEpoch)
        )
    }

    private func add(_ table: inout ProducerTable, _ batch: BatchSummary) throws(LogError) {
        _ = try table.append(batch, origin: .client, transactionVersion: 0)
    }

    @Test func `a full table forgets the producers that were silent longest, not those with open transactions`()
        throws
    {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, sequence: 0, id: 0, transactional: true))
        let count = Int64(ProducerTable.producersMax) * 2
        for id in 1...count {
            try self.add(&table, self.batch(id, sequence: 0, id: id))
            #expect(table.count <= ProducerTable.producersMax)
        }
        #expect(table[ProducerID(0)]?.transactionFirstOffset == 0)
        #expect(table[ProducerID(1)] == nil)
        #expect(table[ProducerID(count - Int64(ProducerTable.producersMax) / 2)] != nil)
        // A forgotten producer continues where it was.
        try self.add(&table, self.batch(count + 1, sequence: 7, id: 1))
        try self.add(&table, self.batch(count + 2, sequence: 8, id: 1))
    }

    @Test func `a table full of open transactions takes no further producer, but takes markers and what the log has`()
        throws
    {
        var table = ProducerTable()
        for id in 1...Int64(ProducerTable.producersMax) {
            try self.add(&table, self.batch(id, sequence: 0, id: id, transactional: true))
        }
        let next = Int64(ProducerTable.producersMax) + 1
        let refusal = self.code { () throws(LogError) in
            try self.add(&table, self.batch(next, sequence: 0, id: next))
        }
        #expect(refusal == .invalidTransactionState)
        try self.add(&table, self.batch(next, sequence: 1, id: 1, transactional: true))
        #expect(table.replay(self.batch(next + 1, sequence: 0, id: next)) == nil)
        #expect(table[ProducerID(next)] != nil)
        try self.add(&table, self.marker(next + 2, epoch: 0))
        try self.add(&table, self.batch(next + 3, sequence: 0, id: next + 1))
    }

    private func code(_ body: () throws(LogError) -> Void) -> LogError.Code? {
        do throws(LogError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `sequences must follow each other`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, count: 3, sequence: 0))
        try self.add(&table, self.batch(3, sequence: 3))
        #expect(
            self.code { () throws(LogError) in try self.add(&table, self.batch(4, sequence: 5)) } == .outOfOrderSequence
        )
        #expect(
            self.code { () throws(LogError) in try self.add(&table, self.batch(4, sequence: 2)) } == .outOfOrderSequence
        )
        try self.add(&table, self.batch(4, sequence: 4))
    }

    @Test func `a producer without state may begin anywhere`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, sequence: 17))
        try self.add(&table, self.batch(1, sequence: 18))
    }

    @Test func `sequences continue at zero after the largest`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, count: 3, sequence: Int32.max - 1))
        #expect(table[ProducerID(1)]?.lastSequence == 0)
        #expect(
            table.check(self.batch(9, count: 3, sequence: Int32.max - 1))
                == .duplicate(baseOffset: 0, lastOffset: 2)
        )
        try self.add(&table, self.batch(3, sequence: 1))
        var other = ProducerTable()
        try self.add(&other, self.batch(0, sequence: Int32.max))
        try self.add(&other, self.batch(1, sequence: 0))
    }

    @Test func `the last five batches are known again, the sixth is not`() throws {
        var table = ProducerTable()
        for number in 0..<6 {
            try self.add(&table, self.batch(Offset(number * 2), count: 2, sequence: Int32(number * 2)))
        }
        for number in 1..<6 {
            #expect(
                table.check(self.batch(99, count: 2, sequence: Int32(number * 2)))
                    == .duplicate(baseOffset: Offset(number * 2), lastOffset: Offset(number * 2 + 1))
            )
        }
        #expect(table.check(self.batch(99, count: 2, sequence: 0)) == .new)
        #expect(
            self.code { () throws(LogError) in try self.add(&table, self.batch(99, count: 2, sequence: 0)) }
                == .outOfOrderSequence
        )
        // Another range of sequences is not a repetition.
        #expect(table.check(self.batch(99, count: 1, sequence: 10)) == .new)
    }

    @Test func `an older epoch is fenced and a new one begins at zero`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, sequence: 0, epoch: 3))
        #expect(
            self.code { () throws(LogError) in try self.add(&table, self.batch(1, sequence: 1, epoch: 2)) }
                == .staleProducerEpoch
        )
        #expect(
            self.code { () throws(LogError) in try self.add(&table, self.batch(1, sequence: 1, epoch: 4)) }
                == .outOfOrderSequence
        )
        try self.add(&table, self.batch(1, sequence: 0, epoch: 4))
        #expect(table.check(self.batch(1, sequence: 0, epoch: 3)) == .new)
        #expect(table[ProducerID(1)]?.batchCount == 1)
    }

    @Test func `a refused batch changes nothing`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, sequence: 0))
        let before = ProducerSnapshot.encode(table)
        _ = self.code { () throws(LogError) in try self.add(&table, self.batch(1, sequence: 7, epoch: 1)) }
        #expect(ProducerSnapshot.encode(table) == before)
    }

    @Test func `transactions open with the first batch and end with the marker`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(10, sequence: 0, transactional: true))
        try self.add(&table, self.batch(11, sequence: 1, transactional: true))
        #expect(table.openTransactions == [.init(firstOffset: 10, producerID: ProducerID(1))])
        #expect(
            self.code { () throws(LogError) in try self.add(&table, self.batch(12, sequence: 2)) }
                == .invalidTransactionState
        )
        let completed = try table.append(self.marker(12, abort: true), origin: .coordinator, transactionVersion: 1)
        #expect(completed == .init(producerID: ProducerID(1), firstOffset: 10, lastOffset: 12, isAborted: true))
        #expect(table.openTransactions.isEmpty)
        // The same epoch continues its sequences.
        try self.add(&table, self.batch(13, sequence: 2))
    }

    @Test func `late markers are fenced`() throws {
        var table = ProducerTable()
        _ = try table.append(self.marker(0, epoch: 5, coordinatorEpoch: 2), origin: .coordinator, transactionVersion: 2)
        let late = self.marker(1, epoch: 5, coordinatorEpoch: 2)
        #expect(
            self.code { () throws(LogError) in _ = try table.append(late, origin: .coordinator, transactionVersion: 2) }
                == .staleProducerEpoch
        )
        _ = try table.append(late, origin: .coordinator, transactionVersion: 1)
        let zombie = self.marker(2, epoch: 6, coordinatorEpoch: 1)
        #expect(
            self.code { () throws(LogError) in _ = try table.append(zombie, origin: .coordinator, transactionVersion: 1)
            } == .staleCoordinatorEpoch
        )
        // After a marker with a new epoch the producer begins at zero.
        #expect(
            self.code { () throws(LogError) in try self.add(&table, self.batch(3, sequence: 4, epoch: 5)) }
                == .outOfOrderSequence
        )
        try self.add(&table, self.batch(3, sequence: 0, epoch: 5))
    }

    @Test func `silent producers expire unless a transaction is open`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, sequence: 0, id: 1, timestamp: 1_000))
        try self.add(&table, self.batch(1, sequence: 0, id: 2, transactional: true, timestamp: 1_000))
        try self.add(&table, self.batch(2, sequence: 0, id: 3, timestamp: 1_500))
        table.removeExpired(now: 1_999, age: 1_000)
        #expect(table.count == 3)
        table.removeExpired(now: 2_000, age: 1_000)
        #expect(table.sorted.map(\.id.rawValue) == [2, 3])
    }

    @Test func `a snapshot has Kafka's layout`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(40, count: 3, sequence: 7, epoch: 2, id: 5, transactional: true, timestamp: 99))
        var buffer = ProducerSnapshot.encode(table)
        #expect(buffer.readableBytes == 10 + 46)
        #expect(buffer.readInteger(as: Int16.self) == 1)
        #expect(buffer.readInteger(as: UInt32.self) != 0)
        #expect(buffer.readInteger(as: Int32.self) == 1)
        #expect(buffer.readInteger(as: Int64.self) == 5)
        #expect(buffer.readInteger(as: Int16.self) == 2)
        #expect(buffer.readInteger(as: Int32.self) == 9)
        #expect(buffer.readInteger(as: Int64.self) == 42)
        #expect(buffer.readInteger(as: Int32.self) == 2)
        #expect(buffer.readInteger(as: Int64.self) == 99)
        #expect(buffer.readInteger(as: Int32.self) == -1)
        #expect(buffer.readInteger(as: Int64.self) == 40)
    }

    @Test func `a snapshot survives the round trip and no damaged one is believed`() throws {
        var table = ProducerTable()
        for id in 1...20 { try self.add(&table, self.batch(Offset(id), sequence: Int32(id), id: Int64(id))) }
        for next in 1...6 { try self.add(&table, self.batch(Offset(20 + next), sequence: Int32(3 + next), id: 3)) }
        let bytes = ProducerSnapshot.encode(table)
        let decoded = try #require(ProducerSnapshot.decode(bytes))
        #expect(ProducerSnapshot.encode(decoded) == bytes)
        for index in 0..<bytes.readableBytes {
            var damaged = bytes
            damaged.setInteger(bytes.getInteger(at: index, as: UInt8.self).map { $0 ^ 1 } ?? 0, at: index)
            #expect(ProducerSnapshot.decode(damaged) == nil)
            #expect(ProducerSnapshot.decode(bytes.getSlice(at: 0, length: index) ?? bytes) == nil)
        }
    }

    @Test func `a snapshot has the last five batches of a producer, behind what Kafka reads`() throws {
        var table = ProducerTable()
        try self.add(&table, self.batch(0, sequence: 0, id: 4))
        for number in 0..<7 { try self.add(&table, self.batch(Offset(1 + number), sequence: Int32(number))) }
        let bytes = ProducerSnapshot.encode(table)
        #expect(bytes.readableBytes == 10 + 2 * 46 + 4 + 1 + 4 * 16 + 1)
        let decoded = try #require(ProducerSnapshot.decode(bytes))
        for number in 2..<7 {
            let repeated = self.batch(90, sequence: Int32(number))
            #expect(decoded.check(repeated) == table.check(repeated))
            #expect(decoded.check(repeated) != .new)
        }
        #expect(decoded[ProducerID(4)]?.batchCount == 1)
        #expect(decoded[ProducerID(1)]?.batchCount == 5)
    }
}
