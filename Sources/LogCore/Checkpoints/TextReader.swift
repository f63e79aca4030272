/// Lines of a small ASCII file and the numbers in them.
struct TextReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    /// The next line without its end; `nil` at the end of the text.
    mutating func line() -> ArraySlice<UInt8>? {
        guard !self.rest.isEmpty else { return nil }
        let end = self.rest.firstIndex(of: UInt8(ascii: "\n")) ?? self.rest.endIndex
        let line = self.rest[..<end]
        self.rest = end == self.rest.endIndex ? [] : self.rest[(end + 1)...]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    static func fields(_ line: ArraySlice<UInt8>) -> [String] {
        line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    }
}
