package import Metadata
package import Model
internal import NIOCore

/// Objects that nothing refers to any more, and when they may be deleted: the value of a key `gc/`.
///
/// Filed in the transaction that removes the last reference. Readers that looked before may still read them for
/// `graceMilliseconds`; a read that comes too late finds nothing, and looks again where its records are.
///
/// | part | |
/// | --- | --- |
/// | format | 1 byte, 1 |
/// | due | milliseconds since 1970, zigzag |
/// | passes left | 1 byte |
/// | attempts | count, then 1 byte for each of flushes one after the other (`GarbageName.flushes` only): bit 0 is |
/// | | attempt 0 |
/// | checksum | CRC-32C, 4 bytes |
package struct DeletionIntent: Hashable, Sendable {
    private static let format: UInt8 = 1
    package static let graceMilliseconds: Int64 = 10 * 60 * 1_000
    /// Between the first deletion and the second: a write that its sender gave up on may arrive in between.
    package static let repetitionMilliseconds: Int64 = 60 * 60 * 1_000

    /// When to delete, by a clock that need not be right: nothing but readers' convenience hangs on it.
    package var due: Timestamp
    /// Deletions that are left, one or two.
    package var passes: UInt8
    /// Of each flush the attempts whose objects are deleted, as bits.
    package var attempts: [UInt8]
    /// All names of a flush.
    package static let allAttempts = UInt8(1 << FlushObjectName.attemptsMax - 1)

    package init(due: Timestamp, passes: UInt8, attempts: [UInt8] = []) {
        self.due = due
        self.passes = passes
        self.attempts = attempts
    }

    /// Of objects that were readable until `now`.
    package static func afterGrace(now: Timestamp, attempts: [UInt8] = []) -> DeletionIntent {
        DeletionIntent(due: now + Self.graceMilliseconds, passes: 1, attempts: attempts)
    }

    /// Of objects that nobody ever could read, whose writes may still be on their way.
    package static func unfinished(now: Timestamp, attempts: [UInt8] = []) -> DeletionIntent {
        DeletionIntent(due: now, passes: 2, attempts: attempts)
    }

    package func encoded() -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        buffer.writeSigned(self.due)
        buffer.writeInteger(self.passes)
        buffer.writeNumber(self.attempts.count)
        buffer.writeBytes(self.attempts)
        return StoredValue.sealed(buffer)
    }

    package init(decoding bytes: [UInt8]) throws(ObjectCodingError) {
        var buffer = try StoredValue.opened(bytes, format: Self.format, "A deletion intent")
        self.due = try buffer.readSigned(as: Int64.self)
        self.passes = try buffer.readFixed(as: UInt8.self)
        let count = try buffer.readCount(bytesEach: 1)
        guard let attempts = buffer.readBytes(length: count), buffer.readableBytes == 0, self.passes > 0,
            attempts.allSatisfy({ $0 & ~Self.allAttempts == 0 })
        else { throw .damaged("A deletion intent contradicts itself.") }
        self.attempts = attempts
    }
}

/// What a deletion intent is about: a compacted object, or the objects of flushes one after the other.
package enum GarbageName: Hashable, Sendable {
    case compacted(CompactedObjectName)
    /// From this sequence on, as many as the intent has attempts.
    case flushes(Incarnation, first: Int64)
    /// The same, of names that never were part of the log.
    case uncommitted(Incarnation, first: Int64)

    package var writer: Incarnation {
        switch self {
        case .compacted(let name): name.writer
        case .flushes(let writer, _), .uncommitted(let writer, _): writer
        }
    }

    /// Before all of them.
    package static let prefix = MetadataKey("gc/")

    package var key: MetadataKey {
        let (kind, number): (UInt8, Int64) =
            switch self {
            case .compacted(let name): (0, name.number)
            case .flushes(_, let first): (1, first)
            case .uncommitted(_, let first): (2, first)
            }
        return MetadataKey(
            bytes: Self.prefix.bytes + EngineKeys.bytes(self.writer) + [kind] + EngineKeys.bytes(number)
        )
    }

    /// Reads a key; `nil` for another one.
    package init?(_ key: MetadataKey) {
        let prefix = Self.prefix.bytes.count
        guard key.hasPrefix(Self.prefix), key.bytes.count == prefix + 21,
            let writer = EngineKeys.incarnation(key.bytes[prefix..<prefix + 12]),
            let number = Int64(exactly: EngineKeys.number(key.bytes[(prefix + 13)...]))
        else { return nil }
        switch key.bytes[prefix + 12] {
        case 0: self = .compacted(CompactedObjectName(writer: writer, number: number))
        case 1: self = .flushes(writer, first: number)
        case 2: self = .uncommitted(writer, first: number)
        default: return nil
        }
    }

    /// The names of the objects that an intent is about.
    package func names(_ intent: DeletionIntent) -> [String] {
        switch self {
        case .compacted(let name): return ["\(name)"]
        case .flushes(let writer, let first), .uncommitted(let writer, let first):
            return intent.attempts.enumerated().flatMap { index, attempts in
                (0..<FlushObjectName.attemptsMax)
                    .filter { attempts & 1 << UInt8($0) != 0 }
                    .map { "\(FlushObjectName(writer: writer, sequence: first + Int64(index), attempt: $0))" }
            }
        }
    }

    /// Files the intent.
    package func put(_ intent: DeletionIntent) -> MetadataOperation {
        .put(key: self.key, value: intent.encoded())
    }
}
