/// Everything that a metadata store holds at one revision.
package struct MetadataContents: Sendable, Equatable {
    package var revision: MetadataRevision
    /// In key order.
    package var entries: [MetadataEntry]
    /// Granted sessions and their time to live in milliseconds, by ID.
    package var sessions: [MetadataSessionID: Int64]
    /// The largest session ID that was ever granted, so that none is granted twice.
    package var lastSessionID: Int64

    package init(
        revision: MetadataRevision,
        entries: [MetadataEntry],
        sessions: [MetadataSessionID: Int64] = [:],
        lastSessionID: Int64 = 0
    ) {
        self.revision = revision
        self.entries = entries
        self.sessions = sessions
        self.lastSessionID = lastSessionID
    }
}

/// One record of the mirror: the second copy of the metadata, a snapshot followed by the changes since.
///
/// | kind | fields |
/// | --- | --- |
/// | 1 snapshot | revision, last session ID, sessions (count; ID, milliseconds), entries (count; entry) |
/// | 2 change | revision, events (count; 1 entry or 2 key), ended session (0: none) |
/// | 3 session | ID, milliseconds |
///
/// An entry is key, value, create revision, mod revision, version, session (0: none). Numbers are LEB128, zigzag where
/// they may be negative; keys and values are a length and bytes.
package enum MirrorRecord: Sendable, Equatable {
    case snapshot(MetadataContents)
    /// - Parameter ended: the session whose end made the change.
    case change(MetadataRevision, [MetadataEvent], ended: MetadataSessionID?)
    case sessionOpened(MetadataSessionID, milliseconds: Int64)

    private enum Kind {
        static let snapshot: UInt8 = 1
        static let change: UInt8 = 2
        static let sessionOpened: UInt8 = 3
    }

    private enum EventKind {
        static let put: UInt8 = 1
        static let deleted: UInt8 = 2
    }

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        switch self {
        case .snapshot(let contents):
            writer.byte(Kind.snapshot)
            writer.signed(contents.revision)
            writer.signed(contents.lastSessionID)
            writer.number(UInt64(contents.sessions.count))
            for (id, milliseconds) in contents.sessions.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                writer.signed(id.rawValue)
                writer.signed(milliseconds)
            }
            writer.number(UInt64(contents.entries.count))
            for entry in contents.entries { Self.write(entry, to: &writer) }
        case .change(let revision, let events, let ended):
            writer.byte(Kind.change)
            writer.signed(revision)
            writer.number(UInt64(events.count))
            for event in events {
                switch event {
                case .put(let entry):
                    writer.byte(EventKind.put)
                    Self.write(entry, to: &writer)
                case .deleted(let key, _):
                    writer.byte(EventKind.deleted)
                    Self.write(key.bytes, to: &writer)
                }
            }
            writer.signed(ended?.rawValue ?? 0)
        case .sessionOpened(let id, let milliseconds):
            writer.byte(Kind.sessionOpened)
            writer.signed(id.rawValue)
            writer.signed(milliseconds)
        }
        return writer.bytes
    }

    /// - Throws: `.corrupt` when the bytes are not one whole record.
    package init(decoding bytes: ArraySlice<UInt8>) throws(MetadataError) {
        var reader = FieldReader(bytes)
        switch try reader.byte() {
        case Kind.snapshot: self = .snapshot(try Self.contents(&reader))
        case Kind.change: self = try Self.change(&reader)
        case Kind.sessionOpened:
            self = .sessionOpened(MetadataSessionID(try reader.signed()), milliseconds: try reader.signed())
        default: throw MetadataError(.corrupt, "A record of the metadata's copy has an unknown kind.")
        }
        guard reader.isAtEnd else {
            throw MetadataError(.corrupt, "A record of the metadata's copy is longer than what it says.")
        }
    }

    private static func contents(_ reader: inout FieldReader) throws(MetadataError) -> MetadataContents {
        var contents = MetadataContents(
            revision: try reader.signed(),
            entries: [],
            lastSessionID: try reader.signed()
        )
        for _ in 0..<(try Self.count(&reader)) {
            contents.sessions[MetadataSessionID(try reader.signed())] = try reader.signed()
        }
        let entryCount = try Self.count(&reader)
        contents.entries.reserveCapacity(entryCount)
        for _ in 0..<entryCount { contents.entries.append(try Self.entry(&reader)) }
        return contents
    }

    private static func change(_ reader: inout FieldReader) throws(MetadataError) -> MirrorRecord {
        let revision = try reader.signed()
        var events: [MetadataEvent] = []
        for _ in 0..<(try Self.count(&reader)) {
            switch try reader.byte() {
            case EventKind.put: events.append(.put(try Self.entry(&reader)))
            case EventKind.deleted:
                events.append(.deleted(key: MetadataKey(bytes: try Self.bytes(&reader)), revision: revision))
            default: throw MetadataError(.corrupt, "A change in the metadata's copy has an unknown kind.")
            }
        }
        let ended = try reader.signed()
        return .change(revision, events, ended: ended == 0 ? nil : MetadataSessionID(ended))
    }

    private static func write(_ bytes: [UInt8], to writer: inout FieldWriter) {
        writer.number(UInt64(bytes.count))
        writer.raw(bytes)
    }

    private static func write(_ entry: MetadataEntry, to writer: inout FieldWriter) {
        self.write(entry.key.bytes, to: &writer)
        self.write(entry.value, to: &writer)
        writer.signed(entry.createRevision)
        writer.signed(entry.modRevision)
        writer.signed(entry.version)
        writer.signed(entry.session?.rawValue ?? 0)
    }

    /// Each element takes two bytes at least, so a damaged count cannot ask for more than is there.
    private static func count(_ reader: inout FieldReader) throws(MetadataError) -> Int {
        let count = try reader.number(as: Int.self)
        guard count <= reader.remaining / 2 else { throw FieldReader.truncated }
        return count
    }

    private static func bytes(_ reader: inout FieldReader) throws(MetadataError) -> [UInt8] {
        Array(try reader.take(reader.number(as: Int.self)))
    }

    private static func entry(_ reader: inout FieldReader) throws(MetadataError) -> MetadataEntry {
        let key = MetadataKey(bytes: try Self.bytes(&reader))
        let value = try Self.bytes(&reader)
        let createRevision = try reader.signed()
        let modRevision = try reader.signed()
        let version = try reader.signed()
        let session = try reader.signed()
        return MetadataEntry(
            key: key,
            value: value,
            createRevision: createRevision,
            modRevision: modRevision,
            version: version,
            session: session == 0 ? nil : MetadataSessionID(session)
        )
    }
}
