import Glibc
import LogCore
import Model
import Testing

@testable import LogFiles

/// Damage to the small files beside the segments: nothing that they say is believed without a checksum, and each is
/// made again from what is known.
@Suite(.timeLimit(.minutes(20))) struct EngineSideFileDamageTests {
    /// All records are there, the next one gets the next offset, and the damage is mended.
    private func expectWhole(_ damaged: DamagedLog, from start: Offset = 0) throws {
        #expect(!damaged.log.hasFailed)
        #expect(damaged.log.offsets.logStart == start)
        #expect(damaged.log.offsets.logEnd == 200)
        #expect(try damaged.refused().isEmpty)
        try damaged.expectOtherIsWhole()
        #expect(try damaged.log.write(makeBatch(200..<210)).baseOffset == 200)
        damaged.engine.settle()
        try damaged.engine.close()
        #expect(inspect(damaged.fixture).allFindings.filter { $0.severity != .note } == [])
    }

    private func bits(of path: String) throws -> [Int] {
        var status = stat()
        try #require(stat(path, &status) == 0)
        // A prime: each bit of a byte has its turn.
        return Array(stride(from: 0, to: Int(status.st_size) * 8, by: 37))
    }

    @Test(arguments: [true, false])
    func `a flipped bit in partition metadata does not make a partition foreign`(crashes: Bool) throws {
        let first = try DamagedLog()
        for bit in try self.bits(of: first.fixture.path + "/orders-0/" + FileNames.partitionMetadata) {
            let damaged = try DamagedLog()
            let path = damaged.fixture.path + "/orders-0/" + FileNames.partitionMetadata
            let damage = { damaged.flip(bit / 8, bit: 1 << UInt8(bit % 8), of: path) }
            if crashes { try damaged.crash(damage) } else { try damaged.restart(damage) }
            try self.expectWhole(damaged)
        }
        try first.engine.close()
    }

    @Test(arguments: ["", "x", "version: 0\ntopic_id: AAAAAAAAAAEAAAAAAAAAAg\ncrc32c: 1\n"])
    func `a folder with a recovery point is the partition's with any partition metadata`(text: String) throws {
        let damaged = try DamagedLog()
        try damaged.restart {
            try Directory(damaged.fixture.path + "/orders-0").write(FileNames.partitionMetadata, Array(text.utf8))
        }
        try self.expectWhole(damaged)
    }

    enum Checkpoint: String, CaseIterable {
        case recovery = "recovery-point-offset-checkpoint"
        case logStart = "log-start-offset-checkpoint"
    }

    @Test(arguments: Checkpoint.allCases, [true, false])
    func `a flipped bit in a checkpoint or its copy changes nothing`(checkpoint: Checkpoint, isCopy: Bool) throws {
        let name = isCopy ? CheckedCopy.name(of: checkpoint.rawValue) : checkpoint.rawValue
        let damaged = try DamagedLog()
        #expect(try damaged.log.deleteRecords(before: 40) == 40)
        try damaged.engine.persistLogStarts()
        try damaged.restart {}
        let path = damaged.fixture.path + "/" + name
        for bit in try self.bits(of: path) {
            try damaged.restart { damaged.flip(bit / 8, bit: 1 << UInt8(bit % 8), of: path) }
            #expect(damaged.log.offsets.logStart == 40, "bit \(bit)")
            #expect(damaged.log.offsets.logEnd == 200, "bit \(bit)")
            #expect(try damaged.refused().isEmpty, "bit \(bit)")
        }
        try self.expectWhole(damaged, from: 40)
    }

    @Test func `a flipped bit in the leader epochs fences nobody`() throws {
        for bit in 0..<40 {
            let damaged = try DamagedLog()
            let path = damaged.fixture.path + "/orders-0/" + FileNames.leaderEpochs
            try damaged.restart { damaged.flip(bit / 8, bit: 1 << UInt8(bit % 8), of: path) }
            try self.expectWhole(damaged)
        }
    }

    @Test func `a leader epoch above the partition's comes from damage and is not believed`() throws {
        let damaged = try DamagedLog()
        let batch = try damaged.batch(with: 195)
        // The epoch is in no checksum. The last segment is read by every start.
        try damaged.restart { damaged.flip(batch.position + 12, bit: 0x40, of: batch.path) }
        #expect(try damaged.log.write(makeBatch(200..<210)).baseOffset == 200)
        try damaged.engine.close()
    }

    @Test func `a directory of an earlier version gets checksums with its first checkpoint`() throws {
        let damaged = try DamagedLog()
        try damaged.engine.close()
        let root = Directory(damaged.fixture.path)
        for checkpoint in Checkpoint.allCases { try root.remove(CheckedCopy.name(of: checkpoint.rawValue)) }
        for partition in 0..<2 {
            let id = "version: 0\ntopic_id: \(EngineFixture.topicID)"
            try root.directory("orders-\(partition)").write(FileNames.partitionMetadata, Array(id.utf8))
        }
        try damaged.restart {}
        #expect(damaged.engine.checkpoint() == nil)
        for checkpoint in Checkpoint.allCases {
            #expect(try root.status(of: CheckedCopy.name(of: checkpoint.rawValue)) != nil)
        }
        for partition in 0..<2 {
            let bytes = try root.directory("orders-\(partition)").ownerFile() ?? []
            let owner = PartitionMetadata(decoding: bytes, folder: "orders-\(partition)")
            #expect(owner?.isChecked == true)
            #expect(owner?.epochs?.entries.count == 1)
        }
        try self.expectWhole(damaged)
    }
}
