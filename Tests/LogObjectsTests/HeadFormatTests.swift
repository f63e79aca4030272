import LogCore
import Metadata
import Model
import NIOCore
import RecordBatch
import Testing

@testable import LogObjects

@Suite struct HeadFormatTests {
    private let object = CompactedObjectName(writer: writer, number: 300)

    private func extent(_ range: Range<Offset>, shared: Bool = true, aborted: Bool = false) -> Extent {
        Extent(
            section: ObjectSection(
                object: self.object,
                position: 32,
                length: 1_000,
                checksum: 0xDEAD_BEEF,
                isShared: shared
            ),
            detailLength: aborted ? 90 : 0,
            baseOffset: range.lowerBound,
            endOffset: range.upperBound,
            maxTimestamp: 5,
            isCompacted: !shared,
            hasAborted: aborted
        )
    }

    private func head() -> PartitionHead {
        PartitionHead(
            logStart: 120,
            indexedEnd: 400,
            cleanedEnd: 200,
            leaderEpochs: LeaderEpochs([
                .init(epoch: LeaderEpoch(1), startOffset: 0), .init(epoch: LeaderEpoch(3), startOffset: 200),
            ]),
            index: IndexReference(
                section: ObjectSection(
                    object: CompactedObjectName(writer: writer, number: 1),
                    position: 40,
                    length: 50,
                    checksum: 1,
                    isShared: false
                ),
                isRoot: true,
                baseOffset: 100,
                endOffset: 300,
                extentCount: 9,
                dataBytes: 9_000,
                maxTimestamp: -1
            ),
            extents: [self.extent(300..<340, shared: false), self.extent(340..<400, aborted: true)],
            producers: ObjectSection(object: self.object, position: 2_000, length: 60, checksum: 2, isShared: true)
        )
    }

    @Test func `a head has these bytes, and is read back`() throws {
        let head = self.head()
        let bytes = head.encoded()
        let expected: [UInt8] = [
            1, 120, 0x90, 3, 0x90, 3,
            2, 1, 0, 3, 0xC8, 1,
            1, 2, 7, 0xAB, 1, 1, 40, 50, 0, 0, 0, 1, 100, 0xC8, 1, 9, 0xA8, 0x46, 1,
            2,
            2, 7, 0xAB, 1, 0xAC, 2, 32, 0xE8, 7, 0xDE, 0xAD, 0xBE, 0xEF, 0, 0xAC, 2, 40, 10,
            5, 7, 0xAB, 1, 0xAC, 2, 32, 0xE8, 7, 0xDE, 0xAD, 0xBE, 0xEF, 90, 0xD4, 2, 60, 10,
            1, 1, 7, 0xAB, 1, 0xAC, 2, 0xD0, 0x0F, 60, 0, 0, 0, 2,
        ]
        #expect(Array(bytes.dropLast(4)) == expected)
        #expect(try PartitionHead(decoding: bytes) == head)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(throws: ObjectCodingError.self) { try PartitionHead(decoding: damaged) }
            #expect(throws: ObjectCodingError.self) { try PartitionHead(decoding: Array(bytes[..<index])) }
        }
        #expect(head.coveredStart == 100 && head.dataBytes == 11_000)
        #expect(Set(head.sections.map(\.object.number)) == [1, 300])
    }

    @Test func `the head of an empty partition is twelve bytes`() throws {
        let bytes = PartitionHead().encoded()
        #expect(bytes.count == 12)
        #expect(try PartitionHead(decoding: bytes) == PartitionHead())
    }

    @Test func `any bytes with a right checksum are read or refused, never trapped`() throws {
        let bytes = self.head().encoded().dropLast(4)
        for index in bytes.indices {
            for value in [UInt8(0), 1, 2, 0x7F, 0x80, 0xFF] {
                var changed = Array(bytes)
                changed[index] = value
                var buffer = ByteBuffer(bytes: changed)
                buffer.writeInteger(buffer.withUnsafeReadableBytes { CRC32C.checksum($0) })
                if let head = try? PartitionHead(decoding: Array(buffer.readableBytesView)) {
                    #expect(head.problem == nil)
                }
            }
        }
    }

    @Test func `a head that contradicts itself is refused`() {
        var head = self.head()
        head.extents.removeFirst()
        #expect(head.problem != nil)
        head = self.head()
        head.indexedEnd = 401
        #expect(head.problem != nil)
        head = self.head()
        head.logStart = 99
        #expect(head.problem != nil)
        head = self.head()
        head.extents = Array(repeating: head.extents[0], count: 9)
        #expect(head.problem != nil)
        #expect(throws: ObjectCodingError.self) { try PartitionHead(decoding: head.encoded()) }
        // Records were deleted that no checkpoint reached.
        #expect(PartitionHead(logStart: 70, indexedEnd: 50).problem == nil)
        #expect(PartitionHead(logStart: 40, indexedEnd: 50).problem != nil)
    }

    @Test func `only so many leader epochs are kept`() throws {
        let epochs = (0..<70).map { LeaderEpochs.Entry(epoch: LeaderEpoch($0), startOffset: Offset($0)) }
        let head = PartitionHead(logStart: 90, indexedEnd: 80, leaderEpochs: LeaderEpochs(epochs))
        #expect(try PartitionHead(decoding: head.encoded()).leaderEpochs.entries == Array(epochs.dropFirst(6)))
    }

    @Test func `keys are read back, and others are not`() {
        let partition = TopicPartition(topicID: topicA, partition: 258)
        let key = EngineKeys.head(partition)
        #expect(key.bytes == Array("p/".utf8) + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 2])
        #expect(EngineKeys.partition(ofHead: key) == partition)
        #expect(EngineKeys.partition(ofHead: MetadataKey("pid")) == nil)
        #expect(EngineKeys.partition(ofHead: key.successor) == nil)
        #expect(EngineKeys.object(of: EngineKeys.object(self.object)) == self.object)
        #expect(EngineKeys.object(of: EngineKeys.objects(of: writer)) == nil)
        #expect(EngineKeys.incarnation(of: EngineKeys.ownership(writer)) == writer)
        #expect(EngineKeys.incarnation(of: EngineKeys.commits(writer)) == nil)
    }

    @Test(arguments: ["o/7-ab/000000000000012c", "o/0-0/7fffffffffffffff"])
    func `names are read back`(text: String) throws {
        #expect(try #require(CompactedObjectName(text)).description == text)
    }

    @Test(
        arguments: [
            "", "o", "o/7-ab", "w/7-ab/000000000000012c", "o/7-ab/12c", "o/7-ab/000000000000012C",
            "o/7-ab/000000000000012c/", "o/+7-ab/000000000000012c", "o/7-AB/000000000000012c",
            "o/7-ab/8000000000000000",
        ]
    )
    func `what is not a name is refused`(text: String) {
        #expect(CompactedObjectName(text) == nil)
    }

    @Test func `a section shows damage`() throws {
        let bytes = ByteBuffer(string: "abc")
        let section = ObjectSection(
            object: self.object,
            position: 0,
            length: 3,
            checksum: bytes.withUnsafeReadableBytes { CRC32C.checksum($0) },
            isShared: false
        )
        #expect(try section.verified(bytes) == bytes)
        #expect(throws: ObjectCodingError.self) { try section.verified(ByteBuffer(string: "abd")) }
        #expect(throws: ObjectCodingError.self) { try section.verified(ByteBuffer(string: "ab")) }
    }
}
