import NIOCore
import Testing

@testable import ServerTLS

@Suite struct PacedWritesTests {
    @Test func `pieces come in order and none is larger than asked for`() {
        var paced = PacedWrites()
        let nothing = (paced.isEmpty, paced.next(upTo: 10))
        #expect(nothing.0 && nothing.1 == nil)
        paced.append(ByteBuffer(string: "abcdefgh"))
        paced.append(ByteBuffer())
        paced.append(ByteBuffer(string: "ij"))
        let bytes = paced.bytes
        #expect(bytes == 10)
        var pieces: [String] = []
        while let piece = paced.next(upTo: 3) { pieces.append(String(buffer: piece)) }
        #expect(pieces == ["abc", "def", "gh", "ij"])
        let left = (paced.isEmpty, paced.bytes)
        #expect(left == (true, 0))
    }

    @Test func `nothing is left of a connection that is gone`() {
        var paced = PacedWrites()
        paced.append(ByteBuffer(string: "abc"))
        paced.removeAll()
        let left = (paced.isEmpty, paced.bytes)
        #expect(left == (true, 0))
    }
}
