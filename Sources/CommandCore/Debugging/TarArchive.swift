/// A tar archive in memory, in POSIX's ustar format: what every tar reads.
///
/// | at | bytes | field |
/// | --- | --- | --- |
/// | 0 | 100 | name |
/// | 100, 108, 116 | 8 | mode, owner, group, in octal |
/// | 124 | 12 | size in octal |
/// | 136 | 12 | seconds since the epoch, in octal |
/// | 148 | 8 | checksum: the sum of all bytes of the header, these eight being blanks |
/// | 156 | 1 | `0`, a file |
/// | 257 | 8 | `ustar`, 0, `00` |
package struct TarArchive: Sendable {
    private static let blockBytes = 512

    private var blocks: [UInt8] = []
    private let seconds: Int64

    /// - Parameter seconds: since the epoch: the time of all files.
    package init(seconds: Int64) { self.seconds = max(0, seconds) }

    /// Adds a file that its owner can read.
    ///
    /// - Parameter name: a relative path of at most 100 bytes.
    package mutating func add(_ name: String, _ contents: some Collection<UInt8>) {
        precondition(!name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix("/"))
        var header = [UInt8](repeating: 0, count: Self.blockBytes)
        func put(_ text: String, at position: Int) {
            for (index, byte) in text.utf8.enumerated() { header[position + index] = byte }
        }
        func octal(_ value: Int64, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0)
        put(octal(0o600, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(Int64(contents.count), digits: 11), at: 124)
        put(octal(self.seconds, digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, digits: 6), at: 148)
        header[154] = 0
        self.blocks += header
        self.blocks += contents
        let rest = contents.count % Self.blockBytes
        if rest > 0 { self.blocks += [UInt8](repeating: 0, count: Self.blockBytes - rest) }
    }

    /// The whole archive: it ends with two empty blocks.
    package var bytes: [UInt8] { self.blocks + [UInt8](repeating: 0, count: 2 * Self.blockBytes) }
}
