internal import FoundationEssentials

/// What others ask for the same work, in dollars. Its JSON is a file that can be edited.
package struct PriceTable: Codable, Sendable, Equatable {
    /// When and where these prices were asked.
    package var asOf: String
    package var region: String
    package var kinesisShardHour: Double
    package var kinesisMillionPutUnits: Double
    package var onDemandStreamHour: Double
    package var onDemandGigabyteIn: Double
    package var onDemandGigabyteOut: Double
    /// Of one broker of a cluster of three.
    package var kafkaBrokerHour: Double
    package var kafkaDiskGigabyteMonth: Double
    /// Between zones, one way; both ends pay.
    package var kafkaCrossZoneGigabyte: Double

    /// Northern Virginia, as public pages had them. They change, and nobody tells this server: the page says of when
    /// they are.
    package static let builtIn = PriceTable(
        asOf: "2026-11-30, from memory of AWS's public pages: check them",
        region: "us-east-1",
        kinesisShardHour: 0.015,
        kinesisMillionPutUnits: 0.014,
        onDemandStreamHour: 0.04,
        onDemandGigabyteIn: 0.08,
        onDemandGigabyteOut: 0.04,
        kafkaBrokerHour: 0.204,
        kafkaDiskGigabyteMonth: 0.08,
        kafkaCrossZoneGigabyte: 0.01
    )

    /// Of the file `console-prices.json` in the data directory.
    ///
    /// - Returns: `nil` for what is not such a table.
    package static func decode(_ bytes: [UInt8]) -> PriceTable? {
        try? JSONDecoder().decode(PriceTable.self, from: Data(bytes))
    }

    package var encoded: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
