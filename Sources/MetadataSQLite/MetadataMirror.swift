internal import Glibc
internal import Metadata
internal import RecordBatch

/// The second copy of the metadata: a file of checksummed records that each commit appends to and forces to disk.
///
/// It is there because SQLite cannot tell that acknowledged commits are missing: a changed byte in its write-ahead log
/// ends the log there, without an error. `OpeningPlan` compares the two.
///
/// | bytes | |
/// | --- | --- |
/// | 8 | `MLRCMETA` |
/// | 4 | format, 1 |
/// | then records: 4 | length of the payload, big-endian; 0 ends the file's used part |
/// | 4 | CRC-32C of the payload, continued from the record before (the first: from 0) |
/// | n | payload: `MirrorRecord` |
///
/// Room is reserved in steps before the database commits, so that a full disk is noticed while nothing has changed;
/// what is reserved and not used is zero. The file is written again as one snapshot when the changes outgrow it.
///
/// Used on the database's queue alone.
struct MetadataMirror: ~Copyable {
    private static let magic = Array("MLRCMETA".utf8) + [0, 0, 0, 1]
    private static let recordHeaderBytes = 8
    private static let reserveStep = 256 << 10
    /// A larger file was not written by this program: the metadata is held in memory as well.
    private static let fileBytesMax = 1 << 30

    private let path: String
    private let file: CInt
    private var end: Int
    private var reservedEnd: Int
    private let snapshotBytes: Int
    private var checksum: UInt32

    /// Writes the file again: one snapshot, forced, under its name only when it is whole.
    init(path: String, contents: MetadataContents) throws(MetadataError) {
        let payload = MirrorRecord.snapshot(contents).encoded()
        let (record, checksum) = Self.frame(payload, after: 0)
        let bytes = Self.magic + record
        let temporary = path + ".new"
        let file = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Self.failure("open", temporary) }
        do throws(MetadataError) {
            let reserved = bytes.count + Self.reserveStep
            try Self.reserve(file, upTo: reserved, path: temporary)
            try Self.write(bytes, to: file, at: 0, path: temporary)
            guard fsync(file) == 0 else { throw Self.failure("fsync", temporary) }
            guard rename(temporary, path) == 0 else { throw Self.failure("rename", temporary) }
            try Self.synchronizeFolder(of: path)
            self.path = path
            self.file = file
            self.end = bytes.count
            self.reservedEnd = reserved
            self.snapshotBytes = bytes.count
            self.checksum = checksum
        } catch {
            close(file)
            unlink(temporary)
            throw error
        }
    }

    deinit { close(self.file) }

    /// Whether the changes outgrew the snapshot, so that it should be written again.
    var isOutgrown: Bool { self.end > 2 * self.snapshotBytes + (1 << 20) }

    /// Makes sure that a record with this payload fits, before anything is changed.
    ///
    /// - Throws: `.diskFull`.
    mutating func reserve(payloadBytes: Int) throws(MetadataError) {
        // The header of the next record stays zero, so that the end is seen.
        let needed = self.end + payloadBytes + 2 * Self.recordHeaderBytes
        guard needed > self.reservedEnd else { return }
        let wanted = needed + Self.reserveStep
        try Self.reserve(self.file, upTo: wanted, path: self.path)
        self.reservedEnd = wanted
    }

    /// Appends a record and forces it to disk.
    mutating func append(_ payload: [UInt8]) throws(MetadataError) {
        let (record, checksum) = Self.frame(payload, after: self.checksum)
        try Self.write(record, to: self.file, at: self.end, path: self.path)
        guard fdatasync(self.file) == 0 else { throw Self.failure("fdatasync", self.path) }
        self.end += record.count
        self.checksum = checksum
    }

    // MARK: Reading

    /// Reads a mirror that an earlier run left.
    static func read(_ path: String) throws(MetadataError) -> MetadataCopy {
        guard let bytes = try self.contents(of: path), !bytes.isEmpty else { return .missing }
        guard bytes.starts(with: Self.magic) else {
            return .damaged(reason: "\(path) does not begin as a copy of the metadata does")
        }
        var replay = MirrorReplay()
        var checksum: UInt32 = 0
        var position = Self.magic.count
        do throws(MetadataError) {
            while let payload = try Self.record(in: bytes, at: position, path: path) {
                let payloadChecksum = Self.checksum(payload, after: checksum)
                guard payloadChecksum == Self.number(bytes, at: position + 4) else {
                    throw MetadataError(.corrupt, "\(path): the record at byte \(position) fails its checksum")
                }
                try replay.apply(MirrorRecord(decoding: payload))
                checksum = payloadChecksum
                position = payload.endIndex
            }
        } catch {
            guard let contents = replay.contents else { return .damaged(reason: error.message) }
            return .wholeUpTo(contents, reason: error.message)
        }
        guard let contents = replay.contents else { return .damaged(reason: "\(path) has no records") }
        return .whole(contents)
    }

    /// The payload of the record at a position, or `nil` at the end of the used part.
    private static func record(
        in bytes: [UInt8],
        at position: Int,
        path: String
    ) throws(MetadataError) -> ArraySlice<UInt8>? {
        guard bytes.count - position >= Self.recordHeaderBytes else {
            if bytes[position...].allSatisfy({ $0 == 0 }) { return nil }
            throw MetadataError(.corrupt, "\(path): the file ends within a record's header")
        }
        let length = Int(Self.number(bytes, at: position))
        if length == 0 {
            guard bytes[position...].allSatisfy({ $0 == 0 }) else {
                throw MetadataError(.corrupt, "\(path): bytes follow the last record, at byte \(position)")
            }
            return nil
        }
        let start = position + Self.recordHeaderBytes
        guard length <= bytes.count - start else {
            throw MetadataError(.corrupt, "\(path): the record at byte \(position) is longer than the file")
        }
        return bytes[start..<(start + length)]
    }

    private static func number(_ bytes: [UInt8], at position: Int) -> UInt32 {
        bytes[position..<(position + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func contents(of path: String) throws(MetadataError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("open", path)
        }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        guard size >= 0, size <= Self.fileBytesMax else {
            throw MetadataError(.corrupt, "\(path): \(size) bytes are more than a copy of the metadata has")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var count = 0
        while count < size {
            let read = bytes.withUnsafeMutableBytes { target in
                pread(file, UnsafeMutableRawBufferPointer(rebasing: target[count...]).baseAddress, size - count, count)
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw Self.failure("read", path) }
            count += read
        }
        return bytes
    }

    // MARK: Writing

    private static func checksum(_ payload: ArraySlice<UInt8>, after previous: UInt32) -> UInt32 {
        payload.withUnsafeBytes { CRC32C.checksum($0, initial: previous) }
    }

    private static func frame(_ payload: [UInt8], after previous: UInt32) -> (record: [UInt8], checksum: UInt32) {
        let checksum = Self.checksum(payload[...], after: previous)
        var record: [UInt8] = []
        record.reserveCapacity(payload.count + Self.recordHeaderBytes)
        for number in [UInt32(payload.count), checksum] {
            for shift in stride(from: 24, through: 0, by: -8) {
                record.append(UInt8(truncatingIfNeeded: number >> UInt32(shift)))
            }
        }
        return (record + payload, checksum)
    }

    private static func reserve(_ file: CInt, upTo bytes: Int, path: String) throws(MetadataError) {
        while true {
            let code = posix_fallocate(file, 0, bytes)
            if code == 0 { return }
            if code == EINTR { continue }
            throw Self.failure("reserve room in", path, code)
        }
    }

    private static func write(
        _ bytes: [UInt8],
        to file: CInt,
        at position: Int,
        path: String
    ) throws(MetadataError) {
        var count = 0
        while count < bytes.count {
            let written = bytes.withUnsafeBytes { source in
                let rest = UnsafeRawBufferPointer(rebasing: source[count...])
                return pwrite(file, rest.baseAddress, rest.count, position + count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Self.failure("write", path) }
            count += written
        }
    }

    /// Forces the folder of a file, so that a new name in it survives a power cut.
    static func synchronizeFolder(of path: String) throws(MetadataError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let handle = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { throw Self.failure("open", folder) }
        defer { close(handle) }
        guard fsync(handle) == 0 else { throw Self.failure("fsync", folder) }
    }

    private static func failure(_ operation: String, _ path: String, _ code: CInt = errno) -> MetadataError {
        let isFull = code == ENOSPC || code == EDQUOT
        let reason = String(cString: strerror(code))
        return MetadataError(isFull ? .diskFull : .unavailable, "\(path): cannot \(operation): \(reason)")
    }
}
