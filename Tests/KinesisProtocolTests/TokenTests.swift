import KinesisProtocol
import Model
import Testing
import Text

@Suite struct TokenTests {
    private let sealer = TokenSealer(key: [UInt8](0..<32))

    private func iterator(name: String = "stream", minted: Timestamp = 1_000_000) -> ShardIterator {
        ShardIterator(
            streamID: TopicID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210),
            streamName: name,
            ordinal: 7,
            offset: 123_456_789,
            minted: minted
        )
    }

    private func open(_ token: String, now: Timestamp = 1_000_001) throws(KinesisError) -> ShardIterator {
        try ShardIterator(token, sealer: self.sealer, now: now, validity: 300_000)
    }

    private static let invalid = KinesisError(.invalidArgument, "Invalid ShardIterator.")

    @Test(arguments: [1, 13, 14, 29, 30, 128])
    func `an iterator opens to what it was, and is as long as AWS's`(nameLength: Int) throws {
        let iterator = self.iterator(name: String(repeating: "n", count: nameLength))
        let token = iterator.sealed(by: self.sealer)
        #expect(try self.open(token) == iterator)
        #expect(try self.open("\"\(token)\"") == iterator)
        let bytes = try #require(Base64.decode(Array(token.utf8)))
        #expect(bytes.count == 152 + (nameLength + 2) / 16 * 16)
        #expect(Array(bytes.prefix(8)) == [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(token.utf8.count <= 512)
    }

    @Test func `every sealing is another token`() {
        let iterator = self.iterator()
        #expect(iterator.sealed(by: self.sealer) != iterator.sealed(by: self.sealer))
    }

    @Test func `no bit of a token can be changed`() throws {
        let bytes = try #require(Base64.decode(Array(self.iterator().sealed(by: self.sealer).utf8)))
        for index in bytes.indices {
            for bit in [UInt8(1), 0x80] {
                var forged = bytes
                forged[index] ^= bit
                let token = String(unsafeUninitializedCapacity: Base64.encodedCount(of: forged.count)) { target in
                    forged.withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
                }
                #expect(throws: Self.invalid) { try self.open(token) }
            }
        }
    }

    @Test(arguments: ["", "AAAA", "nonsense", "AAAAAAAAAAE=", "\"\"", "\"", "é", String(repeating: "A", count: 512)])
    func `a text that is not a token is refused`(_ token: String) {
        #expect(throws: Self.invalid) { try self.open(token) }
    }

    @Test func `a token of another key or purpose does not open`() {
        let other = TokenSealer(key: [UInt8](repeating: 9, count: 32))
        #expect(throws: Self.invalid) { try self.open(self.iterator().sealed(by: other)) }
        let page = StreamPageToken(after: "a", minted: 0).sealed(by: self.sealer)
        #expect(throws: Self.invalid) { try self.open(page) }
    }

    @Test func `an iterator expires with AWS's text`() {
        // Thu Jan 22 01:22:02 UTC 2015
        let minted: Timestamp = 1_421_889_722_000
        let token = self.iterator(minted: minted).sealed(by: self.sealer)
        #expect(throws: Never.self) { _ = try self.open(token, now: minted + 300_000) }
        #expect(
            throws: KinesisError(
                .expiredIterator,
                "Iterator expired. The iterator was created at time Thu Jan 22 01:22:02 UTC 2015 while right now it "
                    + "is Thu Jan 22 01:27:02 UTC 2015 which is further in the future than the tolerated delay of "
                    + "300000 milliseconds."
            )
        ) { try self.open(token, now: minted + 300_001) }
    }

    @Test func `page tokens carry their question and expire`() throws {
        let shards = ShardPageToken(
            streamID: TopicID(high: 1, low: 2),
            streamName: "s",
            after: 9,
            filter: ShardFilter(type: .atTimestamp, shardID: nil, timestamp: 55),
            minted: 1000
        )
        let token = shards.sealed(by: self.sealer)
        #expect(try ShardPageToken(token, sealer: self.sealer, now: 2000, validity: 300_000) == shards)
        let error = #expect(throws: KinesisError.self) {
            try ShardPageToken(token, sealer: self.sealer, now: 301_001, validity: 300_000)
        }
        #expect(error?.code == .expiredNextToken)
        let streams = StreamPageToken(after: "name", minted: 1000)
        #expect(
            try StreamPageToken(streams.sealed(by: self.sealer), sealer: self.sealer, now: 2000, validity: 1000)
                == streams
        )
        #expect(throws: KinesisError.self) {
            try StreamPageToken(token, sealer: self.sealer, now: 2000, validity: 1000)
        }
    }

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (1_421_889_722_999, "Thu, 22 Jan 2015 01:22:02 GMT"),
            (1_709_210_096_000, "Thu, 29 Feb 2024 12:34:56 GMT"), (-1000, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (951_827_696_000, "Tue, 29 Feb 2000 12:34:56 GMT"),
        ] as [(Timestamp, String)]
    )
    func `moments are written as HTTP wants them`(_ moment: Timestamp, _ text: String) {
        #expect(CalendarTime(moment).httpDate == text)
    }

    @Test(arguments: [Timestamp.min, .max])
    func `no moment traps`(_ moment: Timestamp) {
        #expect(!CalendarTime(moment).description.isEmpty)
    }
}
