import CoordinatorRuntime
import LeaseTables
import NIOCore
import Testing

@testable import Broker

@Suite struct LeaseTableRecordCodecTests {
    static let table: Table = {
        var table = Table(
            id: TableID(high: 1, low: .max),
            name: "app",
            key: KeySchema(hash: "leaseKey", range: "at"),
            attributeTypes: ["leaseKey": .string, "at": .number, "leaseOwner": .binary],
            createdAt: 1_700_000_000_000
        )
        table.indexes = [
            SecondaryIndex(
                name: "owners",
                key: KeySchema(hash: "leaseOwner"),
                projection: .all,
                throughput: Throughput(readUnits: 1, writeUnits: 2)
            )
        ]
        table.throughput = Throughput(readUnits: 3, writeUnits: 4)
        table.isDeletionProtected = true
        table.hasPointInTimeRecovery = true
        table.tags = ["a": "1", "b": ""]
        return table
    }()

    static let item: Item = [
        "s": .string("ключ"), "n": .number(DecimalNumber(-125)), "b": .binary([0, 255]), "t": .boolean(true),
        "f": .boolean(false), "null": .null, "ss": .stringSet(["a", "b"]), "ns": .numberSet([DecimalNumber(1)]),
        "bs": .binarySet([[1], [2]]), "l": .list([.null, .list([.string("")])]), "m": .map(["x": .map([:])]),
    ]

    static let records: [TableRecord] = [
        .table(table), .tableDeleted("app"),
        .item(table.id, PrimaryKey(hash: .string([0x61])), item),
        .item(table.id, PrimaryKey(hash: .binary([0]), range: .number(DecimalNumber(7))), [:]),
        .itemDeleted(table.id, PrimaryKey(hash: .string([0x61]), range: .string([]))),
        .request("0d2f", CompletedRequest(completedAt: 1_700_000_000_000, digest: "ab12")), .requestForgotten("0d2f"),
    ]

    @Test(arguments: records.indices) func `comes back as it was written`(index: Int) throws {
        let record = Self.records[index]
        let encoded = LeaseTableRecordCodec.encode(record, allocator: ByteBufferAllocator())
        #expect(try LeaseTableRecordCodec.decode(key: encoded.key, value: encoded.value) == record)
    }

    @Test(arguments: records.indices) func `a cut is damage, wherever it is`(index: Int) throws {
        let encoded = LeaseTableRecordCodec.encode(Self.records[index], allocator: ByteBufferAllocator())
        guard let value = encoded.value else { return }
        for length in 1..<max(1, value.readableBytes) {
            let cut = value.getSlice(at: value.readerIndex, length: length)
            #expect(throws: DamagedRecord.self) {
                try LeaseTableRecordCodec.decode(key: encoded.key, value: cut)
            }
        }
    }

    @Test func `leaves records of other versions and kinds alone`() throws {
        #expect(try LeaseTableRecordCodec.decode(key: nil, value: nil) == nil)
        #expect(try LeaseTableRecordCodec.decode(key: ByteBuffer(bytes: [1, 1]), value: nil) == nil)
        #expect(try LeaseTableRecordCodec.decode(key: ByteBuffer(bytes: [0, 9]), value: nil) == nil)
    }
}
