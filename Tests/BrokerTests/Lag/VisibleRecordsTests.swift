import Model
import Serving
import Testing

@testable import Broker

@Suite struct VisibleRecordsTests {
    @Test func `what was not looked at counts in full`() {
        let records = VisibleRecords(from: 10)
        #expect(records.count(10..<30) == 20)
        #expect(records.count(5..<30) == 25)
        #expect(records.count(10..<10) == 0)
    }

    @Test func `markers, gaps and aborted records do not count`() {
        var records = VisibleRecords(from: 0)
        records.looked(to: 10, records: 10)
        // A marker.
        records.looked(to: 11, records: 0)
        // A compacted batch with 3 records left of 20.
        records.looked(to: 31, records: 3)
        records.looked(to: 41, records: 10)
        #expect(records.count(0..<41) == 23)
        #expect(records.count(5..<41) == 18)
        #expect(records.count(10..<11) == 0)
        #expect(records.count(31..<50) == 10 + 9)
        // A share of the compacted batch.
        #expect(records.count(11..<21) == 1)
        #expect(records.count(21..<31) == 1)
    }

    @Test func `what nobody asks about is forgotten`() {
        var records = VisibleRecords(from: 0)
        records.looked(to: 10, records: 0)
        records.looked(to: 20, records: 10)
        records.forget(before: 10)
        #expect(records.start == 10)
        #expect(records.count(10..<20) == 10)
        records.forget(before: 25)
        #expect(records.start == 20)
        #expect(records.end == 20)
    }

    @Test func `runs are bounded, and the sum stays right`() {
        var records = VisibleRecords(from: 0)
        let count = Int64(VisibleRecords.runsMax * 3)
        for number in 0..<count { records.looked(to: (number + 1) * 10, records: 1 + number % 2) }
        #expect(records.count(0..<(count * 10)) == count + count / 2)
        // The last ones are exact: an even number of batches ends with 2, 1 and 2 records.
        #expect(records.count(((count - 3) * 10)..<(count * 10)) == 5)
    }

    @Test(arguments: 0..<50)
    func `counts of whole batches agree with a list of them`(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func random(_ bound: Int64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 33) % bound
        }
        var records = VisibleRecords(from: 100)
        var batches: [(range: Range<Offset>, records: Int64)] = []
        var end: Offset = 100
        for _ in 0..<200 {
            let length = 1 + random(20)
            let visible = [0, length, random(length + 1)][Int(random(3))]
            batches.append((end..<(end + length), visible))
            end += length
            records.looked(to: end, records: visible)
        }
        for _ in 0..<50 {
            let (from, to) = (Int(random(200)), Int(random(200)))
            let part = batches[min(from, to)...max(from, to)]
            let range = (part.first?.range.lowerBound ?? 0)..<(part.last?.range.upperBound ?? 0)
            #expect(records.count(range) == part.reduce(0) { $0 + $1.records })
        }
    }
}

@Suite struct ShardReadersTests {
    private let stream = TopicID(high: 1, low: 2)

    private func key(_ name: String) -> ShardReaders.Key { .init(stream: self.stream, name: name, kind: .getRecords) }

    @Test func `a reader is where it was last answered`() throws {
        let readers = ShardReaders()
        let reader = readers.reader(self.key("a"))
        #expect(readers.reader(self.key("a")) === reader)
        reader.read(shard: 1, partition: 4, next: 7, now: 1_000)
        reader.read(shard: 1, partition: 4, next: 9, now: 2_000)
        reader.read(shard: 0, partition: 3, next: 5, now: 2_000)
        let current = try #require(readers.current(now: 2_500).first)
        #expect(current.key.name == "a")
        #expect(current.places.map(\.shard) == [0, 1])
        #expect(current.places.map(\.place.next) == [5, 9])
    }

    @Test func `a reader that is silent for long is forgotten`() {
        let readers = ShardReaders()
        readers.reader(self.key("a")).read(shard: 1, partition: 4, next: 7, now: 1_000)
        readers.reader(self.key("b")).read(shard: 1, partition: 4, next: 7, now: 2_000)
        let now = 1_001 + ShardReaders.idleMillisecondsMax
        #expect(readers.current(now: now).map(\.key.name) == ["b"])
        #expect(readers.current(now: now + 1_000).isEmpty)
    }

    @Test func `readers are bounded, and those that were silent for longest make room`() {
        let readers = ShardReaders()
        for number in 0..<(ShardReaders.readersMax * 3) {
            let reader = readers.reader(self.key("r\(number)"))
            reader.read(shard: 0, partition: 0, next: 0, now: Timestamp(number))
        }
        let names = Set(readers.current(now: 0).map(\.key.name))
        #expect(names.count <= ShardReaders.readersMax)
        #expect(names.contains("r\(ShardReaders.readersMax * 3 - 1)"))
        #expect(!names.contains("r0"))
    }

    @Test func `readers have series by stream, name and kind, and a stream has its iterator age`() {
        func reader(_ name: String, _ kind: ReaderKind, _ seconds: Double?) -> ReaderLag {
            let shards = [seconds, 1].enumerated().map { index, seconds in
                ShardLag(
                    shard: Int32(index),
                    partition: 0,
                    nextOffset: 3,
                    records: 2,
                    seconds: seconds,
                    idleSeconds: 0
                )
            }
            return ReaderLag(stream: "s", reader: name, kind: kind, shards: shards)
        }
        var metrics = MetricsText()
        [reader("key product", .getRecords, 5), reader("other", .getRecords, 9), reader("app", .kcl, 20)]
            .write(into: &metrics, seriesMax: 2)
        let lines = Set(metrics.text.split(separator: "\n").map(String.init))
        #expect(lines.contains(#"millrace_reader_behind_seconds{stream="s",reader="app",kind="kcl"} 20.0"#))
        #expect(lines.contains(#"millrace_reader_behind_records{stream="s",reader="other",kind="getrecords"} 4"#))
        #expect(!metrics.text.contains("key product"))
        #expect(lines.contains(#"millrace_stream_iterator_age_seconds{stream="s"} 9.0"#))
        #expect(lines.contains("millrace_readers_left_out 1"))
    }
}
