internal import NIOCore

/// Record values that a codec can shrink to about 60 %: 16 random letters and digits, 16 bytes that repeat, and so on.
///
/// The same seed gives the same bytes, so that two runs send the same.
struct SampleBytes {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_".utf8)
    private static let filler = Array("{\"load\":\"bench\"}".utf8)

    /// SplitMix64's state.
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    private mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func bytes(count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 32)
        while result.count < count {
            for _ in 0..<2 {
                var word = self.next()
                for _ in 0..<8 {
                    result.append(Self.alphabet[Int(word & 63)])
                    word >>= 6
                }
            }
            result.append(contentsOf: Self.filler)
        }
        result.removeLast(result.count - count)
        return result
    }
}
