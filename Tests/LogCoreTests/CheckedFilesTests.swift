import LogCore
import Model
import Testing

/// The small files that Kafka's tools read too, and what they have beyond Kafka's format.
@Suite struct CheckedFilesTests {
    private static let id = TopicID(high: 1, low: 2)
    private static let epochs = LeaderEpochs([
        .init(epoch: LeaderEpoch(0), startOffset: 0), .init(epoch: LeaderEpoch(3), startOffset: 1200),
    ])

    // MARK: partition.metadata

    @Test func `partition metadata begins with Kafka's two lines and survives the round trip`() {
        for epochs in [nil, LeaderEpochs(), Self.epochs] {
            let metadata = PartitionMetadata(topicID: Self.id, epochs: epochs)
            let bytes = metadata.encoded(folder: "t-0")
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasPrefix("version: 0\ntopic_id: AAAAAAAAAAEAAAAAAAAAAg\n"))
            let read = PartitionMetadata(decoding: bytes, folder: "t-0")
            #expect(read?.topicID == Self.id)
            #expect(read?.epochs == epochs)
            #expect(read?.isChecked == true)
        }
    }

    @Test func `what Kafka wrote is taken without a checksum`() {
        let bytes = Array("version: 0\ntopic_id: AAAAAAAAAAEAAAAAAAAAAg".utf8)
        let metadata = PartitionMetadata(decoding: bytes, folder: "t-0")
        #expect(metadata == PartitionMetadata(topicID: Self.id))
        #expect(metadata?.isChecked == false)
        let other = TopicID(high: 9, low: 9)
        #expect(PartitionMetadata.ownership(of: "t-0", bytes, for: other) == .foreign(Self.id))
    }

    @Test(arguments: [nil, Self.epochs] as [LeaderEpochs?])
    func `no flipped bit makes a folder foreign`(epochs: LeaderEpochs?) {
        let bytes = PartitionMetadata(topicID: Self.id, epochs: epochs).encoded(folder: "t-0")
        for bit in 0..<(bytes.count * 8) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            let ownership = PartitionMetadata.ownership(of: "t-0", damaged, for: Self.id)
            #expect(ownership == .damaged, "bit \(bit): \(ownership)")
            // And nobody else's.
            #expect(PartitionMetadata.ownership(of: "t-0", damaged, for: TopicID(high: 9, low: 9)) == .unknown)
        }
    }

    @Test func `a file that was cut belongs to the topic as long as it names it`() {
        let bytes = PartitionMetadata(topicID: Self.id, epochs: Self.epochs).encoded(folder: "t-0")
        let named = "version: 0\ntopic_id: AAAAAAAAAAEAAAAAAAAAAg".utf8.count
        for count in 0..<bytes.count {
            let ownership = PartitionMetadata.ownership(of: "t-0", Array(bytes[..<count]), for: Self.id)
            switch ownership {
            case .own(let metadata):
                // Without its last line's end it is whole; with Kafka's two lines alone nothing vouches for it.
                if metadata.isChecked {
                    #expect(count == bytes.count - 1)
                } else {
                    #expect(count == named || count == named + 1)
                    #expect(metadata == PartitionMetadata(topicID: Self.id))
                }
            case .damaged: #expect(count > named + 1)
            case .unknown: #expect(count < named)
            case .foreign: Issue.record("cut to \(count) bytes it is foreign")
            }
        }
    }

    @Test func `the file of another partition is not believed`() {
        let other = PartitionMetadata(topicID: TopicID(high: 5, low: 5)).encoded(folder: "u-0")
        #expect(PartitionMetadata.ownership(of: "t-0", other, for: Self.id) == .unknown)
        #expect(PartitionMetadata.ownership(of: "t-0", nil, for: Self.id) == .unknown)
        let moved = PartitionMetadata(topicID: TopicID(high: 5, low: 5)).encoded(folder: "t-0")
        #expect(PartitionMetadata.ownership(of: "t-0", moved, for: Self.id) == .foreign(TopicID(high: 5, low: 5)))
    }

    // MARK: Checked copies

    private static let offsets = OffsetCheckpoint([
        .init(topic: "a", partition: 0): 70, .init(topic: "b", partition: 1): 9,
    ])
    private static let older = OffsetCheckpoint([.init(topic: "a", partition: 0): 60])

    private static func copy(_ offsets: OffsetCheckpoint, of name: String = "c") -> [UInt8] {
        CheckedCopy.encode(offsets.encoded(), of: name)
    }

    @Test func `a copy that changed anywhere is not believed`() {
        let bytes = Self.copy(Self.offsets)
        #expect(CheckedCopy.decode(bytes, of: "c") == Self.offsets.encoded())
        #expect(CheckedCopy.decode(bytes, of: "d") == nil)
        for bit in 0..<(bytes.count * 8) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            let decoded = CheckedCopy.decode(damaged, of: "c")
            // Digits of the checksum and the line ends read the same in more than one way; the contents never do.
            #expect(decoded == nil || decoded == Self.offsets.encoded(), "bit \(bit)")
        }
        for count in 0..<bytes.count { #expect(CheckedCopy.decode(Array(bytes[..<count]), of: "c") == nil) }
    }

    @Test func `a checkpoint is read from whichever of its files is sound`() {
        let sound = Self.offsets.encoded()
        let broken = Array("0\n2\na 0 70\n".utf8)
        func read(_ file: [UInt8]?, _ copy: [UInt8]?) -> OffsetCheckpoint.Reading {
            OffsetCheckpoint.read("c", file: file, copy: copy)
        }
        #expect(read(nil, nil) == .missing)
        #expect(read(sound, Self.copy(Self.offsets)) == .sound(Self.offsets))
        #expect(read(sound, nil) == .unchecked(Self.offsets))
        #expect(read(broken, nil) == .lost)
        #expect(read(broken, [1]) == .lost)
        #expect(read(nil, [1]) == .lost)
        let noFile = OffsetCheckpoint.Reading.Flaw(file: "c", reason: "the file is missing")
        #expect(read(nil, Self.copy(Self.offsets)) == .mended(Self.offsets, noFile))
        let differs = OffsetCheckpoint.Reading.Flaw(file: "c", reason: "the file differs from its checked copy")
        #expect(read(broken, Self.copy(Self.offsets)) == .mended(Self.offsets, differs))
        // A digit that changed, or a crash between the two files.
        #expect(read(Self.older.encoded(), Self.copy(Self.offsets)) == .mended(Self.offsets, differs))
        let noCopy = OffsetCheckpoint.Reading.Flaw(file: "c.checked", reason: "the copy fails its checksum")
        #expect(read(sound, [1]) == .mended(Self.offsets, noCopy))
        #expect(read(sound, Self.copy(Self.offsets, of: "d")) == .mended(Self.offsets, noCopy))
    }
}
