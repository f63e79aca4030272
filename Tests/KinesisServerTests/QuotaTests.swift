import LogCore
import Quotas
import Testing

@testable import Broker
@testable import KinesisServer

/// Requests beyond the quotas of their principal.
@Suite struct QuotaTests {
    private static func limit(_ harness: Harness, _ quotas: [QuotaKind: Double], for entity: QuotaEntity) {
        var table = QuotaTable()
        table.set(quotas, for: entity)
        harness.backend.quotas.quotasChanged(table)
    }

    private static let put = #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#

    @Test func `puts beyond the quota are refused as AWS refuses them, and not carried out`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        // Ten times a second's worth at once, and the one that exceeds it.
        Self.limit(harness, [.producerByteRate: Double(Self.put.utf8.count) / 10], for: .client(user: .byDefault))
        _ = try harness.succeed("PutRecord", Self.put)
        _ = try harness.succeed("PutRecord", Self.put)
        let refusal = try harness.fail("PutRecord", Self.put)
        #expect(
            refusal.hasPrefix(
                "ProvisionedThroughputExceededException: Rate exceeded for User:ANONYMOUS: its quota producer"
            ),
            "\(refusal)"
        )
        #expect(harness.backend.log("s")?.offsets.logEnd == 2)
        #expect(harness.backend.quotas.prometheusText.contains(#"throttled_total{quota="producer_byte_rate"} 1"#))
        Self.limit(harness, [:], for: .client(user: .byDefault))
        _ = try harness.succeed("PutRecord", Self.put)
    }

    @Test func `an access key is a client ID`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        Self.limit(harness, [.producerByteRate: 1], for: .client(clientID: .named("123456789012")))
        _ = try harness.succeed("PutRecord", Self.put)
        #expect(try harness.fail("PutRecord", Self.put).hasPrefix("ProvisionedThroughputExceededException"))
    }

    @Test func `reads are charged when they are answered and refused after that`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        _ = try harness.succeed("PutRecord", Self.put)
        Self.limit(harness, [.consumerByteRate: 1], for: .client(user: .byDefault))
        let asked = #"{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}"#
        let iterator = try harness.succeed("GetShardIterator", asked)["ShardIterator"].text
        let read = #"{"ShardIterator":"\#(iterator)"}"#
        _ = try harness.succeed("GetRecords", read)
        #expect(try harness.fail("GetRecords", read).hasPrefix("ProvisionedThroughputExceededException"))
        _ = try harness.succeed("PutRecord", Self.put)
    }
}
