import TestSupport
import Testing
import Text

/// Against RFC 4648 carried out three bytes at a time.
@Suite struct Base64Tests {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private func definition(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let padded = Array(group) + [0, 0]
            let bits = UInt32(padded[0]) << 16 | UInt32(padded[1]) << 8 | UInt32(padded[2])
            for position in 0..<4 {
                let sextet = Int(bits >> UInt32(18 - 6 * position)) & 63
                text.append(position <= group.count ? Self.alphabet[sextet] : UInt8(ascii: "="))
            }
        }
        return text
    }

    private func encoded(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Base64.encodedCount(of: bytes.count)) { target, count in
            count = bytes.withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
    }

    /// What `decodeRun` reads and writes, with bytes behind its room that must stay as they are.
    private func run(_ text: [UInt8]) -> (read: Int, bytes: [UInt8]) {
        let room = text.count / 4 * 3 + 8
        var target = [UInt8](repeating: 0xA5, count: room + 16)
        let (read, written) = text.withUnsafeBytes { source in
            target.withUnsafeMutableBytes {
                Base64.decodeRun(source, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room]))
            }
        }
        #expect(target[room...].allSatisfy { $0 == 0xA5 })
        return (read, Array(target[..<written]))
    }

    @Test func `bytes of any length become what the definition says, and back`() {
        var generator = SeededGenerator(seed: 4648)
        for count in Array(0...200) + [1023, 1024, 1025, 65_535] {
            for _ in 0..<8 {
                let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
                let text = self.encoded(bytes)
                #expect(text == self.definition(bytes))
                #expect(Base64.decode(text) == bytes)
            }
        }
    }

    @Test func `a run ends at the first block with a byte outside the alphabet, wherever it is`() {
        let plain = (0..<100).map { Self.alphabet[($0 * 7 + 3) % 64] }
        for position in 0..<100 {
            for byte in UInt8.min...UInt8.max {
                var text = plain
                text[position] = byte
                let (read, bytes) = self.run(text)
                #expect(read == (Self.alphabet.contains(byte) ? 100 : position / 4 * 4))
                #expect(self.definition(bytes) == Array(text[..<read]))
            }
        }
    }

    @Test func `a run of any length is decoded to its last whole block`() {
        var generator = SeededGenerator(seed: 4)
        for count in 0...200 {
            let text = (0..<count).map { _ in Self.alphabet[Int.random(in: 0..<64, using: &generator)] }
            let (read, bytes) = self.run(text)
            #expect(read == count / 4 * 4)
            #expect(self.definition(bytes) == Array(text[..<read]))
        }
    }
}
