import LogCore
import Model
import NIOCore
import RecordBatch
import TestSupport
import Testing

@testable import RecordSearch

/// Scans over logs in memory, compared with a loop over all records.
@Suite struct ScanMachineTests {
    /// A partition's batches.
    private struct Log {
        var batches: [ByteBuffer] = []
        var records: [(offset: Int64, value: String)] = []
        var aborted: [AbortedTransaction] = []
        var end: Int64 { self.records.last.map { $0.offset + 1 } ?? self.batchEnd }
        var batchEnd: Int64 = 0

        mutating func append(_ values: [String], options: RecordBatchBuilder.Options = .init()) throws {
            var options = options
            options.baseOffset = self.batchEnd
            var builder = RecordBatchBuilder(options: options)
            for value in values {
                builder.append(key: nil, value: ByteBuffer(string: value), timestamp: 1)
                self.records.append((self.batchEnd, value))
                self.batchEnd += 1
            }
            self.batches.append(try builder.finish())
        }

        /// Whole batches from the one with the offset, up to about so many bytes.
        func read(_ request: ReadRequest, pieces: Int) throws -> FetchedRecords {
            var parts: [ByteBuffer] = []
            for batch in self.batches {
                let header = try RecordBatchHeader(reading: batch, at: batch.readerIndex)
                guard header.lastOffset >= request.offset, parts.count < pieces else { continue }
                parts.append(batch)
            }
            return FetchedRecords(
                parts: parts,
                bytes: parts.reduce(0) { $0 + $1.readableBytes },
                offsets: LogOffsets(logStart: 0, lastStable: self.end, highWatermark: self.end, logEnd: self.end),
                abortedTransactions: self.aborted
            )
        }
    }

    private static let unlimited = ScanMachine.Limits(
        results: .max,
        scannedRecords: .max,
        scannedBytes: .max,
        resultBytes: .max
    )

    private static func positions(_ logs: [Log]) -> [ScanMachine.Position] {
        logs.indices.map { ScanMachine.Position(partition: Int32($0), next: 0, end: logs[$0].batchEnd) }
    }

    /// Runs to the end; every found record as `partition:offset`.
    private static func run(_ machine: inout ScanMachine, _ logs: [Log], pieces: Int) throws -> [String] {
        var found: [String] = []
        while case .read(let partition, let request) = machine.next() {
            let fetched = try logs[Int(partition)].read(request, pieces: pieces)
            found += machine.received(fetched, of: partition).map { "\($0.partition):\($0.offset)" }
        }
        return found
    }

    @Test func `a scan in any number of pieces finds what a loop over all records finds`() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20 {
            var logs = [Log(), Log(), Log()]
            for index in logs.indices {
                for _ in 0..<Int.random(in: 0...12, using: &generator) {
                    let values = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                        Bool.random(using: &generator)
                            ? "{\"n\":\(Int.random(in: 0...20, using: &generator))}" : "text"
                    }
                    let codec: CompressionCodec = Bool.random(using: &generator) ? .none : .gzip
                    try logs[index].append(values, options: .init(compression: codec))
                }
            }
            let wanted = logs.enumerated().flatMap { index, log in
                log.records.filter { $0.value.hasPrefix("{") && Int($0.value.dropFirst(5).dropLast()) ?? 0 > 10 }
                    .map { "\(index):\($0.offset)" }
            }
            let filter = try RecordFilter("value.n > 10")
            let limit = Int.random(in: 1...7, using: &generator)
            var positions = Self.positions(logs)
            let total = positions.reduce(0) { $0 + $1.end - $1.next }
            var (found, scanned, errors): ([String], Int64, Int64) = ([], 0, 0)
            while true {
                var limits = Self.unlimited
                limits.results = limit
                var machine = ScanMachine(positions, filter: filter, limits: limits)
                found += try Self.run(&machine, logs, pieces: Int.random(in: 1...4, using: &generator))
                scanned += machine.progress.scanned
                errors += machine.progress.errors
                positions = machine.positions
                #expect(machine.progress.left == positions.reduce(0) { $0 + max(0, $1.end - $1.next) })
                guard case .end(.results) = machine.next() else { break }
                // Continued as a client does it: by the cursor's text.
            }
            #expect(found.sorted() == wanted.sorted())
            #expect(scanned == total)
            #expect(errors == Int64(logs.flatMap(\.records).count(where: { $0.value == "text" })))
        }
    }

    /// Runs backward scans until everything was looked at, each continued where the one before ended.
    private static func runBackward(
        _ logs: [Log],
        _ filter: RecordFilter?,
        _ limits: ScanMachine.Limits,
        pieces: Int
    ) throws -> [[String]] {
        var pages: [[String]] = []
        var ranges: [BackwardScan.Range] = logs.indices.map { (Int32($0), 0, logs[$0].batchEnd) }
        while true {
            var scan = BackwardScan(ranges, filter: filter, limits: limits)
            while var window = scan.nextWindow() {
                var found: [SearchRecord] = []
                while case .read(let partition, let request) = window.next() {
                    found += window.received(try logs[Int(partition)].read(request, pieces: pieces), of: partition)
                }
                scan.finished(window, found)
            }
            pages.append(scan.records.map { "\($0.partition):\($0.offset)" })
            ranges = scan.positions.map { ($0.partition, 0, $0.end) }
            #expect(scan.progress.left == ranges.reduce(0) { $0 + $1.end })
            if scan.endReason == .end { return pages }
        }
    }

    @Test func `the newest records come first, page by page, and none is missing or twice`() throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<20 {
            var logs = [Log(), Log(), Log()]
            for index in logs.indices {
                for _ in 0..<Int.random(in: 0...40, using: &generator) {
                    let values = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                        "{\"n\":\(Int.random(in: 0...20, using: &generator))}"
                    }
                    try logs[index].append(values)
                }
            }
            var limits = Self.unlimited
            limits.results = Int.random(in: 1...30, using: &generator)
            limits.scannedRecords = Int64.random(in: 50...500, using: &generator)
            let filter = Bool.random(using: &generator) ? try RecordFilter("value.n > 15") : nil
            let pieces = Int.random(in: 1...4, using: &generator)
            let pages = try Self.runBackward(logs, filter, limits, pieces: pieces)
            #expect(pages.allSatisfy { $0.count <= limits.results })
            for (index, log) in logs.enumerated() {
                let wanted = log.records.filter { filter == nil || Int($0.value.dropFirst(5).dropLast()) ?? 0 > 15 }
                let found = pages.joined().filter { $0.hasPrefix("\(index):") }
                #expect(Array(found) == wanted.reversed().map { "\(index):\($0.offset)" })
            }
        }
    }

    @Test func `a backward scan says why it ended`() throws {
        var log = Log()
        for _ in 0..<30 { try log.append(Array(repeating: "0123456789", count: 10)) }
        func end(_ change: (inout ScanMachine.Limits) -> Void) throws -> ScanMachine.EndReason? {
            var limits = Self.unlimited
            change(&limits)
            var scan = BackwardScan(
                [(0, 0, log.batchEnd)],
                filter: try RecordFilter("text == \"none\""),
                limits: limits
            )
            while var window = scan.nextWindow() {
                while case .read(let partition, let request) = window.next() {
                    _ = window.received(try log.read(request, pieces: 1), of: partition)
                }
                scan.finished(window, [])
            }
            return scan.endReason
        }
        #expect(try end { $0.scannedRecords = 25 } == .scannedRecords)
        #expect(try end { $0.scannedBytes = 1 } == .scannedBytes)
        #expect(try end { _ in } == .end)
    }

    @Test func `each limit ends a scan, and says so`() throws {
        var log = Log()
        for _ in 0..<10 { try log.append(Array(repeating: "0123456789", count: 10)) }
        func end(_ change: (inout ScanMachine.Limits) -> Void) throws -> (ScanMachine.EndReason?, Int64) {
            var limits = Self.unlimited
            change(&limits)
            var machine = ScanMachine(Self.positions([log]), filter: nil, limits: limits)
            _ = try Self.run(&machine, [log], pieces: 1)
            guard case .end(let reason) = machine.next() else { return (nil, 0) }
            return (reason, machine.progress.scanned)
        }
        #expect(try end { $0.results = 15 } == (.results, 15))
        #expect(try end { $0.scannedRecords = 25 } == (.scannedRecords, 25))
        #expect(try end { $0.scannedBytes = 1 } == (.scannedBytes, 10))
        #expect(try end { $0.resultBytes = 35 } == (.resultBytes, 4))
        #expect(try end { _ in } == (.end, 100))
    }

    @Test func `control records and aborted transactions are passed over`() throws {
        var log = Log()
        var options = RecordBatchBuilder.Options()
        options.isTransactional = true
        options.producerID = ProducerID(rawValue: 7)
        options.producerEpoch = ProducerEpoch(rawValue: 0)
        options.baseSequence = 0
        try log.append(["aborted"], options: options)
        try log.append(["plain"])
        log.aborted = [AbortedTransaction(producerID: ProducerID(rawValue: 7), firstOffset: 0)]
        var machine = ScanMachine(Self.positions([log]), filter: nil, limits: Self.unlimited)
        #expect(try Self.run(&machine, [log], pieces: 8) == ["0:1"])
        #expect(machine.progress.scanned == 1 && machine.progress.left == 0)
    }

    @Test func `what cannot be read is counted, and the rest is looked at`() throws {
        var logs = [Log(), Log()]
        for index in logs.indices { for _ in 0..<3 { try logs[index].append(["x", "y"]) } }
        var machine = ScanMachine(Self.positions(logs), filter: nil, limits: Self.unlimited)
        machine.failed(0, resume: 4)
        let found = try Self.run(&machine, logs, pieces: 1)
        #expect(found.count == 2 + 6)
        machine = ScanMachine(Self.positions(logs), filter: nil, limits: Self.unlimited)
        machine.failed(0)
        machine.failed(1)
        #expect(machine.progress.unreadable == 2 && machine.progress.left == 0)
        guard case .end(.end) = machine.next() else {
            Issue.record("it did not end")
            return
        }
        // A batch whose records are none.
        var broken = logs[0].batches[0]
        broken.setRepeatingByte(0xFF, count: 4, at: broken.writerIndex - 4)
        logs[0].batches[0] = broken
        machine = ScanMachine(Self.positions(logs), filter: nil, limits: Self.unlimited)
        #expect(try Self.run(&machine, logs, pieces: 8).count >= 10)
    }

    @Test func `an empty read does not make a scan wait`() throws {
        let log = Log()
        let positions = [ScanMachine.Position(partition: 0, next: 0, end: 5)]
        var machine = ScanMachine(positions, filter: nil, limits: Self.unlimited)
        #expect(try Self.run(&machine, [log], pieces: 1).isEmpty)
        #expect(machine.progress.left == 0)
        var none = ScanMachine([], filter: nil, limits: Self.unlimited)
        #expect(try Self.run(&none, [], pieces: 1).isEmpty)
    }

    @Test func `packed records are rows of their own`() throws {
        let packed = RecordDecoderTests.aggregate([("k1", "{\"n\":1}"), ("k2", "{\"n\":2}")])
        var builder = RecordBatchBuilder()
        builder.append(key: nil, value: ByteBuffer(bytes: packed), timestamp: 1)
        var log = Log()
        log.batches = [builder.finishUncompressed().buffer]
        log.batchEnd = 1
        log.records = [(0, "")]
        var machine = ScanMachine(
            Self.positions([log]),
            filter: try RecordFilter("value.n == 2"),
            limits: Self.unlimited
        )
        guard case .read(let partition, let request) = machine.next() else { return }
        let found = machine.received(try log.read(request, pieces: 1), of: partition)
        #expect(found.map(\.subsequence) == [1] && found.first?.key.map { String(buffer: $0) } == "k2")
    }
}
