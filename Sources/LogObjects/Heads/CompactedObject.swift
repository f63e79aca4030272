package import Model
package import NIOCore
internal import RecordBatch

/// An object that a checkpoint or a merge wrote: extents of one or many partitions, sorted, and other sections.
///
/// | bytes | |
/// | --- | --- |
/// | 8 | `MLRCOBJ1` |
/// | 4, 8, 8 | broker, incarnation, number: its name |
/// | 4 | CRC-32C of those before |
/// | … | sections: batches, each extent followed by its detail; indexes; what is known of producers |
/// | … | footer: the topics (count, 16 bytes each), then the sections (count, then for each: topic, partition, |
/// | | kind (0 extent, 1 index, 2 producers), and `Extent`, `IndexReference` or `ObjectSection`) |
/// | 8, 4, 4 | position, length and CRC-32C of the footer |
/// | 8 | size of the object |
/// | 8 | `MLRCEND1` |
///
/// Numbers of fixed size are big-endian. The footer makes a bucket readable without etcd; readers who know an extent do
/// not need it.
package enum CompactedObject {
    static let magic = Array("MLRCOBJ1".utf8)
    package static let headerBytes = ObjectFrame.headerBytes
    package static let trailerBytes = ObjectFrame.trailerBytes

    package enum Content: Sendable, Equatable {
        case extent(Extent)
        case index(IndexReference)
        case producers(ObjectSection)

        package var section: ObjectSection {
            switch self {
            case .extent(let extent): extent.section
            case .index(let reference): reference.section
            case .producers(let section): section
            }
        }
    }

    /// One section, and the partition that it is of.
    package struct Entry: Sendable, Equatable {
        package var partition: TopicPartition
        package var content: Content

        package init(partition: TopicPartition, content: Content) {
            self.partition = partition
            self.content = content
        }
    }

    static func footer(_ entries: [Entry]) -> ByteBuffer {
        var buffer = ByteBuffer()
        let topics = TopicColumn(entries.lazy.map(\.partition.topicID))
        topics.write(to: &buffer)
        buffer.writeNumber(entries.count)
        for entry in entries {
            buffer.writeNumber(topics.index(of: entry.partition.topicID))
            buffer.writeNumber(entry.partition.partition)
            switch entry.content {
            case .extent(let extent):
                buffer.writeInteger(UInt8(0))
                extent.write(to: &buffer)
            case .index(let reference):
                buffer.writeInteger(UInt8(1))
                reference.write(to: &buffer)
            case .producers(let section):
                buffer.writeInteger(UInt8(2))
                buffer.writeInteger(UInt8(section.isShared ? 1 : 0))
                section.write(to: &buffer)
            }
        }
        return buffer
    }

    /// Where the footer of an object is.
    ///
    /// - Parameters:
    ///   - trailer: its last `trailerBytes`.
    ///   - size: of the object.
    package static func footerRange(_ trailer: ByteBuffer, size: Int) throws(ObjectCodingError) -> Range<Int> {
        try ObjectFrame.readTrailer(trailer, size: size).footer
    }

    /// What an object has, by its footer and trailer.
    ///
    /// - Parameter end: the bytes from `footerRange` to the end of the object.
    package static func entries(_ end: ByteBuffer, size: Int) throws(ObjectCodingError) -> [Entry] {
        guard end.readableBytes >= Self.trailerBytes else { throw .truncated }
        var buffer = end
        guard var footer = buffer.readSlice(length: end.readableBytes - Self.trailerBytes) else { throw .truncated }
        let (range, checksum) = try ObjectFrame.readTrailer(buffer, size: size)
        guard range.count == footer.readableBytes,
            checksum == footer.withUnsafeReadableBytes({ CRC32C.checksum($0) })
        else { throw .damaged("The footer of an object fails its checksum.") }
        let topics = try TopicColumn.read(from: &footer)
        var entries: [Entry] = []
        for _ in 0..<(try footer.readCount(bytesEach: 12)) {
            let topic = try footer.readNumber(as: Int.self)
            guard topic < topics.count else { throw .damaged("A section is of a topic that is not in the table.") }
            let partition = TopicPartition(topicID: topics[topic], partition: try footer.readNumber(as: Int32.self))
            let content = try Self.content(&footer)
            guard content.section.position >= Self.headerBytes, content.section.end <= range.lowerBound else {
                throw .damaged("A section lies outside of its object.")
            }
            entries.append(Entry(partition: partition, content: content))
        }
        guard footer.readableBytes == 0 else { throw .damaged("A footer has bytes behind its end.") }
        return entries
    }

    private static func content(_ footer: inout ByteBuffer) throws(ObjectCodingError) -> Content {
        switch try footer.readFixed(as: UInt8.self) {
        case 0: return .extent(try Extent(from: &footer))
        case 1: return .index(try IndexReference(from: &footer))
        case 2:
            let isShared = try footer.readFlag()
            return .producers(try ObjectSection(from: &footer, isShared: isShared))
        default: throw .damaged("A section is of a kind that is not known.")
        }
    }

    /// Everything of a whole object; every checksum is verified. For audits, and where etcd is lost.
    package static func inspect(
        _ object: ByteBuffer
    ) throws(ObjectCodingError) -> (name: CompactedObjectName, entries: [Entry]) {
        let size = object.readableBytes
        let (writer, number) = try ObjectFrame.readHeader(Self.magic, of: object)
        let name = CompactedObjectName(writer: writer, number: number)
        let start = object.readerIndex
        var trailer = object
        trailer.moveReaderIndex(to: object.writerIndex - Self.trailerBytes)
        let range = try Self.footerRange(trailer, size: size)
        var end = object
        end.moveReaderIndex(forwardBy: range.lowerBound)
        let entries = try Self.entries(end, size: size)
        for entry in entries {
            let section = entry.content.section
            guard section.object == name,
                let bytes = object.getSlice(at: start + section.position, length: section.length)
            else { throw .damaged("A section of an object is of another one.") }
            _ = try section.verified(bytes)
            if case .extent(let extent) = entry.content, extent.detailLength > 0 {
                guard let detail = object.getSlice(at: start + section.end, length: extent.detailLength) else {
                    throw .truncated
                }
                _ = try ExtentDetail(decoding: detail, of: extent)
            }
        }
        return (name, entries)
    }
}
