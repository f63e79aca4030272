internal import RecordBatch

/// The second file of a checkpoint that Kafka's tools read: the same bytes with a checksum, which Kafka's format lacks.
/// A changed digit in the first file would be believed otherwise.
///
/// Text: version line `1`, the CRC-32C, in decimal digits, of the checkpoint's name, a zero byte and what follows, and
/// then the checkpoint as it is. The name is in it because the copy of another checkpoint is sound too.
package enum CheckedCopy {
    /// The copy's name.
    package static func name(of checkpoint: String) -> String { checkpoint + ".checked" }

    /// The checkpoint that a file belongs to, itself or its copy.
    package static func checkpoint(of file: String) -> String {
        file.hasSuffix(".checked") ? String(file.dropLast(".checked".count)) : file
    }

    package static func encode(_ bytes: [UInt8], of checkpoint: String) -> [UInt8] {
        Array("1\n\(Self.checksum(bytes[...], checkpoint))\n".utf8) + bytes
    }

    /// The checkpoint's bytes; `nil` when they are not as they were written.
    package static func decode(_ bytes: [UInt8], of checkpoint: String) -> [UInt8]? {
        var reader = TextReader(bytes)
        guard reader.line().map({ Array($0) }) == Array("1".utf8), let line = reader.line(),
            let checksum = UInt32(String(decoding: line, as: UTF8.self)), line.endIndex < bytes.endIndex
        else { return nil }
        let contents = bytes[(line.endIndex + 1)...]
        return Self.checksum(contents, checkpoint) == checksum ? Array(contents) : nil
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>, _ name: String) -> UInt32 {
        (Array(name.utf8) + [0] + bytes).withUnsafeBytes { CRC32C.checksum($0) }
    }
}

extension OffsetCheckpoint {
    /// What the two files of a checkpoint come to.
    package enum Reading: Sendable, Equatable {
        /// There is neither.
        case missing
        case sound(OffsetCheckpoint)
        /// Kafka's file alone, whole as far as its form tells: of an import, or of an earlier version.
        case unchecked(OffsetCheckpoint)
        /// One of the two files is not as it was written; the other one serves.
        case mended(OffsetCheckpoint, Flaw)
        /// Neither can be used.
        case lost

        package struct Flaw: Sendable, Equatable {
            package var file: String
            package var reason: String

            package init(file: String, reason: String) {
                self.file = file
                self.reason = reason
            }
        }

        /// One or both of the files are not as they were written.
        package var isDamaged: Bool {
            switch self {
            case .missing, .sound, .unchecked: false
            case .mended, .lost: true
            }
        }

        /// The files are to be written at the next checkpoint.
        package var needsWriting: Bool {
            if case .unchecked = self { return true }
            return self.isDamaged
        }

        package var offsets: OffsetCheckpoint {
            switch self {
            case .missing, .lost: OffsetCheckpoint()
            case .sound(let offsets), .unchecked(let offsets), .mended(let offsets, _): offsets
            }
        }
    }

    /// The copy, which is put into place first, counts where the two differ: a crash between the two leaves the newer
    /// one in it.
    ///
    /// - Parameters:
    ///   - name: of Kafka's file.
    ///   - file: its bytes; `nil` when it is not there.
    ///   - copy: the bytes of its checked copy.
    package static func read(_ name: String, file: [UInt8]?, copy: [UInt8]?) -> Reading {
        let plain = file.flatMap { OffsetCheckpoint(decoding: $0) }
        let contents = copy.flatMap { CheckedCopy.decode($0, of: name) }
        if let contents, let checked = OffsetCheckpoint(decoding: contents) {
            if file == contents { return .sound(checked) }
            let reason = file == nil ? "the file is missing" : "the file differs from its checked copy"
            return .mended(checked, Reading.Flaw(file: name, reason: reason))
        }
        guard copy != nil else {
            if file == nil { return .missing }
            return plain.map { .unchecked($0) } ?? .lost
        }
        let flaw = Reading.Flaw(file: CheckedCopy.name(of: name), reason: "the copy fails its checksum")
        return plain.map { .mended($0, flaw) } ?? .lost
    }
}
