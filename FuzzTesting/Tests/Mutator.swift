import NIOCore
import TestSupport

/// Changes well-formed inputs a little, the same way for the same seed.
struct Mutator {
    private var random: SeededGenerator
    private let seeds: [[UInt8]]

    init(seed: UInt64, _ seeds: [ByteBuffer]) {
        self.random = SeededGenerator(seed: seed)
        self.seeds = seeds.map(\.allBytes)
    }

    private static let interesting: [UInt64] = [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ]

    mutating func next() -> ByteBuffer {
        var bytes = self.seed()
        for _ in 0..<self.below(6) + 1 { self.change(&bytes) }
        return ByteBuffer(bytes: bytes)
    }

    private mutating func below(_ count: Int) -> Int { Int(self.random.next() % UInt64(max(1, count))) }

    private mutating func seed() -> [UInt8] { self.seeds[self.below(self.seeds.count)] }

    private mutating func change(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = self.seed()
            return
        }
        let at = self.below(bytes.count)
        let count = min(self.below(32) + 1, bytes.count - at)
        switch self.below(9) {
        case 0: bytes[at] ^= 1 << UInt8(self.below(8))
        case 1: bytes[at] = UInt8(truncatingIfNeeded: self.random.next())
        case 2: bytes.removeSubrange(at..<(at + count))
        case 3: bytes.insert(contentsOf: bytes[at..<(at + count)], at: self.below(bytes.count))
        case 4: bytes.insert(UInt8(truncatingIfNeeded: self.random.next()), at: at)
        case 5: bytes.removeLast(bytes.count - at)
        case 6:
            let other = self.seed()
            bytes = Array(bytes[..<at]) + other.suffix(self.below(other.count + 1))
        default: self.writeNumber(to: &bytes, at: at)
        }
    }

    /// A number at the edge of a type, in either byte order.
    private mutating func writeNumber(to bytes: inout [UInt8], at position: Int) {
        let value = Self.interesting[self.below(Self.interesting.count)]
        let width = [1, 2, 4, 8][self.below(4)]
        let isBig = self.below(4) != 0
        for index in 0..<min(width, bytes.count - position) {
            let shift = 8 * (isBig ? width - 1 - index : index)
            bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(shift))
        }
    }
}
