import Testing

@testable import LogFiles

@Suite(.timeLimit(.minutes(20)))
struct JournalRecoveryTests {
    /// Three rounds of one entry in one file; returns where each begins and the end.
    private func threeRounds(in directory: Directory, lastBytes: Int) throws -> (file: File, starts: [Int64]) {
        let fixture = try JournalFixture(directory)
        fixture.write(0)
        fixture.write(1)
        fixture.write(2, bytes: lastBytes)
        fixture.journal.close()
        let file = try directory.open("000.journal", options: .write)
        let last = Int64(JournalFormat.padded(64 + JournalFormat.entryBytes(payload: lastBytes)))
        return (file, [4096, 8192, 12_288, 12_288 + last])
    }

    private func byte(_ file: File, at position: Int64) throws -> UInt8 {
        try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { memory in
            _ = try file.read(into: memory, at: position)
            return memory[0]
        }
    }

    private func setByte(_ file: File, at position: Int64, to value: UInt8) throws {
        try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { memory in
            memory[0] = value
            try file.write(UnsafeRawBufferPointer(memory), at: position)
        }
    }

    @Test func `a last round cut at any byte is dropped and the earlier ones are there`() throws {
        let scratch = try ScratchDirectory()
        let (file, starts) = try self.threeRounds(in: scratch.directory, lastBytes: 300)
        let end = starts[2] + 64 + Int64(JournalFormat.entryBytes(payload: 300))
        for size in stride(from: end, through: starts[2], by: -1) {
            try file.truncate(to: size)
            let replayed = try Replayed.of(scratch.directory)
            // A file that ends within the round's padding is not one that we leave behind: the round is not whole.
            #expect(replayed.offsets == [0, 1], "cut at \(size)")
            #expect(replayed.lost == [] && replayed.isIntact)
        }
    }

    @Test func `a last round torn at any byte, over old content, is dropped`() throws {
        let scratch = try ScratchDirectory()
        let (file, starts) = try self.threeRounds(in: scratch.directory, lastBytes: 300)
        let used = 64 + JournalFormat.entryBytes(payload: 300)
        var original = [UInt8](repeating: 0, count: used)
        for index in 0..<used { original[index] = try self.byte(file, at: starts[2] + Int64(index)) }
        // What had not been written yet is still what the file held before: here, bytes of another kind.
        for written in stride(from: used - 1, through: 0, by: -1) {
            try self.setByte(file, at: starts[2] + Int64(written), to: ~original[written])
            let replayed = try Replayed.of(scratch.directory)
            #expect(replayed.offsets == [0, 1], "torn after \(written) bytes")
            #expect(replayed.lost == [] && replayed.isIntact)
        }
    }

    @Test func `any single damaged byte in a middle round is reported and later rounds are replayed`() throws {
        let scratch = try ScratchDirectory()
        let (file, starts) = try self.threeRounds(in: scratch.directory, lastBytes: 100)
        for index in 0..<(64 + JournalFormat.entryBytes(payload: 100)) {
            let position = starts[1] + Int64(index)
            let value = try self.byte(file, at: position)
            try self.setByte(file, at: position, to: value ^ 0x10)
            let replayed = try Replayed.of(scratch.directory)
            #expect(replayed.offsets == [0, 2], "byte \(index)")
            #expect(replayed.lost == [2..<3] && replayed.isIntact)
            #expect(replayed.summary.corruptions.first?.byteOffset == starts[1])
            try self.setByte(file, at: position, to: value)
        }
        #expect(try Replayed.of(scratch.directory).offsets == [0, 1, 2])
    }

    @Test func `a damaged file header loses nothing`() throws {
        let scratch = try ScratchDirectory()
        let (file, _) = try self.threeRounds(in: scratch.directory, lastBytes: 100)
        try self.setByte(file, at: 30, to: 0xFF)
        let replayed = try Replayed.of(scratch.directory)
        #expect(replayed.offsets == [0, 1, 2])
        #expect(replayed.lost == [])
    }

    @Test func `a torn round stays dropped after the next session used its number`() throws {
        let scratch = try ScratchDirectory()
        let (file, starts) = try self.threeRounds(in: scratch.directory, lastBytes: 100)
        let value = try self.byte(file, at: starts[2] + 200)
        try self.setByte(file, at: starts[2] + 200, to: ~value)
        let second = try JournalFixture(scratch.directory)
        #expect(try Replayed(second.replay).summary.hasTornTail)
        second.write(20)
        second.journal.close()
        // Even if the old bytes come back.
        try self.setByte(file, at: starts[2] + 200, to: value)
        let replayed = try Replayed.of(scratch.directory)
        #expect(replayed.offsets == [0, 1, 20])
        #expect(replayed.lost == [])
    }

    @Test func `a missing file is reported as lost rounds`() throws {
        let scratch = try ScratchDirectory()
        for session in 0..<3 {
            let fixture = try JournalFixture(scratch.directory)
            fixture.write(Int64(session))
            fixture.journal.close()
        }
        try scratch.directory.remove("001.journal")
        let replayed = try Replayed.of(scratch.directory)
        #expect(replayed.offsets == [0, 2])
        #expect(replayed.lost == [2..<3])
        try scratch.directory.remove("000.journal")
        #expect(try Replayed.of(scratch.directory).lost == [1..<3])
    }

    @Test(arguments: [0, 1, 48, 4096, 60_000, 1 << 20, Int(UInt32.max)])
    func `a hostile body length under a sound CRC neither traps nor allocates`(bodyBytes: Int) throws {
        let scratch = try ScratchDirectory()
        let (file, starts) = try self.threeRounds(in: scratch.directory, lastBytes: 100)
        let id = try self.journalID(file)
        let block = AlignedBuffer(byteCount: 4096)
        block.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        JournalFormat.encode(
            JournalFormat.RoundHeader(
                journalID: id,
                sequence: 1,
                number: 3,
                bodyBytes: min(bodyBytes, JournalFormat.bodyBytesMax),
                bodyCRC: 0,
                entryCount: 1,
                floor: 1
            ),
            into: block.bytes
        )
        try file.write(UnsafeRawBufferPointer(block.bytes), at: starts[2])
        let replayed = try Replayed.of(scratch.directory)
        #expect(replayed.offsets == [0, 1])
    }

    @Test(arguments: [UInt32(0), 8, 0x7FFF_FFFF, .max, .max - 6])
    func `a hostile entry length under sound CRCs is reported, not trusted`(length: UInt32) throws {
        let scratch = try ScratchDirectory()
        let (file, starts) = try self.threeRounds(in: scratch.directory, lastBytes: 100)
        var body = [UInt8](repeating: 0, count: 96)
        withUnsafeBytes(of: length.littleEndian) { body.replaceSubrange(0..<4, with: $0) }
        let block = AlignedBuffer(byteCount: 4096)
        block.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        let crc = self.checksum(body)
        JournalFormat.encode(
            JournalFormat.RoundHeader(
                journalID: try self.journalID(file),
                sequence: 1,
                number: 3,
                bodyBytes: body.count,
                bodyCRC: crc,
                entryCount: 2,
                floor: 1
            ),
            into: block.bytes
        )
        for (index, byte) in body.enumerated() { block.bytes[64 + index] = byte }
        try file.write(UnsafeRawBufferPointer(block.bytes), at: starts[2])
        let replayed = try Replayed.of(scratch.directory)
        // Length 0 twice fills the body exactly: two sound, empty entries.
        #expect(replayed.lost == (length == 0 ? [] : [3..<4]))
    }

    @Test func `a directory that mixes two journals is refused`() throws {
        let one = try ScratchDirectory()
        let two = try ScratchDirectory()
        for scratch in [one, two] {
            let fixture = try JournalFixture(scratch.directory)
            fixture.write(0)
            fixture.journal.close()
        }
        let stranger = try two.directory.contents(of: "000.journal", bytesMax: 1 << 20)
        try one.directory.replace("001.journal", with: stranger ?? [])
        #expect(throws: JournalError.self) { try JournalFixture(one.directory) }
    }

    @Test func `garbage in place of a file is tolerated`() throws {
        let scratch = try ScratchDirectory()
        let bytes = (0..<(64 << 10)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        try scratch.directory.replace("000.journal", with: bytes)
        try scratch.directory.replace("001.journal", with: [1, 2, 3])
        let fixture = try JournalFixture(scratch.directory)
        #expect(fixture.replay.isEmpty)
        fixture.write(5)
        fixture.journal.close()
        #expect(try Replayed.of(scratch.directory).offsets == [5])
    }

    private func journalID(_ file: File) throws -> UInt64 {
        let block = AlignedBuffer(byteCount: 4096)
        _ = try file.read(into: block.bytes, at: 0)
        return try #require(JournalFormat.decodeFileHeader(UnsafeRawBufferPointer(block.bytes))).journalID
    }

    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = ~0
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        return ~crc
    }
}
