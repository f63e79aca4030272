/// What the work of the last hour would cost elsewhere, a month of it.
package struct CostEstimate: Sendable, Equatable {
    /// What was done, as rates.
    package struct Work: Sendable, Equatable {
        package var recordsPerSecond: Double
        package var bytesPerSecond: Double
        package var bytesReadPerSecond: Double
        package var storedBytes: Int64
        package var streams: Int
        package var openShards: Int

        package init(
            recordsPerSecond: Double,
            bytesPerSecond: Double,
            bytesReadPerSecond: Double,
            storedBytes: Int64,
            streams: Int,
            openShards: Int
        ) {
            self.recordsPerSecond = recordsPerSecond
            self.bytesPerSecond = bytesPerSecond
            self.bytesReadPerSecond = bytesReadPerSecond
            self.storedBytes = storedBytes
            self.streams = streams
            self.openShards = openShards
        }
    }

    package struct Line: Sendable, Equatable {
        package var text: String
        package var dollars: Double
    }

    package struct Offer: Sendable, Equatable {
        package var name: String
        package var lines: [Line]
        package var dollars: Double { self.lines.reduce(0) { $0 + $1.dollars } }
    }

    package static let hoursOfMonth = 730.0
    private static let gigabyte = 1e9
    /// On-demand streams count records in these, provisioned ones in the next.
    private static let onDemandUnit = 1024.0
    private static let putUnit = 25.0 * 1024
    private static let shardBytesPerSecond = 1024.0 * 1024
    private static let shardRecordsPerSecond = 1000.0

    package var offers: [Offer]

    /// Sizes of single records are not kept: each counts as one of the mean size, so that mixed sizes cost somewhat
    /// more.
    package init(_ work: Work, _ prices: PriceTable) {
        let hours = Self.hoursOfMonth
        let seconds = hours * 3600
        let records = work.recordsPerSecond * seconds
        let size = work.recordsPerSecond > 0 ? work.bytesPerSecond / work.recordsPerSecond : 0
        let neededShards = max(
            work.bytesPerSecond / Self.shardBytesPerSecond,
            work.recordsPerSecond / Self.shardRecordsPerSecond
        )
        let shards = max(work.streams, Int(neededShards.rounded(.up)), work.openShards)
        let units = records * max(1, (size / Self.putUnit).rounded(.up))
        let gigabytesIn = records * max(1, (size / Self.onDemandUnit).rounded(.up)) * Self.onDemandUnit / Self.gigabyte
        let gigabytesOut = work.bytesReadPerSecond * seconds / Self.gigabyte
        let written = work.bytesPerSecond * seconds / Self.gigabyte
        self.offers = [
            Offer(
                name: "Kinesis, provisioned",
                lines: [
                    Line(
                        text: "\(Figure.plural(shards, "shard")), as many as are open here or the load needs",
                        dollars: Double(shards) * hours * prices.kinesisShardHour
                    ),
                    Line(
                        text: "\(Figure.rate(units)) PUT units of 25 KB",
                        dollars: units / 1e6 * prices.kinesisMillionPutUnits
                    ),
                ]
            ),
            Offer(
                name: "Kinesis, on-demand",
                lines: [
                    Line(
                        text: Figure.plural(work.streams, "stream"),
                        dollars: Double(work.streams) * hours * prices.onDemandStreamHour
                    ),
                    Line(
                        text: "\(Figure.decimal(gigabytesIn)) GB in, each record rounded up to 1 KB",
                        dollars: gigabytesIn * prices.onDemandGigabyteIn
                    ),
                    Line(
                        text: "\(Figure.decimal(gigabytesOut)) GB out",
                        dollars: gigabytesOut * prices.onDemandGigabyteOut
                    ),
                ]
            ),
            Offer(
                name: "Kafka of your own, three brokers in three zones",
                lines: [
                    Line(text: "3 brokers", dollars: 3 * hours * prices.kafkaBrokerHour),
                    Line(
                        text: "three copies of \(Figure.bytes(work.storedBytes)) on disk",
                        dollars: 3 * Double(work.storedBytes) / Self.gigabyte * prices.kafkaDiskGigabyteMonth
                    ),
                    Line(
                        // Two of three producers and readers are in another zone, and each byte is copied twice.
                        text:
                            "\(Figure.decimal(written * (2.0 / 3 + 2) + gigabytesOut * 2 / 3)) GB between zones, paid at both ends",
                        dollars: (written * (2.0 / 3 + 2) + gigabytesOut * 2 / 3) * 2 * prices.kafkaCrossZoneGigabyte
                    ),
                ]
            ),
        ]
    }
}
