package import Model
internal import Serving

/// How far a reader of a stream is behind in one shard.
package struct ShardLag: Sendable, Equatable {
    /// The shard's ordinal.
    package var shard: Int32
    package var partition: Int32
    /// The next offset that it will read.
    package var nextOffset: Offset
    /// Records from there to the end of the shard, or of what can be read.
    package var records: Int64
    /// The age of the oldest record that it has not read; 0 at the end, `nil` while it is not known.
    package var seconds: Double?
    /// Since it was last answered; `nil` of a KCL application, which checkpoints when it likes.
    package var idleSeconds: Double?

    package init(
        shard: Int32,
        partition: Int32,
        nextOffset: Offset,
        records: Int64,
        seconds: Double?,
        idleSeconds: Double?
    ) {
        self.shard = shard
        self.partition = partition
        self.nextOffset = nextOffset
        self.records = records
        self.seconds = seconds
        self.idleSeconds = idleSeconds
    }
}

/// How far a reader of a stream is behind: a caller of GetRecords, a consumer with fan-out, a KCL application.
package struct ReaderLag: Sendable, Equatable {
    package var stream: String
    /// An access key with a user agent, the name of a consumer, or that of an application.
    package var reader: String
    package var kind: ReaderKind
    /// By ordinal. A closed shard that was read to its end is not among them.
    package var shards: [ShardLag]

    package init(stream: String, reader: String, kind: ReaderKind, shards: [ShardLag]) {
        self.stream = stream
        self.reader = reader
        self.kind = kind
        self.shards = shards
    }

    package var records: Int64 { self.shards.reduce(0) { $0 + $1.records } }
    /// Of the shard that is furthest behind; `nil` while it is not known of any.
    package var seconds: Double? { self.shards.compactMap(\.seconds).max() }
}

extension [ReaderLag] {
    /// `millrace_reader_*` and `millrace_stream_iterator_age_seconds`.
    ///
    /// - Parameter seriesMax: readers with series of their own: those that are furthest behind.
    func write(into metrics: inout MetricsText, seriesMax: Int) {
        let rows = self.sorted {
            ($0.seconds ?? 0, $0.records, $1.stream, $1.reader) > ($1.seconds ?? 0, $1.records, $0.stream, $0.reader)
        }.prefix(seriesMax)
        func labels(_ row: ReaderLag) -> String {
            MetricsText.label("stream", row.stream) + "," + MetricsText.label("reader", row.reader)
                + ",kind=\"\(row.kind.rawValue)\""
        }
        metrics.family(
            "millrace_reader_behind_records",
            "Records that a reader of a stream has not read, of all shards.",
            .gauge
        )
        for row in rows { metrics.value(labels(row), row.records) }
        metrics.family(
            "millrace_reader_behind_seconds",
            "Age of the oldest record that a reader of a stream has not read; kind: getrecords, efo or kcl.",
            .gauge
        )
        for row in rows { if let seconds = row.seconds { metrics.value(labels(row), seconds) } }
        var ages: [String: Double] = [:]
        for reader in self where reader.kind == .getRecords {
            ages[reader.stream] = Swift.max(ages[reader.stream] ?? 0, reader.seconds ?? 0)
        }
        metrics.family(
            "millrace_stream_iterator_age_seconds",
            "The most that a caller of GetRecords is behind, as CloudWatch's IteratorAgeMilliseconds.",
            .gauge
        )
        for (stream, age) in ages.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }).prefix(seriesMax) {
            metrics.value(MetricsText.label("stream", stream), age)
        }
        metrics.gauge(
            "millrace_readers_left_out",
            "Readers of streams without series of their own.",
            Swift.max(0, self.count - seriesMax)
        )
    }
}
