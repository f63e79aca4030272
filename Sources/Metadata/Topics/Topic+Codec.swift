internal import Model

/// The value of `t/<name>`.
///
/// ```
/// byte 0         format, 1. A reader refuses a higher one; it changes only when old readers must not read on.
/// then fields:   tag (varint) | length (varint) | bytes. Tags ascend. Unknown tags are kept and written back.
///
/// tag  field
///  1   id                 16 bytes, big-endian
///  2   createdAt          zigzag varint, ms
///  3   origin             1 byte: 0 kafka, 1 kinesis
///  4   isWrittenByKafka   1 byte: 0, 1
///  5   partitions         count | runs until `count` are covered: run length | length | leaderEpoch, flags (1: sealed)
///  6   configs            count | (text, text)…        text = length | UTF-8
///  7   routing            1 byte: 0 kafka, 1 md5
///  8   streamMode         1 byte: 0 on demand, 1 provisioned
///  9   tags               as configs
/// 10   attributes         as configs
/// 11   shards             count | (length | shard)…
/// 12   nextShardOrdinal   varint
///
/// shard: ordinal | partition | startOffset | createdSecond | flags | lower (16) | upper (16)
///        | endOffset, closedAt (zigzag)  when flags & 1
///        | parent                        when flags & 2
///        | adjacentParent                when flags & 4
/// ```
/// Numbers are unsigned varints unless said otherwise. Records of partitions and shards carry their length, so that
/// later versions can append to them. The name is in the key.
extension Topic {
    private static let format: UInt8 = 1

    private enum Tag {
        static let id: UInt64 = 1
        static let createdAt: UInt64 = 2
        static let origin: UInt64 = 3
        static let isWrittenByKafka: UInt64 = 4
        static let partitions: UInt64 = 5
        static let configs: UInt64 = 6
        static let routing: UInt64 = 7
        static let streamMode: UInt64 = 8
        static let tags: UInt64 = 9
        static let attributes: UInt64 = 10
        static let shards: UInt64 = 11
        static let nextShardOrdinal: UInt64 = 12
    }

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(Self.format)
        writer.field(Tag.id) {
            $0.fixed64(self.id.high)
            $0.fixed64(self.id.low)
        }
        writer.field(Tag.createdAt) { $0.signed(self.createdAt) }
        writer.field(Tag.origin) { $0.byte(self.origin.rawValue) }
        writer.field(Tag.isWrittenByKafka) { $0.byte(self.isWrittenByKafka ? 1 : 0) }
        writer.field(Tag.partitions) { Self.write(self.partitions, to: &$0) }
        writer.field(Tag.configs) { $0.map(self.configs) }
        writer.field(Tag.routing) { $0.byte(self.routing.rawValue) }
        writer.field(Tag.streamMode) { $0.byte(self.streamMode.rawValue) }
        writer.field(Tag.tags) { $0.map(self.tags) }
        writer.field(Tag.attributes) { $0.map(self.attributes) }
        writer.field(Tag.shards) { writer in
            writer.number(UInt64(self.shards.count))
            for shard in self.shards {
                writer.sized { Self.write(shard, to: &$0) }
            }
        }
        writer.field(Tag.nextShardOrdinal) { $0.number(UInt64(UInt32(bitPattern: self.nextShardOrdinal))) }
        writer.raw(self.unknownFields)
        return writer.bytes
    }

    /// Reads a stored entry. Throws `.corrupt`, or `.newerFormat` for a format that this software does not know.
    package static func decode(_ entry: MetadataEntry) throws(MetadataError) -> Topic {
        guard let name = MetadataKeys.topicName(of: entry.key) else {
            throw MetadataError(.corrupt, "The key \(entry.key) names no topic.")
        }
        do {
            return try Self.decode(entry.value, name: name, modRevision: entry.modRevision)
        } catch {
            throw MetadataError(error.code, "Metadata of topic \(name): \(error.message)")
        }
    }

    /// Reads the bytes of a value. Throws as `decode(_:)`; never traps, also on hostile bytes.
    package static func decode(
        _ bytes: [UInt8],
        name: String,
        modRevision: MetadataRevision
    ) throws(MetadataError) -> Topic {
        var reader = FieldReader(bytes[...])
        let format = try reader.byte()
        guard format == Self.format else {
            if format > Self.format {
                throw MetadataError(.newerFormat, "It has format \(format); this version reads up to \(Self.format).")
            }
            throw MetadataError(.corrupt, "It has format \(format).")
        }
        var topic = Topic(
            name: name,
            id: .zero,
            createdAt: 0,
            origin: .kafka,
            partitions: [],
            routing: .kafka,
            streamMode: .onDemand,
            shards: [],
            modRevision: modRevision
        )
        var seen: Set<UInt64> = []
        while !reader.isAtEnd {
            let start = reader.position
            let tag = try reader.number()
            var field = try reader.sized()
            guard seen.insert(tag).inserted else { throw MetadataError(.corrupt, "Field \(tag) is there twice.") }
            if try !topic.read(tag, from: &field) {
                topic.unknownFields += reader.slice(from: start)
            }
        }
        for tag in [Tag.id, Tag.partitions, Tag.shards, Tag.nextShardOrdinal] where !seen.contains(tag) {
            throw MetadataError(.corrupt, "Field \(tag) is missing.")
        }
        if let violation = topic.invariantViolation {
            throw MetadataError(.corrupt, "It is damaged: \(violation).")
        }
        return topic
    }

    /// Whether the tag is known.
    private mutating func read(_ tag: UInt64, from field: inout FieldReader) throws(MetadataError) -> Bool {
        switch tag {
        case Tag.id:
            let high = try field.fixed64()
            self.id = TopicID(high: high, low: try field.fixed64())
        case Tag.createdAt: self.createdAt = try field.signed()
        case Tag.origin: self.origin = try Self.choice(&field)
        case Tag.isWrittenByKafka: self.isWrittenByKafka = try field.byte() != 0
        case Tag.partitions: self.partitions = try Self.readPartitions(&field)
        case Tag.configs: self.configs = try field.map()
        case Tag.routing: self.routing = try Self.choice(&field)
        case Tag.streamMode: self.streamMode = try Self.choice(&field)
        case Tag.tags: self.tags = try field.map()
        case Tag.attributes: self.attributes = try field.map()
        case Tag.shards: self.shards = try Self.readShards(&field)
        case Tag.nextShardOrdinal: self.nextShardOrdinal = try field.number(as: Int32.self)
        default: return false
        }
        return true
    }

    private static func choice<Value: RawRepresentable<UInt8>>(
        _ field: inout FieldReader
    ) throws(MetadataError) -> Value {
        let raw = try field.byte()
        guard let value = Value(rawValue: raw) else {
            throw MetadataError(.corrupt, "\(Value.self) \(raw) is not known.")
        }
        return value
    }

    private static func write(_ partitions: [Partition], to writer: inout FieldWriter) {
        writer.number(UInt64(partitions.count))
        var index = 0
        while index < partitions.count {
            let partition = partitions[index]
            let run = partitions[index...].prefix { $0 == partition }.count
            writer.number(UInt64(run))
            writer.sized {
                $0.number(UInt64(UInt32(bitPattern: partition.leaderEpoch.rawValue)))
                $0.number(partition.isSealed ? 1 : 0)
            }
            index += run
        }
    }

    private static func readPartitions(_ field: inout FieldReader) throws(MetadataError) -> [Partition] {
        let count = try field.number(as: Int.self)
        // Runs are short for their count, so the bytes do not bound it: the limit of a topic does.
        guard count <= Self.partitionsMax else { throw MetadataError(.corrupt, "It has \(count) partitions.") }
        var partitions: [Partition] = []
        while partitions.count < count {
            let run = try field.number(as: Int.self)
            guard run > 0, run <= count - partitions.count else {
                throw MetadataError(.corrupt, "The runs of partitions do not add up.")
            }
            var record = try field.sized()
            let epoch = LeaderEpoch(try record.number(as: Int32.self))
            let flags = try record.number()
            partitions += repeatElement(Partition(leaderEpoch: epoch, isSealed: flags & 1 != 0), count: run)
        }
        return partitions
    }

    private static func write(_ shard: Shard, to writer: inout FieldWriter) {
        writer.number(UInt64(UInt32(bitPattern: shard.ordinal)))
        writer.number(UInt64(UInt32(bitPattern: shard.partition)))
        writer.number(UInt64(bitPattern: shard.startOffset))
        writer.number(UInt64(bitPattern: shard.createdSecond))
        writer.number(
            (shard.isOpen ? 0 : 1) | (shard.parent == nil ? 0 : 2) | (shard.adjacentParent == nil ? 0 : 4)
        )
        writer.fixed128(shard.hashRange.lower)
        writer.fixed128(shard.hashRange.upper)
        if let endOffset = shard.endOffset {
            writer.number(UInt64(bitPattern: endOffset))
            writer.signed(shard.closedAt ?? 0)
        }
        for parent in [shard.parent, shard.adjacentParent] {
            if let parent { writer.number(UInt64(UInt32(bitPattern: parent))) }
        }
    }

    private static func readShards(_ field: inout FieldReader) throws(MetadataError) -> [Shard] {
        let count = try field.number(as: Int.self)
        // A shard has 38 bytes or more.
        guard count <= field.remaining / 38 else { throw FieldReader.truncated }
        var shards: [Shard] = []
        shards.reserveCapacity(count)
        for _ in 0..<count {
            var record = try field.sized()
            shards.append(try Self.readShard(&record))
        }
        return shards
    }

    private static func readShard(_ record: inout FieldReader) throws(MetadataError) -> Shard {
        let ordinal = try record.number(as: Int32.self)
        let partition = try record.number(as: Int32.self)
        let startOffset = try record.number(as: Int64.self)
        let createdSecond = try record.number(as: Int64.self)
        let flags = try record.number()
        let lower = try record.fixed128()
        let upper = try record.fixed128()
        guard lower <= upper else { throw MetadataError(.corrupt, "A hash range ends before it begins.") }
        var shard = Shard(
            ordinal: ordinal,
            partition: partition,
            startOffset: startOffset,
            createdSecond: createdSecond,
            hashRange: HashRange(lower: lower, upper: upper)
        )
        if flags & 1 != 0 {
            shard.endOffset = try record.number(as: Int64.self)
            shard.closedAt = try record.signed()
        }
        if flags & 2 != 0 { shard.parent = try record.number(as: Int32.self) }
        if flags & 4 != 0 { shard.adjacentParent = try record.number(as: Int32.self) }
        return shard
    }
}
